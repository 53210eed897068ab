import BoxArguments
import BoxEngineOCI
import BoxServer
import BoxStore
import BoxSystem
import Glibc
import HostTools
import Logging

extension Boxd {
    static func serve(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let listen = try ListenAddress(parsed)
        let (logPath, names) = (try logFile(parsed), try hostNames(parsed))
        try installation.prepare()
        chdir("/")  // The file system of the directory where boxd was started can then be unmounted.
        raiseOpenFileLimit()
        avoidOutOfMemoryKiller()
        let lock = try hold(installation.dataDirectory)
        let pidFile = "\(installation.dataDirectory)/boxd.pid"
        try writeProcessID(to: pidFile)
        defer {
            unlink(pidFile)
            lock.remove()
        }
        let level = parsed.value("log-level").flatMap { Logger.Level(rawValue: $0) } ?? .info
        let asJSON = parsed.value("log-format") == "json"
        LoggingSystem.bootstrap { label in
            var handler: any LogHandler =
                asJSON ? JSONLogHandler() : StreamLogHandler(label: label, stream: LogLines())
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "boxd")
        var configuration = ServerConfiguration(
            dataDirectory: installation.dataDirectory, host: listen.host, port: listen.port)
        configuration.hostNames = HostNames(listeningOn: listen.host, names: names)
        if let count = parsed.integer("max-boxes") { configuration.limits.activeBoxes = count }
        if let count = parsed.integer("max-per-minute") { configuration.limits.creationsPerMinute = count }
        configuration.limits.creationsPerDay = parsed.integer("max-per-day")
        configuration.limits.allowsNested = !parsed.has("no-nested")
        if let seconds = parsed.integer("agent-timeout") { configuration.agentSilence = seconds }
        if let seconds = parsed.integer("stop-grace") { configuration.stopGrace = .seconds(seconds) }
        if let seconds = parsed.integer("stop-timeout") { configuration.stopTimeout = .seconds(seconds) }
        if let size = parsed.integer("keep-events") { configuration.eventBytesPerBox = size << 20 }
        configuration.forgetsSealed = parsed.has("forget-secrets")
        let logFile = try logPath.map { try LogFile($0) }
        let rotation = Task {
            while let logFile, !Task.isCancelled {
                logFile.rotate()
                try await Task.sleep(for: .seconds(1))
            }
        }
        defer { rotation.cancel() }
        do {
            let engine = try OCIEngine(configuration: installation.engine, logger: logger)
            let server = try Server(configuration: configuration, engine: engine, logger: logger)
            try await server.run { logger.info("listening on http://\(listen)") }
        } catch {
            // The error goes to the terminal or journal where boxd was started.
            logFile?.leadBack()
            throw error
        }
    }

    private static func hostNames(_ parsed: ParsedCommand) throws -> [String] {
        let names = parsed.values("host")
        for name in names where name.isEmpty || name.contains(where: { "/@*, ".contains($0) }) {
            throw parsed.usageError("--host \"\(name)\" is not valid: use a name, for example boxes.example.com")
        }
        return names
    }

    private static func logFile(_ parsed: ParsedCommand) throws -> String? {
        guard let path = parsed.value("log-file") else { return nil }
        guard path.hasPrefix("/") else {
            throw parsed.usageError("--log-file \"\(path)\" is not valid: use a path that starts with /")
        }
        return path
    }
}

extension Boxd {
    /// Locks the data directory for this boxd. A killed boxd may hold the lock for a moment longer, while the kernel
    /// flushes the disks that it still had open.
    private static func hold(_ dataDirectory: String) throws -> HeldFile {
        do {
            if let lock = try HeldFile.hold("\(dataDirectory)/boxd.lock") { return lock }
        } catch { throw StartupError("\(error)") }
        throw StartupError(
            "another boxd has this data directory (\(dataDirectory)): stop it first, or choose another --data-dir")
    }

    private static func writeProcessID(to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0, fchmod(file, 0o644) == 0, ftruncate(file, 0) == 0 else {
            throw StartupError("\(path) can't be written: \(errnoText())")
        }
        defer { close(file) }
        let text = Array("\(getpid())\n".utf8)
        _ = text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }

    /// Raises the soft limit of open files, which is usually 1,024. Each running box and each connection needs a
    /// descriptor.
    private static func raiseOpenFileLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65536)
        setrlimit(resource, &limit)
    }
}

extension Boxd {
    /// Makes the kernel's out-of-memory killer prefer other processes. boxd is small, and without it the box that used
    /// up the memory can't be stopped. See proc(5), oom_score_adj.
    private static func avoidOutOfMemoryKiller() {
        let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "-500", 4)
        close(file)
    }
}

/// The address where boxd listens. Without TLS it must be loopback, unless the operator declares the network safe.
struct ListenAddress: CustomStringConvertible {
    let host: String
    let port: Int

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    init(_ parsed: ParsedCommand) throws {
        let text = parsed.value("listen") ?? "127.0.0.1:7070"
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw parsed.usageError("--listen \"\(text)\" is not valid: use HOST:PORT, for example 127.0.0.1:7070") }
        host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        self.port = port
        let isLoopback = HostNames.isLoopback(host)
        guard isLoopback || parsed.has("allow-remote") else {
            throw parsed.usageError(
                "--listen \"\(text)\" is not a loopback address, and boxd speaks no TLS itself: put a TLS proxy in front of a "
                    + "loopback address, or add --allow-remote where the network is safe")
        }
    }
}
