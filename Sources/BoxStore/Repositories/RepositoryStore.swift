import BoxModel
import FoundationEssentials
import GRDB

/// The repositories in the database. Every method is one transaction.
package struct RepositoryStore: Sendable {
    package let database: Database

    package init(database: Database) {
        self.database = database
    }

    /// The repositories that a list contains.
    package struct Filter: Sendable {
        /// A part of the full name. Case is ignored.
        package var text: String?
        /// True for the selected repositories only, false for the others only.
        package var isSelected: Bool?

        package init(text: String? = nil, isSelected: Bool? = nil) {
            (self.text, self.isSelected) = (text, isSelected)
        }
    }

    /// One page of an account's repositories, ordered by their last push.
    package func page(_ page: PageRequest, _ filter: Filter, account: String) async throws -> (
        rows: [RepositoryRow], hasMore: Bool
    ) {
        var query = PageQuery(by: "pushedAt")
        query.require("accountID = ?", [account])
        if let text = filter.text { query.require("instr(lower(fullName), lower(?)) > 0", [text]) }
        if let isSelected = filter.isSelected {
            query.require("id \(isSelected ? "" : "NOT ")IN (SELECT repositoryID FROM selection)")
        }
        return try await database.pool.read { [query] in try query.fetch(page, in: $0) }
    }

    package func all(of account: String) async throws -> [RepositoryRow] {
        try await database.pool.read {
            try RepositoryRow.filter(Column("accountID") == account).order(Column("fullName")).fetchAll($0)
        }
    }

    /// The repositories that are cloned into new boxes, in the order of their selection.
    package func selected(by account: String) async throws -> [SelectedRepository] {
        try await database.pool.read { try Self.selected(by: account, in: $0) }
    }

    package static func selected(by account: String, in database: GRDB.Database) throws -> [SelectedRepository] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT repository.*, selection.baseBranch FROM selection JOIN repository ON repository.id = repositoryID
                WHERE repository.accountID = ? ORDER BY selection.rowid
                """, arguments: [account]
        ).map { SelectedRepository(row: try RepositoryRow(row: $0), baseBranch: $0["baseBranch"]) }
    }

    /// - Returns: false when the account has no such repository.
    package func select(_ id: String, baseBranch: String?, account: String) async throws -> Bool {
        try await database.write { database in
            guard try Self.find(id, account, in: database) != nil else { return false }
            try database.execute(
                sql: """
                    INSERT INTO selection (repositoryID, baseBranch) VALUES (?, ?)
                    ON CONFLICT (repositoryID) DO UPDATE SET baseBranch = excluded.baseBranch
                    """, arguments: [id, baseBranch])
            return true
        }
    }

    /// - Returns: false when the account has no such repository.
    package func unselect(_ id: String, account: String) async throws -> Bool {
        try await database.write { database in
            guard try Self.find(id, account, in: database) != nil else { return false }
            try database.execute(sql: "DELETE FROM selection WHERE repositoryID = ?", arguments: [id])
            return true
        }
    }

    private static func find(_ id: String, _ account: String, in database: GRDB.Database) throws -> RepositoryRow? {
        try RepositoryRow.filter(Column("id") == id && Column("accountID") == account).fetchOne(database)
    }

    // MARK: Inventory

    /// Inserts a repository, or changes the one of the same source and name, which keeps its id and selection.
    package func insert(_ row: RepositoryRow) async throws -> RepositoryRow {
        try await database.write { try Self.insert(row, in: $0) }
    }

    private static func insert(_ row: RepositoryRow, in database: GRDB.Database) throws -> RepositoryRow {
        let earlier = try RepositoryRow.filter(
            Column("accountID") == row.accountID && Column("source") == row.source.rawValue
                && Column("fullName") == row.fullName
        ).fetchOne(database)
        var row = row
        if let earlier { row.id = earlier.id }
        try row.save(database)
        return row
    }

    /// Stores what GitHub reported.
    ///
    /// - Parameter removingOthers: whether the account's other GitHub repositories are removed, with their selection.
    package func updateGitHub(_ rows: [RepositoryRow], account: String, removingOthers: Bool) async throws {
        try await database.write { database in
            let kept = Set(try rows.map { try Self.insert($0, in: database).id })
            guard removingOthers else { return }
            let known = try RepositoryRow.filter(
                Column("accountID") == account && Column("source") == RepositoryRow.Source.github.rawValue
            ).fetchAll(database)
            for row in known where !kept.contains(row.id) { try row.delete(database) }
        }
    }

    /// - Returns: whether the account had such a repository.
    package func remove(_ id: String, account: String) async throws -> Bool {
        try await database.write { database in
            try Self.find(id, account, in: database)?.delete(database) ?? false
        }
    }

    /// The repositories with these ids that still exist.
    package func find(_ ids: [String]) async throws -> [SelectedRepository] {
        try await database.pool.read { database in
            try ids.compactMap { id in
                try Row.fetchOne(
                    database,
                    sql: """
                        SELECT repository.*, selection.baseBranch FROM repository
                        LEFT JOIN selection ON repositoryID = repository.id WHERE repository.id = ?
                        """, arguments: [id]
                ).map { SelectedRepository(row: try RepositoryRow(row: $0), baseBranch: $0["baseBranch"]) }
            }
        }
    }
}
