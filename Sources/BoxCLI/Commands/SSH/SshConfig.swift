import BoxArguments
import BoxClient
import BoxModel

/// `box ssh-config`: configures ssh, rsync, git and editors to reach boxes by their ids.
struct SshConfig: Command {
    enum Action: Equatable { case show, install, uninstall }

    var action: Action
    var withNames: Bool

    static let spec = CommandSpec(
        "ssh-config", group: CommandSection.boxes, summary: "Let ssh, rsync, git and editors reach boxes by their ids",
        discussion: """
            Prints a configuration for OpenSSH, or installs it: into a file beside config.json, which ~/.ssh/config \
            includes from then on. Then `ssh bx_8pqt6dup` and `rsync -a src/ bx_8pqt6dup:src/` work as they are, also after the box was stopped and resumed and has \
            another address, because each connection goes through `box proxy`.

            With --names each box with a name is also box-NAME, as of now.
            """,
        options: [
            .flag("install", "write the file and include it in ~/.ssh/config"),
            .flag("uninstall", "take both away again"),
            .flag("names", "also a host for each box with a name"), .sshKey,
        ],
        exclusive: [["install", "uninstall"], ["names", "uninstall"]],
        examples: [
            ExampleSpec("box ssh-config --install", "once"),
            ExampleSpec("box ssh-config --names", "what it would write, with a host for each name"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        action = parsed.has("install") ? .install : parsed.has("uninstall") ? .uninstall : .show
        withNames = parsed.has("names")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let paths = context.paths
        let userFile = paths.home + "/.ssh/config"
        if action == .uninstall {
            try Self.rewrite(userFile) { OpenSSHConfig.excluding(paths.sshConfig, from: $0) }
            Files.remove(paths.sshConfig)
            return try Self.report("ssh no longer knows boxes", paths.sshConfig, userFile, context)
        }
        let text = try await config(context).text
        guard action == .install else {
            try context.emitter.result(["config": .string(text)]) { _ in text }
            return .success
        }
        // ssh can't use the configuration until the key exists.
        _ = try context.dependencies.ssh.publicKey(keyPath: try context.sshFiles().key)
        try Files.makeDirectory(paths.configDirectory)
        try Files.replace(paths.sshConfig, with: Array(text.utf8))
        try Files.makeDirectory(paths.home + "/.ssh")
        try Self.rewrite(userFile) { OpenSSHConfig.including(paths.sshConfig, in: $0) }
        return try Self.report("`ssh bx_…` reaches boxes now", paths.sshConfig, userFile, context)
    }

    private func config(_ context: Context) async throws -> OpenSSHConfig {
        let paths = context.paths
        var program = [context.dependencies.processes.ownPath]
        if let origin = context.globals.apiURL { program += ["--api-url", origin] }
        if context.allowsPlainHTTP { program.append("--insecure") }
        if let file = context.globals.caFile { program += ["--ca-file", try Files.absolute(file)] }
        let files = try context.sshFiles()
        // ssh may start the proxy without our environment variables.
        let isUsual = files.key == "\(paths.home)/.ssh/\(SSHFiles.keyName)"
        var config = OpenSSHConfig(
            program: program, proxyOptions: isUsual ? [] : ["--ssh-key", files.key], identity: files.key,
            knownHosts: files.knownHosts)
        if withNames {
            config.boxes = try await context.client().allBoxes(states: []).boxes.map { ($0.id, $0.name) }
        }
        return config
    }

    /// Changes a file of the user, when `change` returns a text. ssh refuses a file that others can write, so its mode
    /// is then 0600.
    private static func rewrite(_ path: String, _ change: (String) -> String?) throws {
        let bytes = try Files.readOwn(path)
        guard let text = String(validating: bytes ?? [], as: UTF8.self) else {
            throw CommandError("\(path) is not text in UTF-8. add the line yourself: see `box ssh-config --help`")
        }
        guard let changed = change(text) else { return }
        try Files.replace(path, with: Array(changed.utf8))
    }

    private static func report(_ outcome: String, _ file: String, _ userFile: String, _ context: Context) throws
        -> ExitStatus
    {
        try context.emitter.result(["file": .string(file), "includedBy": .string(userFile)]) { _ in
            "\(outcome). \(file) is what \(userFile) includes\n"
        }
        return .success
    }
}
