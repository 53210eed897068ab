import Glibc
import Synchronization
import Testing

@testable import BoxCLI

/// Other files in place of this program's files, and machines without a usable home directory.
@Suite(.timeLimit(.minutes(1))) struct OwnFileTests {
    let world = TestWorld()
    let sshAnswer = #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.98.0.2","sshUser":"user"}"#

    private var configDirectory: String { world.home + "/.config/ascii/box" }

    // MARK: Pipes and others

    @Test func nothingElseThanAFileIsWaitedForOrRead() async throws {
        try Files.makeDirectory(configDirectory)
        #expect(mkfifo(world.configPath, 0o600) == 0)
        let message = "\(world.configPath) is a pipe and no regular file. move it away and run the command again"
        for words in [["list"], ["config"], ["login", "box_key"]] {
            #expect(await world.run(words) == 1, "\(words)")
            #expect(world.err.text == "error: \(message)\n")
        }
        unlink(world.configPath)
        try Files.makeDirectory(world.configPath)
        #expect(await world.run("list") == 1)
        #expect(world.err.text.contains("config.json is a directory and no regular file"))
        rmdir(world.configPath)
        #expect(symlink("/dev/zero", world.configPath) == 0)
        #expect(await world.run("list") == 1)
        #expect(world.err.text.contains("config.json is a device and no regular file"))
        unlink(world.configPath)
        // A link to a regular file counts as one.
        try Files.replace(world.home + "/real.json", with: Array(#"{"channel":"x"}"#.utf8))
        #expect(symlink(world.home + "/real.json", world.configPath) == 0)
        #expect(await world.run("config") == 0)
        #expect(world.out.text.contains("x"))
    }

    @Test func aPipeAsTheCurrentBoxIsNamed() async throws {
        let directory = world.home + "/.local/state/ascii/box/current"
        try Files.makeDirectory(directory)
        let path = "\(directory)/\(getpid())-1"
        #expect(mkfifo(path, 0o600) == 0)
        #expect(await world.run("info", "current") == 1)
        #expect(
            world.err.text == "error: \(path) is a pipe and no regular file. move it away and run the command again\n")
        // It can't be written either, but `box new` still succeeds.
        world.transport.on("POST /boxes", 202, Answers.created())
        #expect(await world.run("new", "--no-wait", "--json") == 0)
    }

    // MARK: Homes

    private func session(_ words: String...) async -> SSHDestination? {
        world.transport.on("POST /boxes/bx_1/sshkey", sshAnswer)
        #expect(await world.run(words + ["bx_1", "true"]) == 0, "\(world.err.text)")
        return world.ssh.state.withLock { $0.sessions.popLast()?.destination }
    }

    @Test func aNamedKeyGoesBeforeAllOthers() async {
        #expect(await session("ssh")?.keyPath == world.home + "/.ssh/ascii_box_ed25519")
        world.set("BOX_SSH_KEY", "/keys/ci")
        #expect(await session("ssh")?.keyPath == "/keys/ci")
        #expect(await session("ssh", "--ssh-key", "/keys/other")?.keyPath == "/keys/other")
        #expect(await session("ssh", "-i", "relative")?.keyPath.hasSuffix("/relative") == true)
        #expect(await session("ssh", "-i", "relative")?.keyPath.hasPrefix("/") == true)
    }

    @Test(arguments: ["/nonexistent", "/dev/null"])
    func withoutAUsableHomeTheRuntimeDirectoryHasTheKey(_ home: String) async throws {
        let runtime = world.home + "/run"
        mkdir(runtime, 0o700)
        world.set("HOME", home)
        world.set("XDG_RUNTIME_DIR", runtime)
        #expect(access("/nonexistent", F_OK) != 0)
        let destination = await session("ssh")
        #expect(destination?.keyPath == runtime + "/ascii-box/ascii_box_ed25519")
        #expect(destination?.knownHostsPath == runtime + "/ascii-box/known_hosts")
        world.transport.on("GET /boxes?limit=200", #"{"ok":true,"boxes":[]}"#)
        #expect(await world.run("list", "--json") == 0)
        #expect(access("/nonexistent", F_OK) != 0)
    }

    @Test func aDirectoryThatOthersCanOpenIsRefused() async throws {
        let temporary = world.home + "/tmp"
        mkdir(temporary, 0o777)
        world.set("HOME", "/nonexistent")
        world.set("XDG_RUNTIME_DIR", world.home + "/none")
        world.set("TMPDIR", temporary)
        let directory = "\(temporary)/ascii-box-\(getuid())"
        // Where /run/user/UID exists, it is used instead.
        guard access("/run/user/\(getuid())", F_OK) != 0 else { return }
        #expect(await session("ssh")?.keyPath == directory + "/ascii_box_ed25519")
        #expect(chmod(directory, 0o755) == 0)
        #expect(await world.run("ssh", "bx_1", "true") == 255)
        #expect(world.err.text.contains("\(directory) is not a directory of yours alone"))
        rmdir(directory)
        mkdir(world.home + "/elsewhere", 0o700)
        #expect(symlink(world.home + "/elsewhere", directory) == 0)
        #expect(await world.run("ssh", "bx_1", "true") == 255)
        #expect(world.err.text.contains("is not a directory of yours alone"))
        unlink(directory)
        mkdir(directory, 0o700)
        #expect(throws: CommandError.self) { try PrivateDirectory.path(world.current.environment, user: 12345) }
    }

    @Test func theConfigurationNamesAnotherKeyToTheProxy() async {
        #expect(await world.run("ssh-config", "--ssh-key", "/keys/my key", "--ca-file", "/ca.pem") == 0)
        #expect(world.out.text.contains("ProxyCommand /opt/box --ca-file /ca.pem proxy --ssh-key '/keys/my key' %n\n"))
        world.set("BOX_SSH_KEY", "/keys/100% mine")
        #expect(await world.run("ssh-config") == 0)
        #expect(world.out.text.contains("ProxyCommand /opt/box proxy --ssh-key '/keys/100%% mine' %n\n"))
        #expect(world.out.text.contains("IdentityFile \"/keys/100%% mine\"\n"))
    }

    // MARK: Certificates

    @Test func aFileOfCertificatesIsCheckedFirst() async throws {
        #expect(await world.run("list", "--ca-file", world.home + "/none.pem") == 1)
        #expect(world.err.text.contains("none.pem can't be used: No such file or directory"))
        try Files.replace(world.home + "/key.pem", with: Array("-----BEGIN PRIVATE KEY-----\n".utf8))
        for (name, value) in [("SSL_CERT_FILE", "key.pem"), ("CURL_CA_BUNDLE", "key.pem")] {
            world.set("BOX_API_URL", "https://localhost:1")
            world.set(name, "\(world.home)/\(value)")
            #expect(await world.run("list") == 1)
            #expect(world.err.text.contains("key.pem can't be used: it holds no certificate in PEM"))
            world.set(name, nil)
        }
        try world.writeConfig(#"{"ca_file":"../../../key.pem"}"#)
        #expect(await world.run("list") == 1)
        #expect(world.err.text.contains("/.config/ascii/box/../../../key.pem can't be used: it holds no certificate"))
    }
}
