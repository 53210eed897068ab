import BoxEngine
import BoxModel
import GRDB
import HTTPTypes
import Synchronization
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// The API while the disk is full.
struct StorageTests {
    private static let full = StorageState(level: .low, free: 12 << 20, total: 160 << 20)

    @Test func nothingNewIsStartedWhileTheDiskIsFull() async throws {
        try await withServer { api async throws in
            let (running, stopped) = (try await api.ready(), try await api.archived())
            await api.engine.books.setDiskUse(DiskUse(used: 98 << 20, limit: 1 << 30), of: running)
            await api.engine.books.setStorage(Self.full)
            try await api.server.boxes.recordDiskUse()
            try await api.server.boxes.checkStorage()
            for path in ["/boxes", "/boxes/\(running)/fork", "/boxes/\(stopped)/resume"] {
                let answer = try await api.post(path)
                #expect(answer.status == 507 && answer.code == "insufficient_storage", "\(path)")
                #expect(answer.message.contains("12 MB of 160 MB are free"))
                #expect(answer.message.contains("box \(running) uses the most of yours, 98 MB"))
                #expect(answer.header("Retry-After") == "30")
            }
            // The message must not name another account's box.
            #expect(try await api.other("bob").post("/boxes").message.contains(running) == false)
            let ready = try await api.raw(.get, "/readyz")
            #expect(ready.status == 503)
            #expect(ready.json["reason"] == "the disk is full: 12 MB of 160 MB are free")
            #expect(try await api.raw(.get, "/metrics").text.contains("boxd_disk_full 1\n"))
            // Actions that free space, and actions that need none.
            #expect(try await api.post("/boxes/\(running)/resume").status == 202)
            #expect(try await api.post("/boxes/\(running)/stop").status == 202)
            #expect(try await api.delete("/boxes/\(stopped)").status == 200)
            await api.engine.books.setStorage(StorageState())
            try await api.server.boxes.checkStorage()
            #expect(try await api.post("/boxes").status == 202)
            #expect(try await api.raw(.get, "/readyz").status == 200)
        }
    }

    @Test func aPausedBoxSaysSoUntilItGoesOn() async throws {
        try await withServer { api async throws in
            let (paused, other) = (try await api.ready(), try await api.ready())
            var state = Self.full
            state.paused = [paused]
            await api.engine.books.setStorage(state)
            try await api.server.boxes.checkStorage()
            let key = #"{"key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH\#(String(repeating: "A", count: 42)) a"}"#
            for (path, body) in [("commands", #"{"command":"true"}"#), ("sshkey", key)] {
                let answer = try await api.post("/boxes/\(paused)/\(path)", body)
                #expect(answer.status == 507 && answer.message.contains("is paused"), "\(path): \(answer.text)")
            }
            #expect(try await api.post("/boxes/\(other)/commands", #"{"command":"true"}"#).status == 200)
            let warning = try await api.box(paused)["warnings"]?.array?.first?.string ?? ""
            #expect(warning.hasPrefix("paused: the server's disk is full"))
            #expect(try await api.box(other)["warnings"] == nil)
            await api.engine.books.setStorage(StorageState())
            try await api.server.boxes.checkStorage()
            #expect(try await api.box(paused)["warnings"] == nil)
            #expect(try await api.post("/boxes/\(paused)/commands", #"{"command":"true"}"#).status == 200)
        }
    }

    @Test func whatAnEarlierBoxdSaidIsCorrected() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.warnings = BoxService.warnings(["a"], isPaused: true) }
            try await api.server.boxes.checkStorage()
            #expect(try await api.box(id)["warnings"] == ["a"])
        }
    }

    @Test func boxesSayHowMuchDiskTheyTake() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            #expect(try await api.box(id)["diskUsedBytes"] == nil)
            let updated = try await api.box(id)["updatedAt"]
            for (used, shown) in [(5000, 5000), (6000, 5000), (3 << 20, 3 << 20)] {
                await api.engine.books.setDiskUse(DiskUse(used: used, limit: 1 << 30), of: id)
                try await api.server.boxes.recordDiskUse()
                #expect(try await api.box(id)["diskUsedBytes"] == JSON(shown), "small changes wake nobody")
            }
            #expect(try await api.box(id)["diskLimitBytes"] == JSON(1 << 30))
            #expect(try await api.box(id)["updatedAt"] == updated)
        }
    }

    @Test func aWriteIsRepeatedWhenRoomWasMade() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let database = try Database(path: "\(scratch.path)/test.sqlite")
        let calls = Mutex(0)
        // The page limit is the current size. SQLite reports that like a full disk.
        try await database.pool.write { try $0.execute(sql: "CREATE TABLE filler (text TEXT)") }
        func fill() async throws {
            try await database.write { try $0.execute(sql: "INSERT INTO filler VALUES (hex(randomblob(50000)))") }
        }
        try await database.pool.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let refusal = await #expect(throws: APIError.self) { try await fill() }
        #expect(refusal?.code.status == .insufficientStorage)
        database.makeRoom(with: {
            calls.withLock { $0 += 1 }
            try? await database.pool.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA max_page_count = 1000000")
            }
        })
        try await fill()
        #expect(calls.withLock { $0 } == 1)
    }

    @Test(arguments: [
        (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KB"), (1_600_000, "1.5 MB"), (160 << 20, "160 MB"),
        (3 << 40, "3.0 TB"),
    ])
    func sizesAreInWords(bytes: Int, text: String) { #expect(StorageMonitor.size(bytes) == text) }
}
