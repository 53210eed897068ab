import BoxArguments
import BoxEngineOCI
import BoxServer
import Glibc
import Logging

extension Boxd {
    static func serve(_ parsed: ParsedCommand, _ place: Place) async throws {
        let listen = try ListenAddress(parsed)
        try place.prepare()
        chdir("/")  // Whatever folder it was started in can be unmounted.
        raiseOpenFileLimit()
        let pidFile = try PIDFile("\(place.dataDirectory)/boxd.pid")
        defer { pidFile.remove() }
        let level = parsed.value("log-level").flatMap { Logger.Level(rawValue: $0) } ?? .info
        let asJSON = parsed.value("log-format") == "json"
        LoggingSystem.bootstrap { label in
            var handler: any LogHandler = asJSON ? JSONLogHandler() : StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "boxd")
        var configuration = ServerConfiguration(
            dataDirectory: place.dataDirectory, host: listen.host, port: listen.port)
        if let count = parsed.integer("max-boxes") { configuration.limits.activeBoxes = count }
        if let count = parsed.integer("max-per-minute") { configuration.limits.creationsPerMinute = count }
        configuration.limits.creationsPerDay = parsed.integer("max-per-day")
        if let seconds = parsed.integer("agent-timeout") { configuration.agentSilence = seconds }
        if let seconds = parsed.integer("stop-timeout") { configuration.stopTimeout = .seconds(seconds) }
        let engine = try OCIEngine(configuration: place.engine, logger: logger)
        let server = try Server(configuration: configuration, engine: engine, logger: logger)
        try await server.run { logger.info("listening on http://\(listen.host):\(listen.port)") }
    }
}

extension Boxd {
    /// Each running box and each connection takes a descriptor, and the usual soft limit is 1,024.
    private static func raiseOpenFileLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65536)
        setrlimit(resource, &limit)
    }
}

/// Where boxd listens. Without TLS that is loopback, unless somebody says that the network in between is safe.
struct ListenAddress {
    let host: String
    let port: Int

    init(_ parsed: ParsedCommand) throws {
        let text = parsed.value("listen") ?? "127.0.0.1:7070"
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw parsed.usageError("--listen \"\(text)\" is not valid: use HOST:PORT, for example 127.0.0.1:7070") }
        host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        self.port = port
        let isLoopback = host.hasPrefix("127.") || host == "::1" || host == "localhost"
        guard isLoopback || parsed.has("allow-remote") else {
            throw parsed.usageError(
                "--listen \"\(text)\" is not a loopback address, and boxd speaks no TLS itself: put a TLS proxy in front of a "
                    + "loopback address, or add --allow-remote where the network is safe")
        }
    }
}

/// The file with the process id of the boxd that has a data directory, locked as long as that boxd lives.
struct PIDFile {
    /// In tenths of a second.
    private static let patience = 100

    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StartupError("\(path) can't be opened: \(String(cString: strerror(errno)))")
        }
        // One that was killed may be busy for a moment with flushing the disks that it still had open.
        var tries = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, tries < Self.patience {
            tries += 1
            usleep(100_000)
        }
        guard tries < Self.patience else {
            throw StartupError(
                "another boxd has this data directory (\(path)): stop it first, or choose another --data-dir")
        }
        fchmod(descriptor, 0o644)
        ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = text.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    func remove() {
        unlink(path)
        close(descriptor)
    }
}
