import BoxModel
import GRDB

/// An account's access to GitHub, or to a server with GitHub's API.
package struct GitHubAccess: Sendable {
    package static let standardURL = "https://api.github.com"

    package let token: String
    /// The API's base, without a slash at its end.
    package let apiURL: String

    package init(token: String, apiURL: String) {
        (self.token, self.apiURL) = (token, apiURL)
    }
}

/// The accounts' GitHub tokens, sealed.
package struct GitHubStore: Sendable {
    package let database: Database
    package let sealer: Sealer

    package init(database: Database, sealer: Sealer) {
        (self.database, self.sealer) = (database, sealer)
    }

    /// - Returns: nil when the account has no token. `isSynced` is whether its repositories were ever fetched.
    package func access(of account: String) async throws -> (access: GitHubAccess, isSynced: Bool)? {
        try await database.pool.read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM githubAccess WHERE accountID = ?", arguments: [account])
            guard let row else { return nil }
            let access = GitHubAccess(token: try sealer.open(row["sealedToken"]), apiURL: row["apiURL"])
            return (access, row["syncedAt"] as Int64? != nil)
        }
    }

    package func set(_ access: GitHubAccess, of account: String) async throws {
        let sealed = try sealer.seal(access.token)
        try await database.write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO githubAccess (accountID, sealedToken, apiURL) VALUES (?, ?, ?)",
                arguments: [account, sealed, access.apiURL])
        }
    }

    package func recordSync(of account: String) async throws {
        try await database.write {
            try $0.execute(
                sql: "UPDATE githubAccess SET syncedAt = ? WHERE accountID = ?",
                arguments: [Timestamp.now.milliseconds, account])
        }
    }

    /// - Returns: whether the account had a token.
    package func remove(of account: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM githubAccess WHERE accountID = ?", arguments: [account])
            return database.changesCount > 0
        }
    }
}
