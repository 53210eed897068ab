import GRDB

extension KeyStore {
    /// The keys of one account, or of all when `login` is nil, ordered by account and age.
    package func list(login: String?) async throws -> [KeySummary] {
        try await database.pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT apiKey.*, account.login FROM apiKey JOIN account ON account.id = accountID
                    WHERE ? IS NULL OR account.login = ? ORDER BY account.login, apiKey.createdAt, apiKey.id
                    """, arguments: [login, login]
            ).map { KeySummary(row: try APIKeyRow(row: $0), login: $0["login"]) }
        }
    }

    /// - Returns: whether there was such a key.
    package func delete(_ id: String) async throws -> Bool {
        try await database.write { try APIKeyRow.deleteOne($0, key: id) }
    }
}
