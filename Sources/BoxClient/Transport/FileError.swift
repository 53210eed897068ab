import BoxSystem
import Glibc

/// A failed operation on a local file, with the path.
public struct FileError: Error, Equatable, CustomStringConvertible {
    /// The operation, such as `read`.
    public let action: String
    /// The path, as it was given.
    public let path: String
    /// A number of errno(3).
    public let code: Int32

    package init(action: String, path: String, code: Int32) {
        self.action = action
        self.path = path
        self.code = code
    }

    /// A message for people.
    public var description: String { "could not \(action) \(path): \(errnoText(code))" }
}
