import GRDB

/// The tables, built by migrations. A released migration never changes.
enum Schema {
    /// The SQL condition of a prompt event that hasn't ended. The index `openPrompt` contains these.
    static let isOpenPrompt = "type = 'prompt' AND json_extract(data, '$.status') IN ('queued', 'running')"

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 accounts, keys, boxes") { database in
            try database.create(table: "account") { table in
                table.primaryKey("id", .text)
                table.column("login", .text).notNull().unique()
                table.column("email", .text).notNull()
                table.column("createdAt", .integer).notNull()
            }
            try database.create(table: "apiKey") { table in
                table.primaryKey("id", .text)
                table.column("accountID", .text).notNull().indexed().references("account", onDelete: .cascade)
                table.column("name", .text).notNull()
                table.column("hash", .blob).notNull().unique()
                table.column("prefix", .text).notNull()
                table.column("lastFour", .text).notNull()
                table.column("createdAt", .integer).notNull()
                table.column("lastUsedAt", .integer)
            }
            try database.create(table: "box") { table in
                table.primaryKey("id", .text)
                table.column("accountID", .text).notNull().references("account")
                table.column("name", .text).notNull()
                table.column("state", .text).notNull()
                table.column("type", .text).notNull()
                table.column("archiveAfter", .integer)
                table.column("ip", .text)
                table.column("environment", .blob)
                table.column("noEnv", .boolean).notNull()
                table.column("forkedFrom", .text)
                table.column("snapshotCompletedAt", .integer)
                table.column("errorMessage", .text)
                table.column("isDeleting", .boolean).notNull()
                table.column("createdAt", .integer).notNull()
                table.column("updatedAt", .integer).notNull()
            }
            try database.create(index: "boxByAccount", on: "box", columns: ["accountID", "createdAt", "id"])
            try database.create(index: "boxByExpiry", on: "box", columns: ["archiveAfter"])
            try database.create(table: "boxKey") { table in
                table.column("boxID", .text).notNull().references("box", onDelete: .cascade)
                table.column("line", .text).notNull()
                table.primaryKey(["boxID", "line"])
            }
            try database.create(table: "creation") { table in
                table.autoIncrementedPrimaryKey("id")
                table.column("accountID", .text).notNull()
                table.column("at", .integer).notNull()
            }
            try database.create(index: "creationByAccount", on: "creation", columns: ["accountID", "at"])
            try database.create(table: "idempotency") { table in
                table.column("accountID", .text).notNull()
                table.column("key", .text).notNull()
                table.column("requestHash", .blob).notNull()
                table.column("boxID", .text)
                table.column("createdAt", .integer).notNull()
                table.primaryKey(["accountID", "key"])
            }
            try database.create(table: "deletionOperation") { table in
                table.primaryKey("id", .text)
                table.column("accountID", .text).notNull()
                table.column("targetID", .text).notNull()
                table.column("requestedAt", .integer).notNull()
                table.column("completedAt", .integer)
            }
        }
        migrator.registerMigration("2 events") { database in
            try database.create(table: "event") { table in
                table.column("boxID", .text).notNull().references("box", onDelete: .cascade)
                table.column("id", .text).notNull()
                table.column("timestamp", .integer).notNull()
                table.column("type", .text).notNull()
                table.column("taskID", .text)
                table.column("data", .text).notNull()
                table.column("revision", .integer).notNull().unique()
                table.primaryKey(["boxID", "id"])
            }
            try database.create(index: "eventInOrder", on: "event", columns: ["boxID", "timestamp", "id"])
            try database.create(index: "eventByRevision", on: "event", columns: ["boxID", "revision"])
        }
        migrator.registerMigration("3 account limits") { database in
            try database.alter(table: "account") { table in
                table.add(column: "maxBoxes", .integer)
                table.add(column: "maxPerMinute", .integer)
                table.add(column: "maxPerDay", .integer)
                table.add(column: "isRemoving", .boolean).notNull().defaults(to: false)
            }
        }
        migrator.registerMigration("4 secrets, repositories", migrate: Self.addSecretsAndRepositories)
        migrator.registerMigration("5 agents", migrate: Self.addAgents)
        migrator.registerMigration("6 disk use") { database in
            try database.alter(table: "box") { table in
                table.add(column: "diskUsed", .integer)
                table.add(column: "diskLimit", .integer)
            }
        }
        migrator.registerMigration("7 indexes of what is removed with time") { database in
            // Each creation and deletion of a box deletes rows that are too old.
            try database.create(index: "creationByTime", on: "creation", columns: ["at"])
            try database.create(index: "idempotencyByTime", on: "idempotency", columns: ["createdAt"])
            try database.create(index: "deletionByTime", on: "deletionOperation", columns: ["completedAt"])
            try database.create(index: "deletionByTarget", on: "deletionOperation", columns: ["targetID"])
        }
        migrator.registerMigration("8 nested namespaces") { database in
            try database.alter(table: "account") { $0.add(column: "allowsNested", .boolean) }
        }
        migrator.registerMigration("9 facts") { database in
            try database.create(table: Facts.table) { table in
                table.primaryKey("name", .text)
                table.column("value", .blob).notNull()
            }
        }
        return migrator
    }

    private static func addSecretsAndRepositories(to database: GRDB.Database) throws {
        try database.create(table: "secrets") { table in
            table.primaryKey("accountID", .text).references("account", onDelete: .cascade)
            table.column("sealed", .blob).notNull()
            table.column("updatedAt", .integer).notNull()
        }
        try database.create(table: "repository") { table in
            table.primaryKey("id", .text)
            table.column("accountID", .text).notNull().references("account", onDelete: .cascade)
            table.column("source", .text).notNull()
            table.column("url", .text).notNull()
            table.column("fullName", .text).notNull()
            table.column("githubID", .integer)
            table.column("isPrivate", .boolean).notNull()
            table.column("permissions", .text)
            table.column("avatarURL", .text)
            table.column("ownerType", .text)
            table.column("defaultBranch", .text)
            table.column("pushedAt", .integer).notNull()
            table.uniqueKey(["accountID", "source", "fullName"])
        }
        try database.create(index: "repositoryInOrder", on: "repository", columns: ["accountID", "pushedAt", "id"])
        try database.create(table: "selection") { table in
            table.autoIncrementedPrimaryKey("rowid")
            table.column("repositoryID", .text).notNull().unique().references("repository", onDelete: .cascade)
            table.column("baseBranch", .text)
        }
        try database.create(table: "githubAccess") { table in
            table.primaryKey("accountID", .text).references("account", onDelete: .cascade)
            table.column("sealedToken", .blob).notNull()
            table.column("apiURL", .text).notNull()
            table.column("syncedAt", .integer)
        }
        try database.alter(table: "box") { table in
            table.add(column: "deliveredFiles", .text).notNull().defaults(to: "[]")
            table.add(column: "pendingRepositories", .text).notNull().defaults(to: "[]")
            table.add(column: "warnings", .text).notNull().defaults(to: "[]")
        }
    }

    private static func addAgents(to database: GRDB.Database) throws {
        try database.create(table: "agentProvider") { table in
            table.column("accountID", .text).notNull().references("account", onDelete: .cascade)
            table.column("name", .text).notNull()
            table.column("sealedKey", .blob).notNull()
            table.column("keyLastFour", .text).notNull()
            table.column("baseURL", .text)
            table.column("model", .text)
            table.column("reasoningEffort", .text)
            table.column("isDefault", .boolean).notNull()
            table.column("updatedAt", .integer).notNull()
            table.primaryKey(["accountID", "name"])
        }
        try database.create(table: "agentSession") { table in
            table.column("boxID", .text).notNull().references("box", onDelete: .cascade)
            table.column("provider", .text).notNull()
            table.column("sessionID", .text).notNull()
            table.primaryKey(["boxID", "provider"])
        }
        // A box's queue is its prompts that haven't ended.
        try database.execute(
            sql: "CREATE INDEX openPrompt ON event (boxID, timestamp) WHERE \(isOpenPrompt)")
    }
}
