import Glibc

/// The SSH connections of a forwarder: the first one, and more for as long as openings have to wait for each other's answers.
final class ForwardLanes {
    let main: ForwardLane
    private(set) var all: [ForwardLane]
    private var underWay: [SSHConnecting] = []
    /// Since another connection failed, nobody tries until this monotonic time.
    private var growsAgain = 0.0
    private var idleChecked = 0.0

    private static let most = 16
    /// So many new ones are made at a time for each that is held up.
    private static let growth = 3
    /// An answer that takes longer comes from afar, or from a slow destination; in seconds.
    private static let patience = 0.01
    /// How long a destination may keep a lane when there are no more, in seconds.
    private static let scarcePatience = 5.0
    /// Seconds without a connection after which a lane is given up.
    private static let idleLimit = 30.0

    init(_ connection: SSHConnection) throws(SSHError) {
        main = try ForwardLane(connection)
        all = [main]
    }

    /// What poll(2) has to watch for a new lane.
    var descriptors: [Int32] { underWay.map(\.fd) }

    /// The first one can't be thrown away when a destination doesn't answer, so it takes nobody while there are others.
    func takesNew(_ lane: ForwardLane) -> Bool { lane !== main || all.count == 1 }

    /// So many milliseconds from now it has to be asked again whether to grow, or who is stuck; nil for never.
    func nextChange(waiting: Int) -> Int? {
        let now = monotonicSeconds()
        if waiting > 0, all.count == Self.most {
            let first = all.dropFirst().compactMap(\.openingSince).filter { now - $0 < Self.scarcePatience }.min()
            return first.map { Int(($0 + Self.scarcePatience - now) * 1000) + 1 }
        }
        guard wanted(waiting) > 0 else { return nil }
        guard now >= growsAgain else { return Int((growsAgain - now) * 1000) + 1 }
        let latest = all.filter(takesNew).map { $0.openingSince ?? now }.max() ?? now
        return Int(max(latest + Self.patience - now, 0) * 1000) + 1
    }

    private func wanted(_ waiting: Int) -> Int {
        min(waiting, all.count * Self.growth, Self.most - all.count) - underWay.count
    }

    /// Makes connections for those who wait while every lane is held up.
    func grow(waiting: Int) {
        let now = monotonicSeconds()
        let isHeldUp = all.filter(takesNew).allSatisfy { $0.openingSince.map { now - $0 > Self.patience } ?? false }
        guard isHeldUp, now >= growsAgain else { return }
        for _ in 0..<max(wanted(waiting), 0) {
            let connecting = try? SSHConnecting(to: main.connection.target) { connection throws(SSHError) in
                try connection.openAnchor()
            }
            guard let connecting else { return pauseGrowing() }
            underWay.append(connecting)
        }
    }

    func takeNew() {
        underWay.removeAll { connecting in
            switch connecting.take() {
            case nil: return false
            case .success(let connection)?:
                if let lane = try? ForwardLane(connection) { all.append(lane) }
            case .failure?: pauseGrowing()
            }
            return true
        }
    }

    /// Those that only wait for a destination that doesn't answer, when others wait and there can be no more lanes. Its
    /// sshd gives up the destination when the connection ends.
    func stuck(waiting: Int, inUse: @autoclosure () -> [SSHConnection]) -> [ForwardLane] {
        guard waiting > 0, all.count == Self.most else { return [] }
        let now = monotonicSeconds()
        let late = all.dropFirst().filter { $0.openingSince.map { now - $0 >= Self.scarcePatience } ?? false }
        guard !late.isEmpty else { return [] }
        let used = Set(inUse().map(ObjectIdentifier.init))
        return late.filter { !used.contains(ObjectIdentifier($0.connection)) }
    }

    func remove(_ lane: ForwardLane) { all.removeAll { $0 === lane } }

    /// Gives up lanes that nobody used for a while.
    func shrink(inUse: () -> [SSHConnection]) {
        let now = monotonicSeconds()
        guard all.count > 1, now - idleChecked > Self.idleLimit / 4 else { return }
        idleChecked = now
        let used = Set(inUse().map(ObjectIdentifier.init))
        for lane in all where lane.openingSince != nil || used.contains(ObjectIdentifier(lane.connection)) {
            lane.idleSince = now
        }
        all.removeAll { $0 !== main && now - $0.idleSince > Self.idleLimit }
    }

    private func pauseGrowing() { growsAgain = monotonicSeconds() + 10 }
}
