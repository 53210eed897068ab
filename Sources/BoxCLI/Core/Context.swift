import BoxArguments
import BoxClient
import BoxModel
import BoxSSH
import Glibc

/// The dependencies of a run. Tests pass their own; nothing else in this module reads the process's globals.
public struct Dependencies: Sendable {
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
    /// This machine's name, to show in a browser.
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

/// The options that every command accepts.
struct GlobalOptions: Sendable, Equatable {
    var json = false
    var apiURL: String?
    var color = ColorChoice.auto
    var isVerbose = false
    /// Whether a key may be sent to another machine over plain HTTP.
    var isInsecure = false
    /// The file of a CA's certificates.
    var caFile: String?
    /// The private key's file, in commands that use SSH.
    var sshKey: String?

    init(_ parsed: ParsedCommand? = nil) {
        guard let parsed else { return }
        json = parsed.has("json")
        apiURL = parsed.value("api-url")
        color = parsed.value("color").flatMap(ColorChoice.init(rawValue:)) ?? .auto
        isVerbose = parsed.has("verbose")
        isInsecure = parsed.has("insecure")
        caFile = parsed.value("ca-file")
        sshKey = parsed.value("ssh-key")
    }
}

/// The context of a command: everything that it may use.
struct Context: Sendable {
    let dependencies: Dependencies
    /// Every command of the program.
    let commands: CommandNode
    var globals: GlobalOptions
    let emitter: Emitter
    let paths: Paths

    init(dependencies: Dependencies, commands: CommandNode, globals: GlobalOptions) {
        self.dependencies = dependencies
        self.commands = commands
        self.globals = globals
        let terminal = dependencies.terminal
        func style(_ isTerminal: Bool) -> Style {
            Style(globals.color, isTerminal: isTerminal, environment: dependencies.environment)
        }
        emitter = Emitter(
            mode: globals.json ? .json : .human, stdout: dependencies.stdout, stderr: dependencies.stderr,
            style: style(terminal.stdoutIsTerminal), errorStyle: style(terminal.stderrIsTerminal),
            terminal: terminal, showsStatus: terminal.stderrIsTerminal && dependencies.environment["TERM"] != "dumb")
        paths = Paths(environment: dependencies.environment)
    }

    var config: ConfigStore { ConfigStore(path: paths.config) }
    var currentBox: CurrentBox {
        CurrentBox(directory: paths.stateDirectory + "/current", base: paths.stateBase, session: dependencies.session)
    }

    /// The width that text on stdout should fit; nil when stdout isn't a terminal.
    var outputWidth: Int? { dependencies.terminal.stdoutIsTerminal ? dependencies.terminal.width : nil }

    func settings(apiURL: String? = nil) throws -> Settings {
        Settings(
            flag: apiURL ?? globals.apiURL, caFile: globals.caFile, environment: dependencies.environment,
            file: try loadedConfig(), configDirectory: paths.configDirectory)
    }

    /// The configuration. One that can't be read counts as empty when the key comes from the environment: HOME may be
    /// another user's.
    private func loadedConfig() throws -> ConfigFile {
        do {
            return try config.load()
        } catch let error as FileError
            where error.code == EACCES && dependencies.environment["BOX_API_KEY"]?.isEmpty == false
        {
            return ConfigFile()
        }
    }

    /// Whether plain HTTP is explicitly allowed.
    var allowsPlainHTTP: Bool { globals.isInsecure || dependencies.environment["BOX_INSECURE"] == "1" }

    /// A client for the configured server and key.
    ///
    /// - Parameter apiURL: overrides the option of this run.
    func client(apiURL: String? = nil) throws -> BoxClient {
        let settings = try settings(apiURL: apiURL)
        return try client(origin: try settings.origin(), apiKey: try settings.usableToken(path: paths.config))
    }

    func client(origin: Origin, apiKey: String?) throws -> BoxClient {
        let caFile = try settings().caFile
        // A file from this run's option is always checked, even where HTTP doesn't need it.
        if let caFile, globals.caFile != nil { try CAFile.check(caFile) }
        let trace: (@Sendable (BoxClient.Exchange) -> Void)? =
            globals.isVerbose ? { @Sendable [emitter] in emitter.trace(Self.text(for: $0)) } : nil
        let configuration = BoxClient.Configuration(
            origin: origin, apiKey: apiKey, userAgent: "box/\(ProductVersion.current)", caFile: caFile,
            allowsPlainHTTP: allowsPlainHTTP, onExchange: trace,
            onRetry: { [emitter] reason, _ in
                emitter.statusLine.show("trying \(origin) again (\(Text.clean(reason)))")
            }, pause: dependencies.pause)
        return BoxClient(configuration, transport: dependencies.transport)
    }

    private static func text(for exchange: BoxClient.Exchange) -> String {
        let outcome = exchange.status.map(String.init) ?? "failed: \(exchange.failure ?? "")"
        let again = exchange.attempt > 1 ? " (try \(exchange.attempt))" : ""
        let request = exchange.requestID.map { " \($0)" } ?? ""
        return "\(exchange.method) \(exchange.url) \(outcome) in \(Text.elapsed(exchange.duration))\(request)\(again)"
    }

    /// The id for an argument: the argument itself, or the id for `current`.
    func boxID(_ argument: String) throws -> String {
        if argument == "current" {
            guard let id = try currentBox.load() else {
                throw CommandError("no current box: none was created in this shell. name one of `box list`")
            }
            return id
        }
        // No id has another form, so no request is needed. The message is the same as for the server's answer.
        guard ServerForm.isID(argument) else { throw CommandError(Failure.notFoundMessage) }
        return argument
    }
}
