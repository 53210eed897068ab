/// Where a server keeps its files. Readable by root only.
package struct DataDirectory: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    package var database: String { "\(path)/boxd.sqlite" }
    /// What opens the values that are sealed in the database.
    package var keyFile: String { "\(path)/secret.key" }
    /// Emptied when boxd starts.
    package var scratch: String { "\(path)/scratch" }
}
