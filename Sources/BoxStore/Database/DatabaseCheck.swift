import BoxModel
import FoundationEssentials
import GRDB
import Glibc

/// Checks that refuse to start with a damaged database, or with one that isn't this server's.
extension Database {
    /// Opens the database of a data directory, and creates it in a new one.
    ///
    /// - Throws: ``StartupError`` also when the data directory had a database that is missing or empty now.
    package convenience init(_ directory: DataDirectory) throws {
        try Self.requirePresence(directory)
        try self.init(path: directory.database)
    }

    /// Refuses a missing database where other files show that there was one. A new database would lose every box.
    private static func requirePresence(_ files: DataDirectory) throws {
        let (path, directory) = (files.database, files.path)
        var status = stat()
        let isThere = stat(path, &status) == 0
        guard !isThere || status.st_size == 0 else { return }
        let boxes = (try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/boxes")) ?? []
        let hasKey = access(files.keyFile, F_OK) == 0
        guard hasKey || !boxes.isEmpty else { return }
        let remains = [hasKey ? "secret.key" : nil, boxes.isEmpty ? nil : "boxes"].compactMap { $0 }
        throw StartupError(
            "the database \(path) is \(isThere ? "empty" : "missing"), but \(directory) has \(remains.joined(separator: " and ")) of "
                + "a server that had one: \(restore). to begin with a new server, move \(remains.joined(separator: " and ")) out of "
                + "\(directory) first")
    }

    /// - Throws: ``StartupError`` when a newer boxd has changed the schema.
    static func requireKnownSchema(_ database: GRDB.Database, _ path: String) throws {
        guard try Schema.migrator.hasBeenSuperseded(database) else { return }
        let maker = try Facts.string(.version, in: database).map { "boxd \($0)" }
        throw StartupError(
            "the database \(path) was last used by a newer boxd\(maker.map { " (\($0))" } ?? ""), and this one, "
                + "\(ProductVersion.current), doesn't know its schema: install \(maker ?? "that boxd") or a newer one, or restore "
                + "the data directory from a backup of before the upgrade (Docs/Running.md, \"Backups\")")
    }

    /// Checks the whole file. It takes about a second per gigabyte.
    ///
    /// - Throws: ``StartupError`` when it is damaged.
    package func requireWhole() throws {
        let found: String?
        do { found = try pool.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") } } catch let error
            as DatabaseError where Self.isDamaged(error)
        { found = "\(error)" }
        if let found, found != "ok" { throw StartupError(Self.damage(pool.path, found)) }
    }

    static func isDamaged(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    }

    static func damage(_ path: String, _ found: String) -> String {
        "the database \(path) is damaged (\(found.prefix(200))): \(restore)"
    }

    private static let restore =
        "stop boxd and restore it from a backup of the data directory (Docs/Running.md, \"Backups\")"
}

/// Facts that a database stores about itself, by name.
enum Facts: String {
    static let table = "fact"

    /// The version of the boxd that used the database last.
    case version
    /// A known text that is sealed with the server's key.
    case keyCheck

    static func data(_ name: Facts, in database: GRDB.Database) throws -> Data? {
        guard try database.tableExists(table) else { return nil }
        return try Data.fetchOne(database, sql: "SELECT value FROM fact WHERE name = ?", arguments: [name.rawValue])
    }

    static func string(_ name: Facts, in database: GRDB.Database) throws -> String? {
        try data(name, in: database).map { String(decoding: $0, as: UTF8.self) }
    }

    static func set(_ name: Facts, _ value: Data?, in database: GRDB.Database) throws {
        guard let value else {
            return try database.execute(sql: "DELETE FROM fact WHERE name = ?", arguments: [name.rawValue])
        }
        try database.execute(
            sql: "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", arguments: [name.rawValue, value])
    }

    static func recordVersion(in pool: DatabasePool) throws {
        guard try pool.read({ try string(.version, in: $0) }) != ProductVersion.current else { return }
        try pool.write { try set(.version, Data(ProductVersion.current.utf8), in: $0) }
    }
}
