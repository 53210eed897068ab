import BoxModel
import FoundationEssentials
import GRDB
import Glibc
import Logging
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// The database and its write-ahead log shrink again.
struct DatabaseUpkeepTests {
    private func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private func fill(_ api: API, _ box: String, runs: Int, bytes: Int = 100_000) async throws {
        let store = api.server.events.store
        for run in 0..<runs {
            let prompt: JSON = ["status": .string(run == 0 ? "queued" : "finished")]
            _ = try await store.append(box: box, id: "p\(run)", type: "prompt", task: "p\(run)", data: prompt)
            let text = JSON.string(String(repeating: "x", count: bytes))
            _ = try await store.append(
                box: box, id: "r\(run)", type: "response", task: "p\(run)", data: ["content": text])
        }
    }

    private func upkeep(_ api: API, limit: Int) -> DatabaseUpkeep {
        DatabaseUpkeep(
            database: api.server.events.store.database, eventLimit: limit,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func theOldestRunsThatEndedGoFirst() async throws {
        try await withServer { api async throws in
            let (id, other) = (try await api.ready(), try await api.ready())
            try await fill(api, id, runs: 10)
            try await fill(api, other, runs: 2)
            let tag = try await api.get("/boxes/\(id)/events").header("ETag")
            try await upkeep(api, limit: 450_000).run()
            let answer = try await api.get("/boxes/\(id)/events?sort=asc")
            let left = answer.json["events"]?.array?.compactMap { $0["id"]?.string }
            #expect(left == ["p0", "r0", "p7", "r7", "p8", "r8", "p9", "r9"], "the first one is still queued")
            #expect(answer.header("ETag") == tag, "followers have nothing to do")
            #expect(try await api.get("/boxes/\(other)/events").json["events"]?.array?.count == 4)
            // A client's cursor whose event was removed.
            let removed = PageCursor(moment: 0, id: "p3")
            #expect(try await api.get("/boxes/\(id)/events?sort=asc&cursor=\(removed.text)").status == 200)
        }
    }

    @Test func theLastChangeStaysHoweverLargeItIs() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            try await fill(api, id, runs: 3)
            try await upkeep(api, limit: 1).run()
            let left = try await api.get("/boxes/\(id)/events?sort=asc").json["events"]?.array
            #expect(left?.compactMap { $0["id"]?.string } == ["p0", "r0", "p2", "r2"])
        }
    }

    @Test func whatIsFreeIsGivenBack() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try await withServer(in: scratch) { api async throws in
            let path = "\(scratch.path)/boxd.sqlite"
            let id = try await api.ready()
            try await fill(api, id, runs: 300)
            try await upkeep(api, limit: .max).run()
            #expect(size(path) > 30_000_000)
            #expect(size(path + "-wal") == 0)
            _ = try await api.delete("/boxes/\(id)")
            try await upkeep(api, limit: .max).run()
            #expect(size(path) < 8_000_000)
            #expect(size(path + "-wal") == 0)
        }
    }

    @Test func aFileOfAnEarlierBoxdIsRewrittenOnce() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = "\(scratch.path)/boxd.sqlite"
        // Without auto_vacuum, which only has an effect before the first table is created.
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE old (text TEXT)") }
        let database = try Database(path: path)
        #expect(try await database.makeShrinkable())
        #expect(try await !database.makeShrinkable())
        try await database.write { database in
            let text = String(repeating: "x", count: 100_000)
            for _ in 0..<200 { try database.execute(sql: "INSERT INTO old VALUES (?)", arguments: [text]) }
        }
        try await database.write { try $0.execute(sql: "DELETE FROM old") }
        try await database.shrink()
        #expect(size(path) < 8_000_000)
    }

    @Test func aNewFileNeedsNoRewriting() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        #expect(try await !Database(path: "\(scratch.path)/boxd.sqlite").makeShrinkable())
    }
}
