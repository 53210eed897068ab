import BoxArguments
import BoxClient
import BoxModel

/// `box local up`: starts boxd and logs in. Harmless when boxd already runs.
struct LocalUp: Command {
    var options: LocalServer.Options
    /// False for the part that is run again as root.
    var logsIn: Bool
    /// Further host names of the server besides localhost.
    var hosts: [String]

    static let spec = CommandSpec(
        "up", summary: "Start the server, build its image and log in",
        discussion:
            "What is done already is left as it is. The first time it builds an image, which takes about a minute.",
        options: LocalServer.options + [
            .value("host", "NAME", "a name that a proxy passes on to the server; may be repeated", repeats: true),
            .flag("no-login", "leave the configuration alone"),
        ],
        examples: [ExampleSpec("box local up && box new", "from nothing to a box")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        options = try LocalServer.Options(parsed)
        logsIn = !parsed.has("no-login")
        hosts = parsed.values("host")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let server = LocalServer(options, environment: context.dependencies.environment)
        let origin = try server.origin()
        let wasUp = try await server.isHealthy(context.dependencies.transport)
        if wasUp { try server.requireOwn(context.dependencies.processes) }
        // Checked before a key is created that couldn't be used.
        if wasUp, logsIn, !origin.isConfidential, !context.allowsPlainHTTP {
            throw BoxError.plainHTTP(origin: origin.description)
        }
        let needsLogin = logsIn ? !(try await isLoggedIn(at: origin, context)) : false
        var process: Int32?
        if context.dependencies.processes.isRoot {
            process = try await prepare(server, wasUp: wasUp, context)
        } else if !wasUp || needsLogin {
            process = try prepareAsRoot(server, context)
        }
        if needsLogin { try await logIn(server, origin, context) }
        let json: JSON = [
            "event": "local_up", "apiUrl": .string(origin.description), "pid": JSON(process.map(Int.init)),
            "started": .bool(!wasUp),
        ]
        try context.emitter.result(json) { style in
            "\(style.bold("boxd")) \(wasUp ? "runs already" : "is up") at \(origin)"
                + (process.map { ", process \($0)" } ?? "") + "\n"
        }
        if wasUp, !hosts.isEmpty {
            context.emitter.notice(
                "--host counts when the server starts: run `box local down --keep-boxes`, and then this once more")
        }
        if logsIn { context.emitter.notice("make a box with `box new`") }
        return .success
    }

    // MARK: - As root

    private func prepare(_ server: LocalServer, wasUp: Bool, _ context: Context) async throws -> Int32? {
        let program = try server.program(context.dependencies.processes)
        if !wasUp { try await start(server, program, context) }
        context.emitter.statusLine.clear()
        try Privileges(context: context).run(
            [program, "image", "build"] + server.flags + ["--if-missing"], for: "building the image")
        return try server.process(context.dependencies.processes)
    }

    private func start(_ server: LocalServer, _ program: String, _ context: Context) async throws {
        context.emitter.statusLine.show("starting boxd")
        // boxd's own rule: the root users of boxes must be able to reach their disks.
        try Files.makeDirectory(server.dataDirectory, mode: 0o711)
        let process = try context.dependencies.processes.startDetached(
            [program, "serve"] + server.flags + ["--listen", server.listen, "--log-file", server.logFile] + hostFlags,
            log: server.logFile)
        var pause = Duration.milliseconds(20), waited = Duration.zero
        while !(try await server.isHealthy(context.dependencies.transport)) {
            let isAlive = context.dependencies.processes.isAlive(process)
            guard isAlive, waited < .seconds(30) else {
                let log = server.lastLogLines(8).map { "\n  \($0)" }.joined()
                let what = isAlive ? "boxd didn't answer at \(server.listen) within 30 seconds" : "boxd ended at once"
                throw CommandError("\(what). the end of \(server.logFile):\(log.isEmpty ? " (empty)" : log)")
            }
            try await context.dependencies.pause(pause)
            waited += pause
            pause = min(pause * 1.3, .milliseconds(250))
        }
    }

    private var hostFlags: [String] { hosts.flatMap { ["--host", $0] } }

    // MARK: - As another user

    /// Runs everything but the login again as root, and returns the server's process id.
    private func prepareAsRoot(_ server: LocalServer, _ context: Context) throws -> Int32? {
        let processes = context.dependencies.processes
        let result = try Privileges(context: context).run(
            [processes.ownPath, "local", "up", "--no-login", "--json"] + server.flags
                + ["--listen", server.listen, "--boxd", try server.program(processes)] + hostFlags, for: "starting boxd"
        )
        return Self.lastObject(result)?["pid"]?.int.flatMap { Int32(exactly: $0) }
    }

    private static func lastObject(_ result: ProcessResult) -> JSON? {
        let line = result.output.split(separator: UInt8(ascii: "\n")).last
        return line.flatMap { try? JSON.parse($0) }
    }

    // MARK: - Login

    /// Whether the stored configuration is for this server, and its key works.
    private func isLoggedIn(at origin: Origin, _ context: Context) async throws -> Bool {
        let file = try context.config.load()
        guard let token = file.token, file.isLogin(at: origin) else { return false }
        return (try? await context.client(origin: origin, apiKey: token).with { $0.retry = .never }.me()) != nil
    }

    private func logIn(_ server: LocalServer, _ origin: Origin, _ context: Context) async throws {
        let result = try Privileges(context: context).run(
            [try server.program(context.dependencies.processes), "api-key", "create"] + server.flags
                + ["--name", "box local up", "--json"], for: "making an API key")
        guard let key = Self.lastObject(result)?["secret"]?.string, !key.isEmpty else {
            throw CommandError("making an API key failed: boxd gave none")
        }
        try await check(key, of: server, at: origin, context)
        if let kept = try context.config.keepOther(than: origin) {
            context.emitter.notice("your login elsewhere is kept in \(kept)")
        }
        try context.store(key: key, origin: origin)
    }

    /// Checks a new key. If the server doesn't know it, it was created for another server.
    private func check(_ key: String, of server: LocalServer, at origin: Origin, _ context: Context) async throws {
        do {
            _ = try await context.client(origin: origin, apiKey: key).me()
        } catch BoxError.api(let failure) where failure.status == 401 || failure.status == 403 {
            throw CommandError(
                "the server at \(origin) refuses the key that was made in \(server.dataDirectory). "
                    + "is it another server, or one with another --data-dir?", status: .authentication)
        }
    }
}
