import BoxModel
import Glibc

/// Which shell a run belongs to: its session's leader, and when that was started, since process ids come again.
public struct ShellSession: Sendable, Equatable {
    let leader: Int32
    private let known: String?

    /// A session that isn't this process's.
    public init(leader: Int32, started: String) {
        self.leader = leader
        known = started
    }

    /// This process's. Most runs never ask when it was started.
    private init(leader: Int32) {
        self.leader = leader
        known = nil
    }

    static func live() -> ShellSession {
        let leader = getsid(0)
        return ShellSession(leader: leader > 0 ? leader : oldestVisible())
    }

    /// In a container that was entered (`nsenter`, `unshare --pid`) the leader may be outside of our process namespace: its id is 0
    /// then. The first of the session's processes in here takes its place, which `timeout box` and `(box)` have in common.
    private static func oldestVisible() -> Int32 {
        var oldest = getpid()
        while let parent = parent(of: oldest), parent > 0, getsid(parent) == 0 { oldest = parent }
        // Alone, such as in the background of a shell that has ended.
        return oldest == getpid() ? getppid() : oldest
    }

    private static func parent(of process: Int32) -> Int32? {
        status(of: process, field: 4).flatMap { Int32($0) }
    }

    /// In clock ticks since the machine's start, as in proc(5).
    private var started: String { known ?? Self.startTime(of: leader) ?? "0" }

    static func startTime(of process: Int32) -> String? { status(of: process, field: 22) }

    /// A field of /proc/PID/stat, numbered as in proc(5), after the second: the name in brackets, which may hold anything.
    private static func status(of process: Int32, field number: Int) -> String? {
        guard let bytes = try? Files.read("/proc/\(process)/stat") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        return fields.count > number - 3 ? String(fields[number - 3]) : nil
    }

    var key: String { "\(leader)-\(started)" }

    /// Whether a key is of a session that has ended.
    static func hasEnded(_ key: String) -> Bool {
        let parts = key.split(separator: "-")
        guard parts.count == 2, let leader = Int32(parts[0]) else { return true }
        return startTime(of: leader) != String(parts[1])
    }
}

/// Remembers the last box that was made in each shell, for the word `current`.
struct CurrentBox: Sendable, Equatable {
    let directory: String
    /// What is there already: a home directory isn't made.
    let base: String
    let session: ShellSession

    private var path: String { "\(directory)/\(session.key)" }

    /// - Throws: when something else than a file is in its place.
    func load() throws -> String? {
        guard let bytes = try Files.readOwn(path, maximum: 1024) else { return nil }
        let id = Settings.trimmed(String(decoding: bytes, as: UTF8.self))
        return ServerForm.isID(id) ? id : nil
    }

    /// A failure is no reason for the command to fail: the box is there, only the word isn't.
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
