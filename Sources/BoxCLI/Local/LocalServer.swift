import BoxArguments
import BoxClient
import BoxModel

/// The boxd of this machine: its address and its files.
struct LocalServer: Sendable, Equatable {
    var dataDirectory: String
    /// HOST:PORT.
    var listen: String
    /// The instance's name, where a host has several; nil for boxd's default.
    var instance: String?
    /// The server's program; nil to search for it.
    var program: String?

    static let options: [OptionSpec] = [
        .value(
            "data-dir", "DIR", "where boxd keeps its data (default $BOXD_DATA_DIR, else /var/lib/boxd)", kind: .file),
        .value("listen", "HOST:PORT", "where it listens (default $BOXD_LISTEN, else 127.0.0.1:7070)"),
        .value("instance", "NAME", "its name where one host has several (default $BOXD_INSTANCE, else box)"),
        .value("boxd", "PATH", "its program (default $BOXD, else beside box, else on PATH)", kind: .file),
    ]

    /// The options from the command line, before the environment is applied.
    struct Options: Sendable, Equatable {
        var dataDirectory: String?
        var listen: String?
        var instance: String?
        var program: String?

        init(_ parsed: ParsedCommand) throws(UsageError) {
            dataDirectory = parsed.value("data-dir")
            listen = parsed.value("listen")
            instance = parsed.value("instance")
            program = parsed.value("boxd")
            if let listen, (try? Origin("http://\(listen)"))?.port == nil {
                throw parsed.usageError("invalid --listen \"\(listen)\". Use HOST:PORT, such as 127.0.0.1:7070")
            }
            if let dataDirectory, !dataDirectory.hasPrefix("/") {
                throw parsed.usageError("invalid --data-dir \"\(dataDirectory)\". Use a path that starts with /")
            }
        }
    }

    init(_ options: Options, environment: [String: String]) {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        dataDirectory = options.dataDirectory ?? variable("BOXD_DATA_DIR") ?? "/var/lib/boxd"
        listen = options.listen ?? variable("BOXD_LISTEN") ?? "127.0.0.1:7070"
        instance = options.instance ?? variable("BOXD_INSTANCE")
        program = options.program ?? variable("BOXD")
    }

    /// The options of boxd for its data directory and instance.
    var flags: [String] { ["--data-dir", dataDirectory] + (instance.map { ["--instance", $0] } ?? []) }

    var pidFile: String { dataDirectory + "/boxd.pid" }
    var logFile: String { dataDirectory + "/boxd.log" }
    /// The previous log file, from before the log became too large.
    var oldLogFile: String { logFile + ".1" }

    /// The server's address from this machine. A server that listens on every address is reached over loopback.
    func origin() throws -> Origin {
        let origin = try Origin("http://\(listen)")
        switch origin.host {
        case "0.0.0.0": return try Origin("http://127.0.0.1:\(origin.port ?? 80)")
        case "[::]": return try Origin("http://[::1]:\(origin.port ?? 80)")
        default: return origin
        }
    }

    func program(_ processes: any ProcessControl) throws -> String {
        guard let path = program ?? processes.find("boxd") else {
            throw CommandError("boxd was not found beside box or on PATH. install it, or name it with --boxd PATH")
        }
        return path
    }

    /// The process that the pid file names, when it is a running boxd.
    func process(_ processes: any ProcessControl) throws -> Int32? {
        guard let bytes = try Files.readOwn(pidFile) else { return nil }
        guard let id = Int32(Settings.trimmed(String(decoding: bytes, as: UTF8.self))), id > 1 else { return nil }
        guard processes.isAlive(id), processes.programName(of: id)?.hasPrefix("boxd") == true else { return nil }
        return id
    }

    /// The error for an answer that isn't from this data directory's boxd.
    var isAnother: CommandError {
        CommandError(
            "something answers at \(listen), but \(pidFile) names no boxd that runs. "
                + "is it another server, or one with another --data-dir?")
    }

    /// Throws ``isAnother`` unless the pid file names a running boxd, or this user can't read it.
    func requireOwn(_ processes: any ProcessControl) throws {
        do {
            if try process(processes) == nil { throw isAnother }
        } catch let error as FileError {
            if processes.isRoot { throw error }
        }
    }

    /// Whether the server answers now.
    func isHealthy(_ transport: any HTTPTransport) async throws -> Bool {
        let request = HTTPRequest(
            method: .get, url: "\(try origin())/healthz", timeout: .seconds(2), connectTimeout: .seconds(1))
        do {
            return try await transport.send(request).status == 200
        } catch is TransportError {
            return false
        }
    }

    /// The last lines of its log.
    func lastLogLines(_ count: Int) -> [String] {
        guard let bytes = try? Files.readOwn(logFile, maximum: .max) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(count).map(String.init)
    }
}
