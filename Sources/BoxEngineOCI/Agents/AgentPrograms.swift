import BoxEngine
import FoundationEssentials
import Glibc
import HostTools

/// The coding agents' programs, which all machines of a host share, read-only, as ``AgentDirectory/path``.
///
///     agents/<version>/         one set of versions: `bin`, and the packages that it points into
///     agents/current            the set that machines use
///
/// It is a directory and not a layer of every machine's overlay, so that running machines get the programs as soon as
/// it is filled. See Docs/Decisions/0013-agents.md.
public struct AgentPrograms: Sendable {
    /// A wheel, the command name of its program, and the program's path in the wheel.
    private typealias Entry = (wheel: PythonWheel, program: (name: String, path: String))

    private static let entries: [Entry] = [
        (
            PythonWheel(
                name: "openai-codex-cli-bin", version: "0.163.0",
                digests: [
                    "x86_64": "76db41fb07fdf9ddacbe892b48d21dfde270031ec0f5666b5e558114355f006d",
                    "aarch64": "bb2b0d117eeb02608738cf2bcdf51f6a036343d0028272e11a94e72b0d23b141",
                ]), ("codex", "codex_cli_bin/bin/codex")
        ),
        (
            PythonWheel(
                name: "claude-agent-sdk", version: "0.2.187",
                digests: [
                    "x86_64": "693132296d1ffca857b5d393e449fd138a89bd08024d9a3e519615ba4040d9c3",
                    "aarch64": "3f9f9de8676779af46a0ae49a9dafb9934ea8bd9526a0cd60cc86cde787eee41",
                ]), ("claude", "claude_agent_sdk/_bundled/claude")
        ),
    ]

    /// The name of the set that this version of boxd uses.
    static let version = entries.map { "\($0.program.name)-\($0.wheel.version)" }.joined(separator: "_")

    private let directory: String

    /// - Parameter directory: must exist as long as machines run.
    init(directory: String) { self.directory = directory }

    public init(dataDirectory: String) {
        directory = OCIEngineConfiguration(dataDirectory: dataDirectory).agentsDirectory
    }

    /// Whether machines have the programs of this version.
    public var areInstalled: Bool { HostFiles.exists("\(directory)/\(Self.version)") && current == Self.version }

    /// The name of the set that machines use, or nil when there is none yet.
    public var current: String? { HostFiles.linkTarget("\(directory)/current") }

    /// Downloads the programs from PyPI, or from where the host's pip is configured to look, and makes them current.
    ///
    /// - Throws: ``EngineError`` when the download fails or a digest differs from the known one.
    public func install() async throws {
        try HostFiles.makeDirectory(directory, mode: 0o755)
        for leftover in try HostFiles.list(directory) where leftover.hasPrefix(".building-") {
            try HostFiles.removeTree("\(directory)/\(leftover)")
        }
        let partial = "\(directory)/.building-\(getpid())"
        defer { try? HostFiles.removeTree(partial) }
        try HostFiles.makeDirectory(partial)
        try await download(into: partial)
        if !HostFiles.exists("\(directory)/\(Self.version)") {
            try HostFiles.rename("\(partial)/set", to: "\(directory)/\(Self.version)")
        }
        // The previous set is kept, because agents may still run from it.
        let kept = [Self.version, current, "current"]
        try HostFiles.link(Self.version, at: "\(directory)/current")
        for name in try HostFiles.list(directory) where !kept.contains(name) {
            try HostFiles.removeTree("\(directory)/\(name)")
        }
    }

    private func download(into partial: String) async throws {
        try await PythonWheel.fetch(Self.entries.map(\.wheel), into: partial, for: "the agents' programs")
        let set = "\(partial)/set"
        try HostFiles.makeDirectory("\(set)/bin", mode: 0o755)
        for (_, program) in Self.entries {
            try await Tool.run("chmod", ["-R", "a+x", "\(set)/\(program.path.parentPath)"])
            try HostFiles.link("../\(program.path)", at: "\(set)/bin/\(program.name)")
        }
        for helper in ["codex_cli_bin/codex-path", "codex_cli_bin/codex-resources"] {
            try await Tool.run("chmod", ["-R", "a+x", "\(set)/\(helper)"])
        }
        HostFiles.sync(fileSystemOf: set)
    }
}

extension String {
    /// The path before its last slash.
    fileprivate var parentPath: String { String(self[..<(lastIndex(of: "/") ?? startIndex)]) }
}
