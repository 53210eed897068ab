import Glibc

/// The SSH connections of a forwarder: the first one, and more for as long as openings have to wait for each other's answers.
final class ConnectionPool {
    let main: PooledConnection
    private(set) var all: [PooledConnection]
    private var underWay: [SSHConnecting] = []
    /// Since another connection failed, nobody tries until this monotonic time.
    private var growsAgain = 0.0
    private var idleChecked = 0.0

    private static let most = 16
    /// So many new ones are made at a time for each that is held up.
    private static let growth = 3
    /// An answer that takes longer comes from afar, or from a slow destination; in seconds.
    private static let slowAnswer = 0.01
    /// How long a destination may keep a connection when there can be no more, in seconds.
    private static let stuckTimeout = 5.0
    /// Seconds without a connection after which one is closed.
    private static let idleLimit = 30.0

    init(_ connection: SSHConnection) throws(SSHError) {
        main = try PooledConnection(connection)
        all = [main]
    }

    /// What poll(2) has to watch for a new connection.
    var descriptors: [Int32] { underWay.map(\.fd) }

    /// The first one can't be thrown away when a destination doesn't answer, so it takes nobody while there are others.
    func acceptsRequests(_ pooled: PooledConnection) -> Bool { pooled !== main || all.count == 1 }

    /// So many milliseconds from now it has to be asked again whether to grow, or who is stuck; nil for never.
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

    /// Makes connections for those who wait while each in the pool is held up.
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

    /// Those that only wait for a destination that doesn't answer, when others wait and there can be no more pool. Its
    /// sshd gives up the destination when the connection ends.
    func stuck(waiting: Int, inUse: @autoclosure () -> [SSHConnection]) -> [PooledConnection] {
        guard waiting > 0, all.count == Self.most else { return [] }
        let now = monotonicSeconds()
        let late = all.dropFirst().filter { $0.openingSince.map { now - $0 >= Self.stuckTimeout } ?? false }
        guard !late.isEmpty else { return [] }
        let used = Set(inUse().map(ObjectIdentifier.init))
        return late.filter { !used.contains(ObjectIdentifier($0.connection)) }
    }

    func remove(_ pooled: PooledConnection) { all.removeAll { $0 === pooled } }

    /// Closes connections that nobody used for a while.
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
