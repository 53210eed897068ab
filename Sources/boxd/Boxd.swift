import BoxArguments
import BoxEngineOCI
import BoxModel
import BoxServer
import BoxStore
import BoxSystem
import Glibc
import Logging

/// boxd's command line: the server itself, and the operator's commands beside it.
enum Boxd {
    static let version = ProductVersion.current

    static let spec = CommandSpec(
        "boxd", summary: "self-hosted server of boxes",
        options: [.flag("help", short: "h", "explain the command"), .flag("version", "print the version")],
        subcommands: [
            CommandSpec(
                "serve", summary: "serve the API until SIGTERM or SIGINT",
                discussion: "Boxes outlive boxd: the next one finds what runs and takes it over.",
                options: shared + [
                    .value("listen", "HOST:PORT", "where to listen (127.0.0.1:7070)"),
                    .flag("allow-remote", "listen on an address that is not loopback, without TLS"),
                    .value(
                        "host", "NAME",
                        "a name that clients use, such as a proxy's; on loopback no others but localhost's are answered",
                        repeats: true),
                    .value("subnet", "CIDR", "the boxes' IPv4 network, a /20 (a free one is chosen and kept)"),
                    .value("runtime", "PROGRAM", "the OCI runtime (runc where it is installed, else crun)"),
                    .value("max-boxes", "N", "active boxes per account (100)", kind: .integer(minimum: 1)),
                    .value(
                        "max-per-minute", "N", "boxes created per account and minute (120)", kind: .integer(minimum: 1)),
                    .value(
                        "max-per-day", "N", "boxes created per account and day (no limit)", kind: .integer(minimum: 1)),
                    .flag(
                        "no-nested", "boxes can't make user namespaces, and so no sandboxes or containers of their own"),
                    .value(
                        "log-level", "LEVEL", "how much to log (info)",
                        kind: .choice(Logger.Level.allCases.map(\.rawValue))),
                    .value(
                        "log-format", "FORMAT", "text, or json for one object a line (text)",
                        kind: .choice(["text", "json"])),
                    .value(
                        "log-file", "FILE",
                        "log to this file, which becomes FILE.1 at 10 MB (standard error)", kind: .file),
                    .value(
                        "agent-timeout", "SECONDS", "how long an agent may say nothing before it is ended (3600)",
                        kind: .integer(minimum: 1, maximum: 604_800)),
                    .value(
                        "stop-grace", "SECONDS",
                        "how long the processes of a box that is stopped have to end by themselves (10)",
                        kind: .integer(minimum: 0, maximum: 600)),
                    .value(
                        "stop-timeout", "SECONDS", "how long requests may take after the signal to stop (30)",
                        kind: .integer(minimum: 0, maximum: 3600)),
                    .value(
                        "keep-events", "MB",
                        "how much is kept of what happened in a box; its oldest prompts go first (256)",
                        kind: .integer(minimum: 1, maximum: 1_000_000)),
                    .flag(
                        "forget-secrets",
                        "remove what the secret.key of this data directory doesn't open, in place of not starting"),
                ],
                examples: [ExampleSpec("boxd serve --data-dir /srv/boxd", "keep everything under /srv/boxd")]),
            accountGroup, keyGroup,
            CommandSpec(
                "image", summary: "manage the image that new boxes start from",
                subcommands: [
                    CommandSpec(
                        "build", summary: "build the image with mmdebstrap",
                        options: shared + [
                            .flag("if-missing", "do nothing when there is an image of this version"),
                            .flag("slim", "leave out Node.js, gh, vim, zsh, fish, cron, ImageMagick and xdotool"),
                            .value(
                                "with", "WHAT",
                                "also fetch the agents' programs from PyPI, which else happens when they are needed first",
                                kind: .choice(["agents"])),
                            .value("mirror", "URL", "a Debian mirror"),
                            .value("include", "PACKAGE", "one more Debian package; may be repeated", repeats: true),
                        ]),
                    CommandSpec(
                        "status", summary: "say which image new boxes get",
                        options: shared + [.flag("json", "print one JSON object")]),
                ]),
            CommandSpec(
                "check", summary: "say whether this host can run boxes, and what it lacks",
                options: shared + [.flag("json", "print one JSON object")]),
        ] + repositorySpecs(shared: shared))

