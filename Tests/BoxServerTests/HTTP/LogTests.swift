import BoxModel
import FoundationEssentials
import Glibc
import HTTPTypes
import Logging
import Synchronization
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// The log stays small whatever clients send.
struct LogTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private func logger(_ lines: Lines, _ level: Logger.Level = .info) -> Logger {
        var logger = Logger(label: "test") { _ in JSONLogHandler { lines.add($0) } }
        logger.logLevel = level
        return logger
    }

    /// Sends all kinds of requests that need no key.
    private func flood(_ api: API, _ count: Int) async throws {
        for number in 0..<count {
            let answers = [
                try await api.send(.get, "/boxes", authorization: nil),
                try await api.send(.get, "/boxes", authorization: "Bearer box_0"),
                try await api.raw(.get, "/nothing/\(number)"),
                try await api.raw(.post, "/healthz"),
                try await api.raw(.post, "/api/box/auth/poll", "{}"),
                try await api.raw(.post, "/api/box/auth/start", "nonsense"),
                try await api.raw(.options, "/api/box/v1/boxes"),
            ]
            #expect(answers.allSatisfy { $0.status < 500 })
        }
    }

    @Test func withoutAKeyNobodyFillsTheLog() async throws {
        let lines = Lines()
        try await withServer(logger: logger(lines)) { api async throws in
            let (before, began) = (lines.all.count, ContinuousClock.now)
            try await flood(api, 100)
            let flood = lines.all.dropFirst(before)
            // A busy machine can need more than a minute.
            let minutes = Int((ContinuousClock.now - began) / .seconds(60)) + 1
            #expect((1...minutes).contains(flood.count / LogAllowance.linesPerMinute), "\(flood.count)")
            #expect(flood.reduce(0) { $0 + $1.utf8.count } < flood.count * 512)
            _ = try await api.get("/boxes/bx_22222222")
            #expect(lines.all.last?.contains("/api/box/v1/boxes/{id} 404") == true, "with a key it is said")
            let later = ContinuousClock.now + .seconds(61)
            #expect(api.server.allowance.leftOut(at: later) == 700 - flood.count)
        }
    }

    @Test func debugSaysEverything() async throws {
        let lines = Lines()
        try await withServer(logger: logger(lines, .debug)) { api async throws in
            let before = lines.all.count
            try await flood(api, 20)
            #expect(lines.all.count - before >= 140)
        }
    }

    @Test func anAllowanceIsPerMinute() {
        let allowance = LogAllowance(), began = ContinuousClock.now
        func consume(_ count: Int, after seconds: Int) -> Int {
            (0..<count).count { _ in allowance.consume(at: began + .seconds(seconds)) }
        }
        #expect(consume(100, after: 1) == 30)
        #expect(allowance.leftOut(at: began + .seconds(30)) == nil, "the minute isn't over")
        #expect(consume(50, after: 62) == 30)
        #expect(allowance.leftOut(at: began + .seconds(63)) == 70)
        #expect(allowance.leftOut(at: began + .seconds(64)) == nil, "it was said")
        #expect(allowance.leftOut(at: began + .seconds(200)) == 20)
        #expect(consume(1, after: 201) == 1)
        #expect(allowance.leftOut(at: began + .seconds(400)) == nil)
    }

    @Test func aServerThatIsNotReadyIsNoError() async throws {
        let lines = Lines()
        try await withServer(logger: logger(lines)) { api async throws in
            api.server.readiness.set(.stopping)
            #expect(try await api.raw(.get, "/readyz").status == 503)
            #expect(lines.all.last?.contains("\"level\":\"info\"") == true)
        }
    }

    @Test func aLineHasABound() throws {
        let lines = Lines()
        var text = LogLines { lines.add($0) }
        text.write("a\nb\u{1B}[2J\u{2028}c\r\n")
        #expect(lines.all == ["a\\nb?[2J?c?\n"])
        text.write(String(repeating: "é", count: 100_000) + "\n")
        #expect(lines.all[1].utf8.count < 4200)
        #expect(lines.all[1].hasSuffix(" … [200000 bytes in all]\n"))
        logger(lines).error("x", metadata: ["error": .string(String(repeating: "\n", count: 100_000))])
        #expect(lines.all[2].utf8.count < 10_000)
    }

    // MARK: The file

    @Test func aLargeFileBecomesTheOldOne() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.path + "/boxd.log"
        let output = open("/dev/null", O_WRONLY), other = open("/dev/null", O_WRONLY)
        defer { for descriptor in [output, other] { close(descriptor) } }
        func write(_ text: String, to descriptor: Int32) {
            _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        }
        func contents(_ path: String) -> String? {
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        }
        try Data("before\n".utf8).write(to: URL(filePath: path))
        let file = try LogFile(path, descriptors: [output, other], longest: 20)
        write("one\n", to: output)
        file.rotate()
        #expect(contents(path) == "before\none\n")
        write("two, from elsewhere\n", to: other)
        file.rotate()
        write("three\n", to: output)
        write("four\n", to: other)
        #expect(contents(path + ".1") == "before\none\ntwo, from elsewhere\n")
        #expect(contents(path) == "three\nfour\n")
        var status = stat()
        try #require(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        write("long enough to begin anew\n", to: output)
        file.rotate()
        #expect(contents(path + ".1")?.hasPrefix("three") == true)
        #expect(contents(path) == "")
        unlink(path)
        file.rotate()
        write("again\n", to: output)
        #expect(contents(path) == "again\n")
        file.leadBack()
        write("to /dev/null", to: output)
        #expect(contents(path) == "again\n")
        #expect(throws: StartupError.self) { try LogFile(scratch.path, descriptors: [output]) }
    }
}
