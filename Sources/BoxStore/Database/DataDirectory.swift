/// The paths of a server's files. Only root can read the directory.
package struct DataDirectory: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    package var database: String { "\(path)/boxd.sqlite" }
    /// The key that the database's confidential values are sealed with.
    package var keyFile: String { "\(path)/secret.key" }
    /// Emptied when boxd starts.
    package var scratch: String { "\(path)/scratch" }
}
