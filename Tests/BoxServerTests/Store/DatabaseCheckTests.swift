import BoxModel
import FoundationEssentials
import GRDB
import Glibc
import Logging
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// A server doesn't start with a database or key that isn't its own, and reports why.
struct DatabaseCheckTests {
    private func configuration(_ scratch: Scratch) -> ServerConfiguration {
        ServerConfiguration(dataDirectory: scratch.path, host: "127.0.0.1", port: 0)
    }

    private func start(_ scratch: Scratch, forgetting: Bool = false) throws -> Server {
        var configuration = configuration(scratch)
        configuration.forgetsSealed = forgetting
        return try Server(
            configuration: configuration, engine: TestEngine(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// The reason for which it doesn't start.
    private func refusal(_ scratch: Scratch) throws -> String {
        try #require(#expect(throws: StartupError.self) { try start(scratch) }).description
    }

    private func scratch(_ prepare: (Scratch) async throws -> Void) async throws -> Scratch {
        let scratch = try Scratch()
        do { try await prepare(scratch) } catch {
            scratch.remove()
            throw error
        }
        return scratch
    }

    private func withSecret() async throws -> Scratch {
        try await scratch { scratch in
            try await withServer(in: scratch) { api async throws in
                _ = try await api.post("/secrets", #"{"envContents":"A=1"}"#)
            }
        }
    }

    // MARK: The database

    @Test func aNewerSchemaIsRefused() async throws {
        let scratch = try await scratch { try await withServer(in: $0) { _ in } }
        defer { scratch.remove() }
        let queue = try DatabaseQueue(path: "\(scratch.path)/boxd.sqlite")
        try await queue.write { database in
            try database.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99 of the future')")
            try Facts.set(.version, Data("7.8.9".utf8), in: database)
        }
        for text in try [refusal(scratch), #require(administrationRefusal(scratch))] {
            for part in ["\(scratch.path)/boxd.sqlite", "newer boxd (boxd 7.8.9)", "install boxd 7.8.9", "backup"] {
                #expect(text.contains(part), "\(text)")
            }
        }
        try await queue.write { try $0.execute(sql: "DROP TABLE fact") }
        #expect(try refusal(scratch).contains("install that boxd or a newer one"))
    }

    private func administrationRefusal(_ scratch: Scratch) -> String? {
        #expect(throws: StartupError.self) { try Administration(dataDirectory: scratch.path) }?.description
    }

    @Test(arguments: [true, false]) func aDatabaseThatIsGoneIsNoNewServer(isEmpty: Bool) async throws {
        let scratch = try await scratch { try await withServer(in: $0) { _ in } }
        defer { scratch.remove() }
        for suffix in ["", "-wal", "-shm"] { unlink("\(scratch.path)/boxd.sqlite\(suffix)") }
        if isEmpty { _ = FileManager.default.createFile(atPath: "\(scratch.path)/boxd.sqlite", contents: nil) }
        for text in try [refusal(scratch), #require(administrationRefusal(scratch))] {
            #expect(text.contains("boxd.sqlite is \(isEmpty ? "empty" : "missing")"), "\(text)")
            #expect(text.contains("restore it from a backup") && text.contains("move secret.key out of"), "\(text)")
        }
        unlink("\(scratch.path)/secret.key")
        mkdir("\(scratch.path)/boxes", 0o700)
        #expect(throws: Never.self, "a new server") { try start(scratch) }
    }

    @Test func boxesWithoutADatabaseAreNoNewServer() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        mkdir("\(scratch.path)/boxes", 0o700)
        mkdir("\(scratch.path)/boxes/bx_22222222", 0o700)
        #expect(try refusal(scratch).contains("has boxes of a server"))
    }

    /// Damage at the head, and in the middle, where only a check of the whole file finds it.
    @Test(arguments: [0, 3 * 4096]) func aDamagedDatabaseIsRefused(offset: Int) async throws {
        let scratch = try await scratch { try await withServer(in: $0) { _ in } }
        defer { scratch.remove() }
        let path = "\(scratch.path)/boxd.sqlite"
        _ = try await DatabaseQueue(path: path).writeWithoutTransaction { try $0.checkpoint(.truncate) }
        let file = open(path, O_WRONLY)
        defer { close(file) }
        let noise = [UInt8](repeating: 0x5A, count: 4096)
        try #require(pwrite(file, noise, noise.count, off_t(offset)) == noise.count)
        let text = try refusal(scratch)
        #expect(text.contains("the database \(path) is damaged") && text.contains("backup"), "\(text)")
    }

    // MARK: The key

    @Test(arguments: [true, false]) func anotherKeyIsRefused(hasCheck: Bool) async throws {
        let scratch = try await withSecret()
        defer { scratch.remove() }
        // The state that an earlier boxd leaves.
        if !hasCheck { try await forgetCheck(scratch) }
        #expect(throws: Never.self) { try start(scratch) }
        if !hasCheck { try await forgetCheck(scratch) }
        try Data(repeating: 7, count: 32).write(to: URL(filePath: "\(scratch.path)/secret.key"))
        let text = try refusal(scratch)
        #expect(text.contains("\(scratch.path)/secret.key is not the one"), "\(text)")
        #expect(text.contains("restore secret.key") && text.contains("--forget-secrets"), "\(text)")
    }

    private func forgetCheck(_ scratch: Scratch) async throws {
        try await DatabaseQueue(path: "\(scratch.path)/boxd.sqlite").write { try Facts.set(.keyCheck, nil, in: $0) }
    }

    @Test func aMissingKeyIsNotReplaced() async throws {
        let scratch = try await withSecret()
        defer { scratch.remove() }
        unlink("\(scratch.path)/secret.key")
        #expect(try refusal(scratch).contains("secret.key is missing"))
        #expect(access("\(scratch.path)/secret.key", F_OK) != 0, "none was made")
        _ = try start(scratch, forgetting: true)
        try await withServer(in: scratch) { api async throws in
            #expect(try await api.get("/secrets").json["envContents"] == "", "what it sealed is gone")
            #expect(try await api.get("/me").status == 200, "and nothing else")
        }
    }

    @Test func nothingIsForgottenWithTheRightKey() async throws {
        let scratch = try await withSecret()
        defer { scratch.remove() }
        _ = try start(scratch, forgetting: true)
        try await withServer(in: scratch) { api async throws in
            #expect(try await api.get("/secrets").json["envContents"] == "A=1")
        }
    }
}
