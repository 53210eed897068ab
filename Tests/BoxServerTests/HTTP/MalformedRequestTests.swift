import BoxModel
import HTTPTypes
import Logging
import Synchronization
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Malformed requests are the client's mistake: never a failure of the server, and no error in its log.
@Suite(.serialized) struct MalformedRequestTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private static let login = "POST /api/box/auth/poll HTTP/1.1\r\nHost: localhost\r\n"
    private static let chunked = login + "Transfer-Encoding: chunked\r\n\r\n"
    private static let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"

    /// Requests and the valid statuses of their responses; none when the connection is just closed.
    private static let texts: [(String, String, [Int])] = [
        ("a chunk's size", chunked + "zz\r\n", [400]),
        ("a chunk's size of nothing", chunked + "\r\n", [400]),
        ("a chunk's size that is too large", chunked + "fffffffffffffffff\r\n", [400]),
        ("a chunk's end", chunked + "2\r\n{}xx\r\n", [400]),
        ("a second chunk", chunked + "1\r\n{\r\nzz\r\n", [400]),
        ("a trailer", chunked + "2\r\n{}\r\n0\r\nbad trailer\r\n\r\n", [400]),
        ("an early end of a chunked body", chunked + "5\r\n{}", []),
        ("an early end of a body", login + "Content-Length: 50\r\n\r\n{}", []),
        ("a length", login + "Content-Length: x\r\n\r\n", [400]),
        ("a negative length", login + "Content-Length: -1\r\n\r\n", [400]),
        ("a length that is too large", login + "Content-Length: 99999999999999999999\r\n\r\n", [400]),
        ("two lengths", login + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", [400]),
        ("a length and chunks", login + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
        ("a transfer encoding", login + "Transfer-Encoding: nonsense\r\n\r\n", [400]),
        ("no HTTP", "nonsense\r\n\r\n", [400]),
        ("a version", "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n", [400, 505]),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]),
        ("a method", "FROB /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
        ("TLS", "\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}", [400]),
        ("a header without a name", get + ": x\r\n\r\n", [400]),
        ("a NUL in a header", get + "X: a\u{0}b\r\n\r\n", [400]),
        ("a long header", get + "X: \(String(repeating: "a", count: 200_000))\r\n\r\n", [400, 431]),
        ("many headers", get + String(repeating: "X: a\r\n", count: 5000) + "\r\n", [400, 431]),
        ("a long path", "GET /\(String(repeating: "a", count: 200_000)) HTTP/1.1\r\n\r\n", [400, 404, 414]),
    ]

    private static func around(_ before: String, _ bytes: [UInt8], _ after: String) -> [UInt8] {
        Array(before.utf8) + bytes + Array(after.utf8)
    }

    private static let rest = " HTTP/1.1\r\nHost: localhost\r\n\r\n"

    private static let binaries: [(String, [UInt8], [Int])] = [
        ("bytes in a path", around("GET /healthz/", [0xFF, 0xFE], rest), [400, 404]),
        ("bytes in a query", around("GET /api/box/auth/confirm?state=", [0xC3], rest), [400, 404]),
        ("escapes in a path", around("GET /api/box/v1/boxes/%FF%00", [], rest), [400, 401, 404]),
        ("bytes in a header", around(get + "Authorization: Bearer box_", [0xFF, 0xFE], "\r\n\r\n"), [200, 400]),
        ("bytes in a body", around(login + "Content-Length: 4\r\n\r\n{", [0xFF, 0xFE], "}"), [400]),
    ]

    static let requests: [(name: String, bytes: [UInt8], statuses: [Int])] =
        texts.map { ($0.0, Array($0.1.utf8), $0.2) } + binaries

    @Test(arguments: requests.indices) func isRefused(_ index: Int) async throws {
        let (name, bytes, statuses) = Self.requests[index]
        let lines = Lines()
        var logger = Logger(label: "test") { _ in JSONLogHandler { lines.add($0) } }
        logger.logLevel = .debug
        try await withServer(logger: logger) { api async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            client.send(bytes)
            if statuses.isEmpty {
                try await Task.sleep(for: .milliseconds(50))
                client.shutDown()
            } else {
                guard case .text(let answer) = try await client.read() else {
                    Issue.record("\(name): no answer")
                    return
                }
                let status = answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
                #expect(statuses.contains(status ?? 0), "\(name): \(answer)")
            }
            #expect(try await api.raw(.get, "/healthz").status == 200)
            try await Task.sleep(for: .milliseconds(20))
            for line in lines.all { #expect(!line.contains("\"level\":\"error\""), "\(name): \(line)") }
            let failures = api.server.metrics.snapshot.requests.filter { $0.key.status >= 500 }
            #expect(failures.isEmpty, "\(name): \(failures)")
        }
    }
}
