import Glibc

/// An operation on a file of this machine that failed, said with the path.
public struct FileError: Error, Equatable, CustomStringConvertible {
    /// What was tried, such as `read`.
    public let action: String
    /// As it was given.
    public let path: String
    /// A number of errno(3).
    public let code: Int32

    package init(action: String, path: String, code: Int32) {
        self.action = action
        self.path = path
        self.code = code
    }

    /// For people.
    public var description: String { "could not \(action) \(path): \(String(cString: strerror(code)))" }
}
