import Glibc

/// The SSH connections of a forwarder: the main one, and more while requests to open a channel have to wait for each
/// other's answers.
final class ConnectionPool {
    let main: PooledConnection
    private(set) var all: [PooledConnection]
    private var underWay: [SSHConnecting] = []
    /// After a failure, no new connection is made before this monotonic time.
    private var growsAgain = 0.0
    private var idleChecked = 0.0

    private static let most = 16
    /// How many connections may be in progress for each existing connection.
    private static let growth = 3
    /// An opening that takes longer has a long round trip or a slow destination; in seconds.
    private static let slowAnswer = 0.01
    /// How long one destination may block a connection once the pool is full, in seconds.
    private static let stuckTimeout = 5.0
    /// A connection is closed after it carried nothing for this many seconds.
    private static let idleLimit = 30.0

    init(_ connection: SSHConnection) throws(SSHError) {
        main = try PooledConnection(connection)
        all = [main]
    }

    /// The descriptors that poll(2) must watch for connections in progress.
    var descriptors: [Int32] { underWay.map(\.fd) }

    /// Whether a connection may open more channels. The main connection can't be dropped when a destination doesn't
    /// answer, so it opens none while there are others.
    func acceptsRequests(_ pooled: PooledConnection) -> Bool { pooled !== main || all.count == 1 }

    /// The milliseconds until ``grow(waiting:)`` or ``stuck(waiting:inUse:)`` must be called again; nil for never.
    func nextChange(waiting: Int) -> Int? {
        let now = monotonicSeconds()
        if waiting > 0, all.count == Self.most {
            let first = all.dropFirst().compactMap(\.openingSince).filter { now - $0 < Self.stuckTimeout }.min()
            return first.map { Int(($0 + Self.stuckTimeout - now) * 1000) + 1 }
        }
        guard wanted(waiting) > 0 else { return nil }
        guard now >= growsAgain else { return Int((growsAgain - now) * 1000) + 1 }
        let latest = all.filter(acceptsRequests).map { $0.openingSince ?? now }.max() ?? now
        return Int(max(latest + Self.slowAnswer - now, 0) * 1000) + 1
    }

    private func wanted(_ waiting: Int) -> Int {
        min(waiting, all.count * Self.growth, Self.most - all.count) - underWay.count
    }

    /// Starts more connections for the waiting requests while every connection in the pool is blocked.
    func grow(waiting: Int) {
        let now = monotonicSeconds()
        let isHeldUp = all.filter(acceptsRequests).allSatisfy {
            $0.openingSince.map { now - $0 > Self.slowAnswer } ?? false
        }
        guard isHeldUp, now >= growsAgain else { return }
        for _ in 0..<max(wanted(waiting), 0) {
            let connecting = try? SSHConnecting(to: main.connection.target) { connection throws(SSHError) in
                try connection.openIdleChannel()
            }
            guard let connecting else { return pauseGrowing() }
            underWay.append(connecting)
        }
    }

    func adoptConnected() {
        underWay.removeAll { connecting in
            switch connecting.take() {
            case nil: return false
            case .success(let connection)?:
                if let pooled = try? PooledConnection(connection) { all.append(pooled) }
            case .failure?: pauseGrowing()
            }
            return true
        }
    }

    /// The connections that only wait for a destination that doesn't answer, when others wait and the pool is full.
    ///
    /// sshd stops connecting to the destination when such a connection is closed.
    func stuck(waiting: Int, inUse: @autoclosure () -> [SSHConnection]) -> [PooledConnection] {
        guard waiting > 0, all.count == Self.most else { return [] }
        let now = monotonicSeconds()
        let late = all.dropFirst().filter { $0.openingSince.map { now - $0 >= Self.stuckTimeout } ?? false }
        guard !late.isEmpty else { return [] }
        let used = Set(inUse().map(ObjectIdentifier.init))
        return late.filter { !used.contains(ObjectIdentifier($0.connection)) }
    }

    func remove(_ pooled: PooledConnection) { all.removeAll { $0 === pooled } }

    /// Closes connections that were idle for a while.
    func shrink(inUse: () -> [SSHConnection]) {
        let now = monotonicSeconds()
        guard all.count > 1, now - idleChecked > Self.idleLimit / 4 else { return }
        idleChecked = now
        let used = Set(inUse().map(ObjectIdentifier.init))
        for pooled in all where pooled.openingSince != nil || used.contains(ObjectIdentifier(pooled.connection)) {
            pooled.idleSince = now
        }
        all.removeAll { $0 !== main && now - $0.idleSince > Self.idleLimit }
    }

    private func pauseGrowing() { growsAgain = monotonicSeconds() + 10 }
}
