import BoxEngine

/// Decides which machines are paused and what happens to the reserve. It decides by the free space and by how much each
/// machine wrote since the last check.
///
///     ample ── less than the reserve's size is free ──► low ── less than a quarter of it ──► full
///       ▲                                                 │                                   │
///       └──────────── twice the reserve's size is free, with the reserve taken again ─────────┘
struct DiskPressure: Sendable, Equatable {
    /// In bytes. A machine that wrote less isn't the one that fills the disk.
    static let harmlessWriting = 256 << 10

    private(set) var level = StorageState.Level.ample
    /// Bytes written by each machine, since the first of the checks that found too little space. Two checks can be so
    /// close that even the fastest writer has written little in between.
    private var written: [String: Int] = [:]
    private var paused: Set<String> = []
    /// The free space at the last check that found too little.
    private var free: Int?
    /// The bytes since then that left the free space without a write by any machine. fallocate(2) and new directories
    /// don't count as writes of a process.
    private var unexplained = 0

    struct Decision: Equatable {
        var pause: Set<String> = []
        /// Whether all running machines are paused, because it isn't known which one fills the disk.
        var isSuspicion = false
        var resumesAll = false
        var releasesReserve = false
        var allocatesReserve = false
    }

    /// - Parameters:
    ///   - written: bytes by machine since the last check.
    ///   - reserve: the reserve's size in bytes.
    ///   - isReserved: whether the reserve is taken now.
    mutating func look(at space: DiskSpace, reserve: Int, isReserved: Bool, written: [String: Int]) -> Decision {
        var decision = Decision()
        let needed = level == .ample ? reserve : 2 * reserve + (isReserved ? 0 : reserve)
        if space.free >= needed {
            decision.resumesAll = level != .ample
            decision.allocatesReserve = !isReserved
            self = DiskPressure()
            return decision
        }
        self.written.merge(written, uniquingKeysWith: +)
        unexplained += max(0, (free ?? space.free) - space.free - written.values.reduce(0, +))
        free = space.free
        let candidates = self.written.filter { !paused.contains($0.key) }
        let sum = candidates.values.reduce(0, +)
        decision.pause = Set(candidates.filter { $0.value >= max(Self.harmlessWriting, sum / 5) }.keys)
        let isLastMoment = isReserved && space.free < reserve / 4 && paused.isEmpty
        if decision.pause.isEmpty, isLastMoment || unexplained >= reserve / 8 {
            (decision.pause, unexplained) = (Set(candidates.keys), 0)
            decision.isSuspicion = !decision.pause.isEmpty
        }
        paused.formUnion(decision.pause)
        if level == .ample { level = .low }
        if isReserved, space.free < reserve / 4 {
            decision.releasesReserve = true
            level = .full
        } else if !isReserved {
            level = .full
        }
        return decision
    }

    /// Records that a machine couldn't be paused. Its writes still count, so that a later check may pause it.
    mutating func isNotPaused(_ id: String) { paused.remove(id) }

    /// Removes what was recorded of a machine that was stopped.
    mutating func forget(_ id: String) {
        paused.remove(id)
        written[id] = nil
    }

    /// Whether writes must be measured at every check. A coarser interval is enough while much is free.
    static func isNear(_ space: DiskSpace, reserve: Int) -> Bool { space.free < 8 * reserve }
}
