import BoxModel
import GRDB
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Rows that were stored while the server's clock was ahead have no effect until their date.
struct ClockTests {
    private static let day: Int64 = 86_400_000

    private func execute(_ api: API, _ sql: String, _ arguments: StatementArguments = []) async throws {
        try await api.server.boxes.store.database.write { try $0.execute(sql: sql, arguments: arguments) }
    }

    @Test func creationsOfTheFutureDoNotCount() async throws {
        var limits = ServerLimits()
        (limits.creationsPerMinute, limits.creationsPerDay) = (2, 2)
        try await withServer(limits: limits) { api async throws in
            _ = try await api.create()
            _ = try await api.create()
            #expect(try await api.post("/boxes").code == "daily_limit_reached")
            try await execute(api, "UPDATE creation SET at = at + ?", [30 * Self.day])
            #expect(try await api.get("/limits").json["canStart"] == true)
            _ = try await api.create()
            let left = try await api.server.boxes.store.database.pool.read {
                try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM creation")
            }
            #expect(left == 1, "they are forgotten: they would count when their date comes")
        }
    }

    @Test func aKeyOfTheFutureIsForgotten() async throws {
        try await withServer { api async throws in
            let headers = ["Idempotency-Key": "one"]
            let first = try await api.post("/boxes", "{}", headers: headers)
            #expect(try await api.post("/boxes", "{}", headers: headers).box["id"] == first.box["id"])
            try await execute(api, "UPDATE idempotency SET createdAt = createdAt + ?", [30 * Self.day])
            #expect(try await api.post("/boxes", "{}", headers: headers).box["id"] != first.box["id"])
        }
    }

    @Test func theLastUseOfAKeyIsSetRight() async throws {
        try await withServer { api async throws in
            try await execute(api, "UPDATE apiKey SET lastUsedAt = ?", [Timestamp.now.milliseconds + Self.day])
            _ = try await api.get("/me")
            let used = try await api.get("/api-keys").json["apiKeys"]?.array?.first?["lastUsedAt"]?.string
            let moment = try #require(used.flatMap(Timestamp.init(iso8601:)))
            #expect(moment.milliseconds <= Timestamp.now.milliseconds)
        }
    }

    @Test func noBoxRunsLongerThanTheLongestTimeToLive() async throws {
        try await withServer { api async throws in
            let (id, other) = (try await api.ready(), try await api.ready(#"{"ttlSeconds":2592000}"#))
            let before = try await api.box(other)["archiveAfter"]
            try await api.rewrite(id) { $0.archiveAfter = Timestamp.now.milliseconds + 400 * Self.day }
            try await api.server.boxes.stopExpired()
            let end = try #require(try await api.row(id)?.archiveAfter)
            #expect(end <= Timestamp.now.milliseconds + 30 * Self.day)
            #expect(end > Timestamp.now.milliseconds + 29 * Self.day)
            #expect(try await api.box(other)["archiveAfter"] == before, "as it was asked for")
        }
    }
}
