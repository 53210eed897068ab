import BoxArguments
import BoxClient
import BoxModel
import BoxSSH

/// What a run gets from outside. Tests give their own; nothing else in this module reads the process's globals.
public struct World: Sendable {
    public var environment: [String: String]
    public var terminal: Terminal
    public var input: any InputSource
    public var stdout: any ByteSink
    public var stderr: any ByteSink
    public var transport: any HTTPTransport
    public var session: ShellSession
    public var now: @Sendable () -> Timestamp
    public var pause: @Sendable (Duration) async throws -> Void
    public var processes: any ProcessControl
    public var ssh: any SSHService
    /// This machine's name, for people elsewhere.
    public var machine: String

    public init(
        environment: [String: String], terminal: Terminal, input: any InputSource, stdout: any ByteSink,
        stderr: any ByteSink, transport: any HTTPTransport, session: ShellSession,
        now: @escaping @Sendable () -> Timestamp, pause: @escaping @Sendable (Duration) async throws -> Void,
        processes: any ProcessControl, ssh: any SSHService, machine: String
    ) {
        self.environment = environment
        self.terminal = terminal
        self.input = input
        self.stdout = stdout
        self.stderr = stderr
        self.transport = transport
        self.session = session
        self.now = now
        self.pause = pause
        self.processes = processes
        self.ssh = ssh
        self.machine = machine
    }
}

/// The options that every command takes.
struct GlobalOptions: Sendable, Equatable {
    var json = false
    var apiURL: String?
    var color = ColorChoice.auto
    var isVerbose = false

    init(_ parsed: ParsedCommand? = nil) {
        guard let parsed else { return }
        json = parsed.has("json")
        apiURL = parsed.value("api-url")
        color = parsed.value("color").flatMap(ColorChoice.init(rawValue:)) ?? .auto
        isVerbose = parsed.has("verbose")
    }
}

/// Everything that a command may use.
struct Context: Sendable {
    let world: World
    let globals: GlobalOptions
    let emitter: Emitter
    let paths: Paths

    init(world: World, globals: GlobalOptions) {
        self.world = world
        self.globals = globals
        let terminal = world.terminal
        func style(_ isTerminal: Bool) -> Style {
            Style(globals.color, isTerminal: isTerminal, environment: world.environment)
        }
        emitter = Emitter(
            mode: globals.json ? .json : .human, stdout: world.stdout, stderr: world.stderr,
            style: style(terminal.stdoutIsTerminal), errorStyle: style(terminal.stderrIsTerminal),
            terminal: terminal, showsStatus: terminal.stderrIsTerminal && world.environment["TERM"] != "dumb")
        paths = Paths(environment: world.environment)
    }

    var config: ConfigStore { ConfigStore(path: paths.config) }
    var currentBox: CurrentBox { CurrentBox(folder: paths.stateFolder + "/current", session: world.session) }

    /// The width that text on stdout should fit; nil when nobody looks.
    var outputWidth: Int? { world.terminal.stdoutIsTerminal ? world.terminal.width : nil }

    func settings(apiURL: String? = nil) throws -> Settings {
        Settings(flag: apiURL ?? globals.apiURL, environment: world.environment, file: try config.load())
    }

    /// A client for the configured server and key.
    ///
    /// - Parameter apiURL: goes before the option of this run.
    func client(apiURL: String? = nil) throws -> BoxClient {
        let settings = try settings(apiURL: apiURL)
        return client(origin: try settings.origin(), apiKey: try settings.usableToken(path: paths.config))
    }

    func client(origin: Origin, apiKey: String?) -> BoxClient {
        let trace: (@Sendable (BoxClient.Exchange) -> Void)? =
            globals.isVerbose ? { @Sendable [emitter] in emitter.trace(Self.text(for: $0)) } : nil
        let configuration = BoxClient.Configuration(
            origin: origin, apiKey: apiKey, userAgent: "box/\(ProductVersion.current)", onExchange: trace,
            onRetry: { [emitter] reason, _ in
                emitter.statusLine.show("trying \(origin) again (\(Text.clean(reason)))")
            }, pause: world.pause)
        return BoxClient(configuration, transport: world.transport)
    }

    private static func text(for exchange: BoxClient.Exchange) -> String {
        let outcome = exchange.status.map(String.init) ?? "failed: \(exchange.failure ?? "")"
        let again = exchange.attempt > 1 ? " (try \(exchange.attempt))" : ""
        let request = exchange.requestID.map { " \($0)" } ?? ""
        return "\(exchange.method) \(exchange.url) \(outcome) in \(Text.elapsed(exchange.duration))\(request)\(again)"
    }

    /// The id that an argument means: itself, or what `current` stands for.
    func boxID(_ argument: String) throws -> String {
        if argument == "current" {
            guard let id = currentBox.load() else {
                throw CommandError("no current box: none was created in this shell. name one of `box list`")
            }
            return id
        }
        // No id has other characters, so nothing has to be asked. The words are those of the server's answer.
        guard Self.isID(argument) else { throw CommandError(Failure.notFoundMessage) }
        return argument
    }

    /// Whether it can be an id, as far as its characters go.
    static func isID(_ text: String) -> Bool { text.utf8.allSatisfy(isIDByte) }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
