import BoxEngine

/// Decides from how much is free, and who wrote how much since the last look, who is paused and what becomes of the reserve.
///
///     ample ── less than the reserve's size is free ──► low ── less than a quarter of it ──► full
///       ▲                                                 │                                   │
///       └──────────── twice the reserve's size is free, with the reserve taken again ─────────┘
struct DiskPressure: Sendable, Equatable {
    /// In bytes: what writes less than that isn't what fills a disk.
    static let harmlessWriting = 256 << 10

    private(set) var level = StorageState.Level.ample
    /// In bytes by machine, since the looks that found too little space began. Two looks can be so close that even the fastest writer has
    /// written little in between.
    private var written: [String: Int] = [:]
    private var paused: Set<String> = []
    /// At the last look that found too little space.
    private var free: Int?
    /// In bytes, since then: what was taken of the disk and written by nobody. fallocate(2) and new directories count for no process.
    private var unexplained = 0

    struct Decision: Equatable {
        var pause: Set<String> = []
        /// Whether those who are paused are all that run, because nobody is known to fill the disk.
        var isSuspicion = false
        var resumesAll = false
        var releasesReserve = false
        var takesReserve = false
    }

    /// - Parameters:
    ///   - written: bytes by machine since the last look.
    ///   - reserve: its size in bytes.
    ///   - isReserved: whether the space is taken now.
    mutating func look(at space: DiskSpace, reserve: Int, isReserved: Bool, written: [String: Int]) -> Decision {
        var decision = Decision()
        let needed = level == .ample ? reserve : 2 * reserve + (isReserved ? 0 : reserve)
        if space.free >= needed {
            decision.resumesAll = level != .ample
            decision.takesReserve = !isReserved
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

    /// The machine isn't paused, though it was to be. What it has written still counts, so that a later look may pause it.
    mutating func isNotPaused(_ id: String) { paused.remove(id) }

    /// Looks at a machine anew that was stopped.
    mutating func forget(_ id: String) {
        paused.remove(id)
        written[id] = nil
    }

    /// Whether it is worth knowing who writes what: there is time for a coarser look while much is free.
    static func isNear(_ space: DiskSpace, reserve: Int) -> Bool { space.free < 8 * reserve }
}
