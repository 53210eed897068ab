/// The state of the disk that all machines share, as the engine records it.
public struct StorageState: Sendable, Equatable {
    public enum Level: Sendable, Equatable {
        case ample
        /// New machines shouldn't be started, and machines that fill the disk are paused.
        case low
        /// So little is left that the server uses its reserve.
        case full
    }

    public var level: Level
    /// In bytes, for boxd itself.
    public var free: Int
    public var total: Int
    /// Running machines that are paused because they were filling the disk. They are resumed when there is space again.
    public var paused: Set<String>

    public init(level: Level = .ample, free: Int = 0, total: Int = 0, paused: Set<String> = []) {
        (self.level, self.free, self.total, self.paused) = (level, free, total, paused)
    }
}

/// The disk use of one machine.
public struct DiskUse: Sendable, Equatable {
    /// In bytes: what the machine wrote, without the image and without what it shares with the machine that it was
    /// forked from.
    public var used: Int
    /// In bytes; nil where no limit applies to a single machine.
    public var limit: Int?

    public init(used: Int, limit: Int? = nil) { (self.used, self.limit) = (used, limit) }
}

/// Prevents a single machine from filling the shared disk.
public protocol MachineStorage: Sendable {
    /// Checks the disk. It pauses machines that are about to fill it, and resumes them when there is space again. It is
    /// called a few times a second, so it is cheap while there is space.
    func checkStorage() async -> StorageState

    /// The disk use of a machine; nil before its first measurement.
    func diskUse(of id: String) async -> DiskUse?
}