    static let shared: [OptionSpec] = [
        .value("data-dir", "DIR", "images, disks and the database (/var/lib/boxd, or BOXD_DATA_DIR)"),
        .value(
            "instance", "NAME",
            "prefix of interfaces and cgroups, for a second boxd on one host (box, or BOXD_INSTANCE)"),
    ]

    static func run(_ parsed: ParsedCommand) async throws {
        let installation = try Installation(parsed)
        switch parsed.path.dropFirst().joined(separator: " ") {
        case "serve": try await serve(parsed, installation)
        case "account add": try await addAccount(parsed, installation)
        case "account list": try await listAccounts(parsed, installation)
        case "account set": try await setAccount(parsed, installation)
        case "account remove": try await removeAccount(parsed, installation)
        case "api-key create": try await createKey(parsed, installation)
        case "api-key list": try await listKeys(parsed, installation)
        case "api-key delete": try await deleteKey(parsed, installation)
        case "image build": try await buildImage(parsed, installation)
        case "image status": try imageStatus(parsed, installation)
        case "check": try await check(parsed, installation)
        case let action where ["repo", "github"].contains(parsed.path.dropFirst().first):
            try await manageRepositories(action, parsed, installation)
        default: emit("boxd \(version)\n", to: .output)
        }
    }
}

/// The data directory and engine that a command works on.
struct Installation {
    let dataDirectory: String
    let engine: OCIEngineConfiguration

    init(_ parsed: ParsedCommand) throws {
        func setting(_ option: String, _ variable: String) -> String? {
            parsed.value(option) ?? getenv(variable).map { String(cString: $0) }
        }
        dataDirectory = setting("data-dir", "BOXD_DATA_DIR") ?? "/var/lib/boxd"
        guard dataDirectory.hasPrefix("/"), !dataDirectory.contains(where: { ":,\\\n".contains($0) }) else {
            throw parsed.usageError(
                "the data directory \"\(dataDirectory)\" has to be an absolute path without \":\", \",\" and \"\\\"")
        }
        let instance = setting("instance", "BOXD_INSTANCE") ?? "box"
        guard (1...6).contains(instance.utf8.count),
            instance.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber) })
        else {
            throw parsed.usageError("--instance \"\(instance)\" is not valid: use 1 to 6 lower-case letters and digits")
        }
        var engine = OCIEngineConfiguration(dataDirectory: dataDirectory, instance: instance)
        engine.subnet = parsed.value("subnet")
        engine.runtime = parsed.value("runtime")
        self.engine = engine
    }

    /// Creates the data directory. The root user of every box has to pass through it. Private files in it have their
    /// own modes.
    ///
    /// The caller's umask has no effect: a new directory has exactly the mode that boxes need.
    ///
    /// - Parameter hasBoxes: false for a command that only builds an image, which boxes never open by its path.
    func prepare(hasBoxes: Bool = true) throws {
        guard geteuid() == 0 else { throw StartupError("boxd has to run as root: start it with sudo") }
        umask(0o077)
        var path = ""
        let parts = dataDirectory.split(separator: "/")
        for (index, part) in parts.enumerated() {
            path += "/\(part)"
            if mkdir(path, 0o711) == 0 {
                chmod(path, 0o711)
            } else if errno != EEXIST {
                throw StartupError("\(path) can't be made: \(errnoText())")
            }
            // The root user of a box is an unprivileged user here and has to reach its own disk. The engine sets the
            // mode of the last directory.
            guard hasBoxes, index < parts.count - 1 else { continue }
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & 0o001 != 0 else {
                throw StartupError(
                    "boxes can't get to \(dataDirectory), because only its owner may pass through \(path): choose another "
                        + "--data-dir, or run chmod o+x \(path)")
            }
        }
    }
}
