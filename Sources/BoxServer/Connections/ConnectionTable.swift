import BoxControl
import Glibc
import HummingbirdCore
import Synchronization

/// The open connections, which decides what to close when there are too many. Anyone can open connections, but clients
/// with a key must always get in.
///
/// A connection has a key from its first request with a valid key on. A connection with a key is closed only while it
/// is idle, and only when all have keys. Then the oldest idle one is closed, of the account with the most connections.
final class ConnectionTable: Sendable {
    typealias ID = ObjectIdentifier

    /// The state of a connection without a key. The lowest state is closed first, and the oldest connection in it.
    private enum Use: Int, Comparable {
        case idle, request
        /// A request whose key isn't verified yet.
        case requestWithKey

        static func < (left: Use, right: Use) -> Bool { left.rawValue < right.rawValue }
    }

    private struct Connection {
        let number: Int
        /// Nil for addresses without a limit.
        let address: String?
        var use = Use.idle
        /// The account whose key was sent over the connection.
        var account: String?
        var hasKey: Bool { account != nil }
        let close: @Sendable () -> Void
    }

    private struct State {
        var connections: [ID: Connection] = [:]
        /// The number of the last connection.
        var number = 0
        var withoutKey = 0
        /// Accepted connections that haven't ended, including those that are being closed.
        var accepted = 0

        mutating func remove(_ id: ID) -> Connection? {
            guard let connection = connections.removeValue(forKey: id) else { return nil }
            if !connection.hasKey { withoutKey -= 1 }
            return connection
        }

        mutating func removeFirst(of address: String?, but newest: ID) -> Connection? {
            let candidates = connections.filter {
                !$0.value.hasKey && $0.key != newest && (address == nil || $0.value.address == address)
            }
            let first = candidates.min { ($0.value.use, $0.value.number) < ($1.value.use, $1.value.number) }
            return first.flatMap { remove($0.key) }
        }

        /// The connection to close when all have keys.
        var firstIdle: ID? {
            let idle = connections.filter { $0.value.hasKey && $0.value.use == .idle }
            let counts = Dictionary(grouping: connections.values, by: \.account).mapValues(\.count)
            return idle.min {
                let (left, right) = (counts[$0.value.account] ?? 0, counts[$1.value.account] ?? 0)
                return (-left, $0.value.number) < (-right, $1.value.number)
            }?.key
        }
    }

    private let maximum: Int
    private let maximumPerAddress: Int
    private let metrics: Metrics
    private let state = Mutex(State())

    init(_ limits: ConnectionLimits, metrics: Metrics) {
        (maximum, maximumPerAddress, self.metrics) = (limits.maximum, limits.maximumPerAddress, metrics)
    }

    /// Adds a connection, and closes one without a key if there are too many. It closes the new one itself if all
    /// others of its address have keys.
    ///
    /// - Parameter address: the client's address from ``key(ofAddress:)``.
    func open(_ id: ID, address: String?, close: @escaping @Sendable () -> Void) {
        let dropped = state.withLock { state in
            state.number += 1
            state.withoutKey += 1
            state.connections[id] = Connection(number: state.number, address: address, close: close)
            var dropped: [Connection?] = []
            if let address, state.connections.count(where: { $0.value.address == address }) > maximumPerAddress {
                dropped.append(state.removeFirst(of: address, but: id) ?? state.remove(id))
            }
            if state.connections.count > maximum {
                dropped.append(state.removeFirst(of: nil, but: id) ?? state.firstIdle.flatMap { state.remove($0) })
            }
            return dropped.compactMap { $0 }
        }
        for connection in dropped {
            metrics.connectionDropped()
            connection.close()
        }
    }

    func close(_ id: ID) { state.withLock { _ = $0.remove(id) } }

    func beginRequest(_ id: ID, showsKey: Bool) { set(id, showsKey ? .requestWithKey : .request) }
    func endRequest(_ id: ID) { set(id, .idle) }

    private func set(_ id: ID, _ use: Use) { state.withLock { $0.connections[id]?.use = use } }

    /// Records that a request with a valid key came over the connection.
    func recordKey(_ id: ID, of account: String) {
        state.withLock { state in
            guard state.connections[id]?.hasKey == false else { return }
            state.connections[id]?.account = account
            state.withoutKey -= 1
        }
    }

    /// The part of an address that connections of one client share: the whole address for IPv4, the /64 network for
    /// IPv6. Nil for loopback, where a proxy or many users of this machine connect from.
    static func key(ofAddress address: String?) -> String? {
        guard let address, !HostNames.isLoopback(address) else { return nil }
        var six = in6_addr()
        guard inet_pton(AF_INET6, address, &six) == 1 else { return address }
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return isMapped ? bytes.suffix(4).map(String.init).joined(separator: ".") : "\(bytes.prefix(8))"
    }
}

/// Decides whether the server accepts another connection. It counts the accepted ones itself, because it is asked
/// before each accept.
struct ConnectionAdmission: AvailableConnectionsDelegate {
    let table: ConnectionTable

    func connectionOpened() { table.countAccepted(1) }
    func connectionClosed() { table.countAccepted(-1) }
    func isAcceptingNewConnections() -> Bool { table.hasRoom }
}

extension ConnectionTable {
    fileprivate func countAccepted(_ change: Int) { state.withLock { $0.accepted += change } }

    /// Whether there is room for another connection, or one that can be closed for it.
    var hasRoom: Bool {
        state.withLock { $0.accepted < maximum || $0.withoutKey > 0 || $0.firstIdle != nil }
    }
}
