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
        // A leader outside of our process namespace is 0: then the parent has to do.
        let session = getsid(0)
        return ShellSession(leader: session > 0 ? session : getppid())
    }

    /// In clock ticks since the machine's start, as in proc(5).
    private var started: String { known ?? Self.startTime(of: leader) ?? "0" }

    /// The 22nd field of /proc/PID/stat, counted after the name in brackets, which may hold anything.
    static func startTime(of process: Int32) -> String? {
        guard let bytes = try? Files.read("/proc/\(process)/stat") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        return fields.count > 19 ? String(fields[19]) : nil
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
