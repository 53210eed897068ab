import BoxClient
import BoxModel
import Glibc
import Synchronization
import Testing

@testable import BoxCLI

/// The dependencies of one test: a scratch home directory, a scripted server, and the recorded output.
final class CLIFixture: Sendable {
    let home: String
    let transport = ScriptedTransport()
    let processes = ScriptedProcesses()
    let ssh = ScriptedSSH()
    let out = BufferSink()
    let err = BufferSink()
    private let fixture: Mutex<Dependencies>

    /// - Parameter loggedIn: whether a key and server are in the environment.
    init(loggedIn: Bool = true) {
        var template = Array("/tmp/box-cli-tests-XXXXXX".utf8CString)
        home = String(cString: mkdtemp(&template))
        var environment = ["HOME": home, "TERM": "xterm"]
        if loggedIn {
            environment["BOX_API_KEY"] = "box_key"
            environment["BOX_API_URL"] = "http://127.0.0.1:7070"
        }
        fixture = Mutex(
            Dependencies(
                environment: environment, terminal: Terminal(), input: TypedInput(""), stdout: out, stderr: err,
                transport: transport, session: ShellSession(leader: getpid(), started: "1"),
                now: { Timestamp(milliseconds: 1_779_984_033_143) }, pause: { _ in }, processes: processes, ssh: ssh,
                machine: "laptop"))
    }

    deinit { Self.remove(home) }

    private static func remove(_ path: String) {
        for name in Files.names(in: path) { remove("\(path)/\(name)") }
        if rmdir(path) != 0 { unlink(path) }
    }

    var current: Dependencies { fixture.withLock { $0 } }
    func change(_ change: (inout Dependencies) -> Void) { fixture.withLock { change(&$0) } }
    func set(_ variable: String, _ value: String?) { change { $0.environment[variable] = value } }
    func type(_ text: String) { change { $0.input = TypedInput(text) } }

    /// Puts all three streams on a terminal of 80 columns.
    func useTerminal() {
        change {
            $0.terminal = Terminal(stdinIsTerminal: true, stdoutIsTerminal: true, stderrIsTerminal: true, width: 80)
        }
        set("NO_COLOR", "1")
        set("TERM", "dumb")
    }

    /// Runs one command line and replaces the recorded output. The whole script must be used.
    @discardableResult
    func run(_ arguments: String...) async -> Int32 { await run(arguments) }

    @discardableResult
    func run(_ arguments: [String]) async -> Int32 {
        out.clear()
        err.clear()
        let status = await CLI.run(arguments, in: fixture.withLock { $0 })
        if !transport.unused.isEmpty { Issue.record("not requested: \(transport.unused)") }
        return status.rawValue
    }

    /// The problem with the arguments by stderr, without the prefix and the next step.
    var usageProblem: String? {
        guard let line = err.lines.first, line.hasPrefix("error: "), let end = line.firstRange(of: "; run `box ") else {
            return nil
        }
        return String(line[..<end.lowerBound].dropFirst("error: ".count))
    }

    var configPath: String { home + "/.config/ascii/box/config.json" }

    func writeConfig(_ text: String) throws {
        try Files.makeDirectory(home + "/.config/ascii/box")
        try Files.replace(configPath, with: Array(text.utf8))
    }

    func readConfig() throws -> JSON? { try Files.read(configPath).map { try JSON.parse($0) } }
}

/// Records what is written to it. It can be set to fail.
final class BufferSink: ByteSink {
    private struct State {
        var writes: [[UInt8]] = []
        var failure: Int32?
    }

    private let state = Mutex(State())

    var bytes: [UInt8] { Array(state.withLock { $0.writes.joined() }) }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    /// Each write separately.
    var writes: [String] { state.withLock { $0.writes.map { String(decoding: $0, as: UTF8.self) } } }

    func clear() { state.withLock { $0.writes = [] } }
    func fail(with code: Int32) { state.withLock { $0.failure = code } }

    func write(_ bytes: [UInt8]) throws {
        try state.withLock { state in
            if let code = state.failure { throw SinkError(code: code) }
            state.writes.append(bytes)
        }
    }
}

/// Input that is typed or piped in.
struct TypedInput: InputSource {
    let bytes: [UInt8]
    init(_ text: String) { bytes = Array(text.utf8) }
    init(bytes: [UInt8]) { self.bytes = bytes }

    func readToEnd() -> [UInt8] { bytes }
    func readLine() -> String? { String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) }
    func readSecret() -> String? { readLine() }
}
