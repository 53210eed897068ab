/// What an engine knows of the disk that all machines share.
public struct StorageState: Sendable, Equatable {
    public enum Level: Sendable, Equatable {
        case ample
        /// New machines are better not started, and what fills the disk is paused.
        case low
        /// So little is left that the server lives on its reserve.
        case full
    }

    public var level: Level
    /// In bytes, for boxd itself.
    public var free: Int
    public var total: Int
    /// Running machines that are paused, because they were filling the disk. They go on when there is space again.
    public var paused: Set<String>

    public init(level: Level = .ample, free: Int = 0, total: Int = 0, paused: Set<String> = []) {
        (self.level, self.free, self.total, self.paused) = (level, free, total, paused)
    }
}

/// How much disk one machine takes.
public struct DiskUse: Sendable, Equatable {
    /// In bytes: what the machine wrote, without the image and what it shares with the machine that it was forked from.
    public var used: Int
    /// In bytes; nil where nothing limits a single machine.
    public var limit: Int?

    public init(used: Int, limit: Int? = nil) { (self.used, self.limit) = (used, limit) }
}

/// Keeping the shared disk from being filled by one machine.
public protocol MachineStorage: Sendable {
    /// Looks at the disk, pauses machines that are about to fill it, and lets them go on when there is space again. Called a few times a
    /// second, so it is cheap while there is space.
    func checkStorage() async -> StorageState

    /// Nil before it was measured for the first time.
    func diskUse(of id: String) async -> DiskUse?
}
