import BoxModel
import Synchronization
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Connections without a key are closed in favour of those with one.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ConnectionFloodTests {
    private func limits(_ maximum: Int, perAddress: Int = 1000) -> ConnectionLimits {
        var limits = ConnectionLimits()
        (limits.maximum, limits.maximumPerAddress) = (maximum, perAddress)
        return limits
    }

    private static let health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

    private static func me(_ api: API) -> String {
        "GET \(API.base)/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(api.secret)\r\n\r\n"
    }

    /// Ways to keep a connection: occasional requests, a slow head, a slow body, and a wrong key.
    static let floods = [
        health, "GET /heal", "POST /api/box/auth/poll HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
        "GET /api/box/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer box_0\r\n\r\n",
    ]

    @Test(arguments: floods) func whoeverHasAKeyGetsIn(flood: String) async throws {
        try await withServer(connections: limits(20)) { api async throws in
            let first = try RawClient(port: api.client.port)
            defer { first.close() }
            first.send(Self.me(api))
            guard case .text(let text) = try await first.read(), text.hasPrefix("HTTP/1.1 200") else {
                Issue.record("no answer")
                return
            }
            var others: [RawClient] = []
            defer { for client in others { client.close() } }
            for _ in 0..<60 {
                others.append(try RawClient(port: api.client.port))
                others.last?.send(flood)
            }
            // Connections that are still being accepted could replace the next one before its request is read.
            #expect(try await eventually { api.server.metrics.snapshot.acceptedConnections == 61 })
            for _ in 0..<5 {
                let client = try RawClient(port: api.client.port)
                defer { client.close() }
                let began = ContinuousClock.now
                client.send(Self.me(api))
                guard case .text(let text) = try await client.read() else {
                    Issue.record("no answer in time")
                    return
                }
                #expect(text.hasPrefix("HTTP/1.1 200"))
                #expect(ContinuousClock.now - began < .seconds(3))
            }
            #expect(!first.isClosed, "one with a key stays")
            first.send(Self.me(api))
            guard case .text(let again) = try await first.read() else {
                Issue.record("no second answer")
                return
            }
            #expect(again.hasPrefix("HTTP/1.1 200"))
            #expect(api.server.metrics.snapshot.droppedConnections >= 40)
        }
    }

    @Test func moreThanTheLimitWaitWhereAllAreWorkedOn() async throws {
        try await withServer(connections: limits(4)) { api async throws in
            var clients: [RawClient] = []
            defer { for client in clients { client.close() } }
            for _ in 0..<4 {
                clients.append(try RawClient(port: api.client.port))
                clients.last?.send(Self.me(api))
                guard case .text = try await clients.last?.read() else {
                    Issue.record("no answer")
                    return
                }
                // The request's body isn't sent yet.
                clients.last?.send(
                    "POST /api/box/v1/boxes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(api.secret)\r\n"
                        + "Content-Length: 10\r\n\r\n")
            }
            // Until all four requests are processed, one of the connections could still be closed.
            for _ in 0..<500 where api.server.connections.hasRoom { try await Task.sleep(for: .milliseconds(20)) }
            #expect(!api.server.connections.hasRoom)
            let late = try RawClient(port: api.client.port)
            defer { late.close() }
            late.send(Self.me(api))
            try await Task.sleep(for: .milliseconds(300))
            #expect(clients.allSatisfy { !$0.isClosed })
            // The late connection waits, or boxd accepted it while one of the four could still be closed.
            clients.removeFirst().close()
            guard case .text(let text) = try await late.read() else {
                Issue.record("no answer after a place was free")
                return
            }
            #expect(text.hasPrefix("HTTP/1.1 200"))
        }
    }

    // MARK: The table

    /// A connection that only records whether it was closed.
    private final class Fake: Sendable {
        private let closed = Mutex(false)
        var isClosed: Bool { closed.withLock { $0 } }

        init(_ table: ConnectionTable, _ address: String?) {
            table.open(ObjectIdentifier(self), address: address) { [weak self] in self?.closed.withLock { $0 = true } }
        }

        var id: ObjectIdentifier { ObjectIdentifier(self) }
    }

    private func table(_ maximum: Int, perAddress: Int) -> ConnectionTable {
        ConnectionTable(limits(maximum, perAddress: perAddress), metrics: Metrics())
    }

    @Test func theIdleAndOldestGoesFirst() {
        let table = table(4, perAddress: 100)
        let all = (0..<4).map { _ in Fake(table, nil) }
        table.recordKey(all[0].id, of: "a")
        table.beginRequest(all[1].id, showsKey: false)
        table.beginRequest(all[2].id, showsKey: true)
        let more = (0..<4).map { _ in Fake(table, nil) }
        #expect(all[3].isClosed, "the idle one")
        #expect(more[0].isClosed && more[1].isClosed && more[2].isClosed, "then the idle ones that came later")
        #expect(!all[0].isClosed && !all[1].isClosed && !all[2].isClosed && !more[3].isClosed)
        table.beginRequest(more[3].id, showsKey: true)
        let last = Fake(table, nil)
        #expect(all[1].isClosed && !all[2].isClosed && !last.isClosed, "before one that shows a key")
    }

    @Test func oneAccountCannotHaveAllForNothing() {
        let table = table(4, perAddress: 100)
        let many = (0..<3).map { _ in Fake(table, nil) }
        for connection in many { table.recordKey(connection.id, of: "many") }
        let one = Fake(table, nil)
        table.recordKey(one.id, of: "one")
        table.beginRequest(many[0].id, showsKey: true)
        let more = Fake(table, nil)
        #expect(many[1].isClosed, "the oldest idle one of the account with the most")
        #expect(!many[0].isClosed && !many[2].isClosed && !one.isClosed && !more.isClosed)
    }

    @Test func oneAddressCannotHaveAll() {
        let table = table(10, perAddress: 3)
        let other = Fake(table, "192.0.2.2")
        let first = (0..<3).map { _ in Fake(table, "192.0.2.1") }
        let fourth = Fake(table, "192.0.2.1")
        #expect(first[0].isClosed && !first[1].isClosed && !fourth.isClosed && !other.isClosed)
        for connection in [first[1], first[2], fourth] { table.recordKey(connection.id, of: "a") }
        #expect(Fake(table, "192.0.2.1").isClosed, "all others have keys")
        table.close(fourth.id)
        #expect(!Fake(table, "192.0.2.1").isClosed)
    }

    @Test func loopbackHasNoLimitOfItsOwn() {
        for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", nil] {
            #expect(ConnectionTable.key(ofAddress: address) == nil)
        }
        #expect(ConnectionTable.key(ofAddress: "192.0.2.1") == "192.0.2.1")
        #expect(ConnectionTable.key(ofAddress: "::ffff:192.0.2.1") == "192.0.2.1")
        let network = ConnectionTable.key(ofAddress: "2001:db8:1:2::1")
        #expect(network != nil && network == ConnectionTable.key(ofAddress: "2001:db8:1:2:ffff::2"))
        #expect(network != ConnectionTable.key(ofAddress: "2001:db8:1:3::1"))
    }
}
