import BoxModel
import GRDB

/// The prompts of boxes: their queues, the output of their runs, and the agents' sessions. Every method is one
/// transaction.
///
/// A prompt is one `prompt` event, whose `data` has its status. A box's queue is its prompts that are neither finished
/// nor failed.
package struct PromptStore: Sendable {
    package let database: Database

    package init(database: Database) {
        self.database = database
    }

    /// The largest number of open prompts of one box.
    package static let maximumQueue = 100

    package enum Entry: Sendable { case stored(EventRow), full, notUsable }

    /// Appends a prompt to a box's queue, if the box is usable.
    package func insert(_ event: NewEvent, box: String) async throws -> Entry {
        try await database.write { database in
            guard let row = try BoxRow.fetchOne(database, key: box), !row.isDeleting, row.boxState.isUsable else {
                return .notUsable
            }
            let open = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM event WHERE boxID = ? AND \(Schema.isOpenPrompt)", arguments: [box]
            )
            guard open ?? 0 < Self.maximumQueue else { return .full }
            return .stored(try EventStore.append(event, to: box, task: event.id, in: database))
        }
    }

    /// The oldest open prompt of a box.
    package func next(of box: String) async throws -> EventRow? {
        try await database.pool.read { database in
            try EventRow.filter(sql: "boxID = ? AND \(Schema.isOpenPrompt)", arguments: [box]).order(sql: "timestamp")
                .fetchOne(database)
        }
    }

    /// The boxes that have open prompts.
    package func boxesWithOpenPrompts() async throws -> [String] {
        try await database.pool.read { database in
            try String.fetchAll(database, sql: "SELECT DISTINCT boxID FROM event WHERE \(Schema.isOpenPrompt)")
        }
    }

    /// Records that the agent works on the prompt.
    package func begin(_ prompt: String, of box: String) async throws {
        try await database.write { database in
            try Self.setStatus("running", of: prompt, box, [:], in: database)
            try Self.setState(.running, of: box, from: [.provisioned, .ready, .idle], in: database)
        }
    }

    /// Records how a run ended. The box becomes idle, unless more prompts are queued.
    package func end(_ prompt: String, of box: String, status: String, _ facts: JSONObject) async throws {
        try await database.write { database in
            try Self.setStatus(status, of: prompt, box, facts, in: database)
            try Self.dropPartials(of: prompt, box, in: database)
            let more = EventRow.filter(sql: "boxID = ? AND \(Schema.isOpenPrompt)", arguments: [box])
            if try more.fetchCount(database) == 0 { try Self.setState(.idle, of: box, from: [.running], in: database) }
        }
    }

    private static func setStatus(
        _ status: String, of prompt: String, _ box: String, _ facts: JSONObject, in database: GRDB.Database
    ) throws {
        guard let row = try EventRow.fetchOne(database, key: ["boxID": box, "id": prompt]),
            var data = try? JSON.parse(row.data).object, !["finished", "failed"].contains(data["status"]?.string)
        else { return }
        data["status"] = .string(status)
        for (key, value) in facts.members { data[key] = value }
        try EventStore.update(box: box, id: prompt, data: .object(data), in: database)
    }

    private static func setState(
        _ state: BoxState, of box: String, from states: [BoxState], in database: GRDB.Database
    ) throws {
        guard var row = try BoxRow.fetchOne(database, key: box), !row.isDeleting, states.contains(row.boxState) else {
            return
        }
        row.state = state.rawValue
        row.updatedAt = Timestamp.now.milliseconds
        try row.update(database)
    }

    // MARK: Runs

    /// Records an agent's output. Events that exist already stay unchanged, because a boxd that takes over a run reads
    /// its output from the beginning.
    package func record(_ changes: RunChanges, of prompt: String, in box: String) async throws {
        try await database.write { database in
            var isNew = changes.partial != nil
            for event in changes.events
            where try EventRow.fetchOne(database, key: ["boxID": box, "id": event.id]) == nil {
                try EventStore.append(event, to: box, task: prompt, in: database)
                isNew = true
            }
            // This must be before the removals, so that no revision is used twice.
            if !isNew, !changes.outdated.isEmpty { try Self.touch(prompt, box, in: database) }
            if let partial = changes.partial { try EventStore.append(partial, to: box, task: prompt, in: database) }
            for (id, data) in changes.changed { try EventStore.update(box: box, id: id, data: data, in: database) }
            for id in changes.outdated {
                try database.execute(sql: "DELETE FROM event WHERE boxID = ? AND id = ?", arguments: [box, id])
            }
            if let session = changes.session {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO agentSession (boxID, provider, sessionID) VALUES (?, ?, ?)",
                    arguments: [box, session.provider, session.id])
            }
        }
    }

    /// Removes the partial events that an earlier boxd left.
    package func dropPartials(of prompt: String, in box: String) async throws {
        try await database.write { database in
            try Self.touch(prompt, box, in: database)
            try Self.dropPartials(of: prompt, box, in: database)
        }
    }

    /// Gives the prompt's event a new revision.
    private static func touch(_ prompt: String, _ box: String, in database: GRDB.Database) throws {
        guard let row = try EventRow.fetchOne(database, key: ["boxID": box, "id": prompt]) else { return }
        try EventStore.update(box: box, id: prompt, data: row.data, in: database)
    }

    private static func dropPartials(of prompt: String, _ box: String, in database: GRDB.Database) throws {
        try database.execute(
            sql: """
                DELETE FROM event WHERE boxID = ? AND taskID = ? AND type = 'response'
                    AND json_extract(data, '$.is_streaming')
                """, arguments: [box, prompt])
    }

    // MARK: Sessions

    /// The session that the agent's next run in the box resumes.
    package func session(of box: String, provider: String) async throws -> String? {
        try await database.pool.read {
            try String.fetchOne(
                $0, sql: "SELECT sessionID FROM agentSession WHERE boxID = ? AND provider = ?",
                arguments: [box, provider])
        }
    }

    package func forgetSession(of box: String, provider: String) async throws {
        try await database.write {
            try $0.execute(
                sql: "DELETE FROM agentSession WHERE boxID = ? AND provider = ?", arguments: [box, provider])
        }
    }
}

extension BoxRowStore {
    /// Copies the agents' sessions of a box, because the copy of its disk contains them.
    package func copyAgentSessions(from source: String, to target: String) async throws {
        try await database.write {
            try $0.execute(
                sql: """
                    INSERT OR REPLACE INTO agentSession (boxID, provider, sessionID)
                        SELECT ?, provider, sessionID FROM agentSession WHERE boxID = ?
                    """, arguments: [target, source])
        }
    }
}
