import BoxModel
import BoxSystem
import Glibc

/// Identifies the shell that a run belongs to: its session leader and that process's start time, since process ids are
/// reused.
public struct ShellSession: Sendable, Equatable {
    let leader: Int32
    private let known: String?

    /// Creates a session other than this process's.
    public init(leader: Int32, started: String) {
        self.leader = leader
        known = started
    }

    /// Creates this process's session. Its start time is read only when needed, since most runs don't need it.
    private init(leader: Int32) {
        self.leader = leader
        known = nil
    }

    static func live() -> ShellSession {
        let leader = getsid(0)
        return ShellSession(leader: leader > 0 ? leader : oldestVisible())
    }

    /// The oldest visible process of the session, which takes the leader's role.
    ///
    /// In a container that was entered (`nsenter`, `unshare --pid`) the leader may be outside our process namespace,
    /// and then its id is 0. `timeout box` and `(box)` share this oldest process.
    private static func oldestVisible() -> Int32 {
        var oldest = getpid()
        while let parent = ProcessStatus(of: oldest)?.parent, parent > 0, getsid(parent) == 0 { oldest = parent }
        // This process is alone, such as in the background of a shell that has ended.
        return oldest == getpid() ? getppid() : oldest
    }

    /// In clock ticks since boot, as in proc(5).
    private var started: String { known ?? Self.startTime(of: leader) ?? "0" }

    static func startTime(of process: Int32) -> String? {
        ProcessStatus(of: process)?.startTime.map { String($0) }
    }

    var key: String { "\(leader)-\(started)" }

    /// Whether the session of a key has ended.
    static func hasEnded(_ key: String) -> Bool {
        let parts = key.split(separator: "-")
        guard parts.count == 2, let leader = Int32(parts[0]) else { return true }
        return startTime(of: leader) != String(parts[1])
    }
}

/// Stores the last box that was created in each shell, for the word `current`.
struct CurrentBox: Sendable, Equatable {
    let directory: String
    /// A directory that must already exist, because a home directory isn't created.
    let base: String
    let session: ShellSession

    private var path: String { "\(directory)/\(session.key)" }

    /// - Throws: when something other than a file is at the path.
    func load() throws -> String? {
        guard let bytes = try Files.readOwn(path, maximum: 1024) else { return nil }
        let id = Settings.trimmed(String(decoding: bytes, as: UTF8.self))
        return ServerForm.isID(id) ? id : nil
    }

    /// Stores a box's id. A failure isn't reported, because the box exists and only `current` won't work.
    func save(_ id: String) {
        guard Files.canHold(path, below: base) else { return }
        try? Files.makeDirectory(directory)
        for name in Files.names(in: directory) where ShellSession.hasEnded(name) { unlink("\(directory)/\(name)") }
        try? Files.replace(path, with: Array("\(id)\n".utf8))
    }

    func forget(_ id: String) {
        if (try? load()) == id { unlink(path) }
    }
}
