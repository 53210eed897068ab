import FoundationEssentials
import GRDB
import Glibc

/// Verifies that `secret.key` is the key that the database's values were sealed with. With another key boxd would
/// start, and then fail each request that needs a sealed value.
package struct KeyCheck {
    private static let text = "boxd"
    /// Values per column. It is enough that one of them opens, because an earlier boxd could replace its key.
    private static let samples = 20

    package let database: Database
    package let path: String

    package init(_ database: Database, keyFile: String) { (self.database, path) = (database, keyFile) }

    /// Returns the sealer, and creates its key where nothing was sealed yet.
    ///
    /// - Parameter forgetsSealed: whether to remove the sealed values instead of throwing when the key doesn't open
    ///   them.
    /// - Throws: ``StartupError`` when the key file is missing or isn't the right one.
    package func sealer(forgetsSealed: Bool = false) throws -> Sealer {
        if access(path, F_OK) != 0, try hasSealed() {
            guard forgetsSealed else { throw refusal("is missing") }
            try forgetSealed()
        }
        let sealer = try Sealer(keyFile: path)
        if try !fits(sealer) {
            guard forgetsSealed else { throw refusal("is not the one") }
            try forgetSealed()
        }
        try record(sealer)
        return sealer
    }

    private func refusal(_ what: String) -> StartupError {
        StartupError(
            what == "is missing"
                ? "the key file \(path) is missing, and the database has values that were sealed with it: \(Self.remedy)"
                : "the key file \(path) is not the one that the database's values were sealed with: \(Self.remedy)")
    }

    private static let remedy =
        "restore secret.key from the backup that the database is from, or start once with --forget-secrets, "
        + "which removes the secrets, provider keys, GitHub tokens and boxes' variables that it sealed"

    // MARK: Sealed values

    private static let columns = [
        ("secrets", "sealed"), ("githubAccess", "sealedToken"), ("agentProvider", "sealedKey"), ("box", "environment"),
    ]

    private func values() throws -> [Data] {
        try database.pool.read { database in
            try Self.columns.flatMap { table, column in
                try Data.fetchAll(
                    database,
                    sql: "SELECT \(column) FROM \(table) WHERE \(column) IS NOT NULL LIMIT \(Self.samples)")
            }
        }
    }

    private func check() throws -> Data? { try database.pool.read { try Facts.data(.keyCheck, in: $0) } }

    private func hasSealed() throws -> Bool { try check() != nil || !values().isEmpty }

    private func fits(_ sealer: Sealer) throws -> Bool {
        if let check = try check() { return (try? sealer.open(check)) == Self.text }
        let values = try values()
        return values.isEmpty || values.contains { (try? sealer.open($0)) != nil }
    }

    private func record(_ sealer: Sealer) throws {
        guard try check() == nil else { return }
        let sealed = try sealer.seal(Self.text)
        try database.pool.write { try Facts.set(.keyCheck, sealed, in: $0) }
    }

    private func forgetSealed() throws {
        try database.pool.write { database in
            for (table, column) in Self.columns {
                try database.execute(
                    sql: table == "box" ? "UPDATE box SET \(column) = NULL" : "DELETE FROM \(table)")
            }
            try Facts.set(.keyCheck, nil, in: database)
        }
    }
}
