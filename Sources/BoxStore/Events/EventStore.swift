import BoxModel
import GRDB

/// Something that happened in a box, as the database stores it.
package struct EventRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "event"

    package var boxID: String
    package var id: String
    /// Milliseconds since the epoch. Unique among the events of a box, so that a cursor never skips one.
    package var timestamp: Int64
    package var type: String
    /// The prompt that the event belongs to.
    var taskID: String?
    /// A JSON object.
    package var data: String
    /// Grows with every change of any event.
    package var revision: Int64

    /// The object that the API shows.
    package var json: JSON {
        var object: JSONObject = ["id": .string(id), "type": .string(type), "timestamp": JSON(timestamp)]
        if let taskID { object["taskId"] = .string(taskID) }
        object["data"] = (try? JSON.parse(data)) ?? .object(JSONObject())
        return .object(object)
    }
}

/// An event that isn't inserted yet.
package struct NewEvent: Sendable, Equatable {
    package var id: String
    package var type: String
    package var data: JSON

    package init(id: String, type: String, data: JSON) {
        (self.id, self.type, self.data) = (id, type, data)
    }
}

/// The events in the database. Every method is one transaction.
package struct EventStore: Sendable {
    package let database: Database

    package init(database: Database) {
        self.database = database
    }

    /// Appends an event. Its timestamp is after all others of its box.
    package func append(box: String, id: String, type: String, task: String?, data: JSON) async throws -> EventRow {
        try await database.write {
            try Self.append(NewEvent(id: id, type: type, data: data), to: box, task: task, in: $0)
        }
    }

    @discardableResult
    package static func append(_ event: NewEvent, to box: String, task: String?, in database: GRDB.Database) throws
        -> EventRow
    {
        let last = try Int64.fetchOne(
            database, sql: "SELECT MAX(timestamp) FROM event WHERE boxID = ?", arguments: [box])
        let row = EventRow(
            boxID: box, id: event.id, timestamp: max(Timestamp.now.milliseconds, (last ?? 0) + 1), type: event.type,
            taskID: task, data: event.data.compact, revision: try nextRevision(database))
        try row.insert(database)
        return row
    }

    /// Replaces an event's data. Its position in the list stays.
    package func update(box: String, id: String, data: JSON) async throws {
        try await database.write { try Self.update(box: box, id: id, data: data, in: $0) }
    }

    package static func update(box: String, id: String, data: JSON, in database: GRDB.Database) throws {
        try update(box: box, id: id, data: data.compact, in: database)
    }

    /// - Parameter data: the text of a JSON object.
    package static func update(box: String, id: String, data: String, in database: GRDB.Database) throws {
        try database.execute(
            sql: "UPDATE event SET data = ?, revision = ? WHERE boxID = ? AND id = ?",
            arguments: [data, try nextRevision(database), box, id])
    }

    package func find(_ id: String, box: String, type: String) async throws -> EventRow? {
        try await database.pool.read { database in
            try EventRow.filter(sql: "boxID = ? AND id = ? AND type = ?", arguments: [box, id, type]).fetchOne(database)
        }
    }

    private static func nextRevision(_ database: GRDB.Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT COALESCE(MAX(revision), 0) + 1 FROM event") ?? 1
    }

    /// The revision of the box's last change: 0 before its first event, nil when the box is gone or is being deleted.
    package func revision(of box: String) async throws -> Int64? {
        try await database.pool.read { database in
            guard
                try Bool.fetchOne(database, sql: "SELECT NOT isDeleting FROM box WHERE id = ?", arguments: [box])
                    ?? false
            else { return nil }
            return try Self.revision(of: box, database)
        }
    }

    private static func revision(of box: String, _ database: GRDB.Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT MAX(revision) FROM event WHERE boxID = ?", arguments: [box]) ?? 0
    }

    /// One page of a box's events, and the revision that the page shows.
    ///
    /// - Parameter types: empty for all.
    package func page(_ page: PageRequest, box: String, types: [String]) async throws -> (
        rows: [EventRow], hasMore: Bool, revision: Int64
    ) {
        var query = PageQuery(by: "timestamp")
        query.require("boxID = ?", [box])
        query.require("type", oneOf: types)
        return try await database.pool.read { [query] database in
            let (rows, hasMore): ([EventRow], Bool) = try query.fetch(page, in: database)
            return (rows, hasMore, try Self.revision(of: box, database))
        }
    }
}
