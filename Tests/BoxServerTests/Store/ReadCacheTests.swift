import BoxModel
import GRDB
import Synchronization
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct ReadCacheTests {
    private func withSignal<Value: Sendable>(
        _ body: @Sendable (CommitSignal, DatabaseQueue) async throws -> Value
    ) async throws -> Value {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = "\(scratch.path)/boxd.sqlite"
        _ = try Database(path: path)
        // A connection like another process's.
        let other = try DatabaseQueue(path: path)
        return try await body(try CommitSignal(path: path), other)
    }

    private func commit(_ database: DatabaseQueue) async throws {
        try await database.write { try $0.execute(sql: "INSERT INTO creation (accountID, at) VALUES ('x', 0)") }
    }

    @Test func aValueIsReadOnceUntilSomebodyCommits() async throws {
        try await withSignal { commits, other async throws in
            let cache = ReadCache<String, Int>(commits)
            let reads = Mutex(0)
            func value() async throws -> Int? {
                try await cache.value("a") {
                    reads.withLock {
                        $0 += 1; return $0
                    }
                }
            }
            #expect(try await value() == 1)
            #expect(try await value() == 1)
            try await commit(other)
            #expect(try await value() == 2)
            #expect(try await value() == 2)
        }
    }

    @Test func aCommitDuringTheReadCounts() async throws {
        try await withSignal { commits, other async throws in
            let cache = ReadCache<String, Int>(commits)
            let first = try await cache.value("a") {
                try await commit(other)
                return 1
            }
            #expect(first == 1)
            #expect(try await cache.value("a") { 2 } == 2)
        }
    }

    @Test func nothingIsReadAgain() async throws {
        try await withSignal { commits, _ async throws in
            let cache = ReadCache<String, Int>(commits)
            #expect(try await cache.value("a") { nil } == nil)
            #expect(try await cache.value("a") { 1 } == 1)
        }
    }

    @Test func thereIsAnEndToWhatIsKept() async throws {
        try await withSignal { commits, _ async throws in
            let cache = ReadCache<Int, Int>(commits, maximumCount: 2)
            for key in 0..<3 { _ = try await cache.value(key) { key } }
            #expect(try await cache.value(2) { -1 } == 2)
            #expect(try await cache.value(0) { -1 } == -1)
        }
    }

    @Test func everybodyWhoWaitsIsTold() async throws {
        try await withSignal { commits, other async throws in
            let seen = try commits.version()
            let deadline = ContinuousClock.now + .seconds(600)
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { try await commits.wait(after: seen, until: deadline) } }
                try await Task.sleep(for: .milliseconds(50))
                try await commit(other)
                try await group.waitForAll()
            }
            #expect(ContinuousClock.now < deadline)
            #expect(try commits.version() != seen)
            // The next commit too, after a time without polls.
            let next = try commits.version()
            async let waited: Void = commits.wait(after: next, until: deadline)
            try await commit(other)
            try await waited
        }
    }

    @Test func aWaitEndsAtItsDeadlineAndWhenItIsCancelled() async throws {
        try await withSignal { commits, _ async throws in
            let seen = try commits.version()
            let began = ContinuousClock.now
            try await commits.wait(after: seen, until: began + .milliseconds(100))
            #expect(ContinuousClock.now - began >= .milliseconds(100))
            for delay in [0, 50] {
                let task = Task { try await commits.wait(after: seen, until: began + .seconds(600)) }
                try await Task.sleep(for: .milliseconds(delay))
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            #expect(ContinuousClock.now - began < .seconds(600))
        }
    }

    // MARK: In the server

    @Test func whatAnotherProcessTakesAwayIsGoneWithTheNextRequest() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try await withServer(in: scratch) { api async throws in
            let id = try await api.ready()
            for _ in 0..<3 { #expect(try await api.get("/boxes/\(id)").status == 200) }
            let other = try DatabaseQueue(path: "\(scratch.path)/boxd.sqlite")
            try await other.write { try $0.execute(sql: "UPDATE box SET name = 'renamed'") }
            #expect(try await api.box(id)["name"] == "renamed")
            try await other.write { try $0.execute(sql: "UPDATE box SET isDeleting = TRUE") }
            #expect(try await api.get("/boxes/\(id)").status == 404)
            try await other.write { try $0.execute(sql: "DELETE FROM apiKey") }
            #expect(try await api.get("/boxes/\(id)").status == 401)
        }
    }

    @Test func everyChangeShowsAtOnce() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            for number in 0..<50 {
                #expect(try await api.patch("/boxes/\(id)", #"{"name":"n\#(number)"}"#).status == 200)
                #expect(try await api.box(id)["name"] == .string("n\(number)"))
            }
        }
    }

    @Test func aKeysLastUseIsWrittenAtMostOnceAMinute() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let commits = try CommitSignal(path: api.server.databasePath)
            let before = try commits.version()
            for _ in 0..<20 { _ = try await api.get("/boxes/\(id)") }
            #expect(try commits.version() == before)
            try await api.server.boxes.store.database.pool.write {
                try $0.execute(sql: "UPDATE apiKey SET lastUsedAt = lastUsedAt - 61000")
            }
            let old = try await api.get("/api-keys").json["apiKeys"]?.array?.first?["lastUsedAt"]?.string
            #expect(
                old.flatMap(Timestamp.init(iso8601:)).map { Timestamp.now.milliseconds - $0.milliseconds < 30_000 }
                    == true)
        }
    }
}
