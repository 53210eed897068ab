import Glibc
import Synchronization
import Testing

@testable import BoxCLI

/// Other files in place of this program's files, and machines without a usable home directory.
@Suite(.timeLimit(.minutes(1))) struct OwnFileTests {
    let fixture = CLIFixture()
    let sshAnswer = #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.98.0.2","sshUser":"user"}"#

    private var configDirectory: String { fixture.home + "/.config/ascii/box" }

    // MARK: Pipes and others

    @Test func nothingElseThanAFileIsWaitedForOrRead() async throws {
        try Files.makeDirectory(configDirectory)
        #expect(mkfifo(fixture.configPath, 0o600) == 0)
        let message = "\(fixture.configPath) is a pipe and no regular file. move it away and run the command again"
        for words in [["list"], ["config"], ["login", "box_key"]] {
            #expect(await fixture.run(words) == 1, "\(words)")
            #expect(fixture.err.text == "error: \(message)\n")
        }
        unlink(fixture.configPath)
        try Files.makeDirectory(fixture.configPath)
        #expect(await fixture.run("list") == 1)
        #expect(fixture.err.text.contains("config.json is a directory and no regular file"))
        rmdir(fixture.configPath)
        #expect(symlink("/dev/zero", fixture.configPath) == 0)
        #expect(await fixture.run("list") == 1)
        #expect(fixture.err.text.contains("config.json is a device and no regular file"))
        unlink(fixture.configPath)
        // A link to a regular file counts as one.
        try Files.replace(fixture.home + "/real.json", with: Array(#"{"channel":"x"}"#.utf8))
        #expect(symlink(fixture.home + "/real.json", fixture.configPath) == 0)
        #expect(await fixture.run("config") == 0)
        #expect(fixture.out.text.contains("x"))
    }

    @Test func aPipeAsTheCurrentBoxIsNamed() async throws {
        let directory = fixture.home + "/.local/state/ascii/box/current"
        try Files.makeDirectory(directory)
        let path = "\(directory)/\(getpid())-1"
        #expect(mkfifo(path, 0o600) == 0)
        #expect(await fixture.run("info", "current") == 1)
        #expect(
            fixture.err.text == "error: \(path) is a pipe and no regular file. move it away and run the command again\n"
        )
        // It can't be written either, but `box new` still succeeds.
        fixture.transport.on("POST /boxes", 202, Answers.created())
        #expect(await fixture.run("new", "--no-wait", "--json") == 0)
    }

    // MARK: Homes

    private func session(_ words: String...) async -> SSHDestination? {
        fixture.transport.on("POST /boxes/bx_1/sshkey", sshAnswer)
        #expect(await fixture.run(words + ["bx_1", "true"]) == 0, "\(fixture.err.text)")
        return fixture.ssh.state.withLock { $0.sessions.popLast()?.destination }
    }

    @Test func aNamedKeyGoesBeforeAllOthers() async {
        #expect(await session("ssh")?.keyPath == fixture.home + "/.ssh/ascii_box_ed25519")
        fixture.set("BOX_SSH_KEY", "/keys/ci")
        #expect(await session("ssh")?.keyPath == "/keys/ci")
        #expect(await session("ssh", "--ssh-key", "/keys/other")?.keyPath == "/keys/other")
        #expect(await session("ssh", "-i", "relative")?.keyPath.hasSuffix("/relative") == true)
        #expect(await session("ssh", "-i", "relative")?.keyPath.hasPrefix("/") == true)
    }

    @Test(arguments: ["/nonexistent", "/dev/null"])
    func withoutAUsableHomeTheRuntimeDirectoryHasTheKey(_ home: String) async throws {
        let runtime = fixture.home + "/run"
        mkdir(runtime, 0o700)
        fixture.set("HOME", home)
        fixture.set("XDG_RUNTIME_DIR", runtime)
        #expect(access("/nonexistent", F_OK) != 0)
        let destination = await session("ssh")
        #expect(destination?.keyPath == runtime + "/ascii-box/ascii_box_ed25519")
        #expect(destination?.knownHostsPath == runtime + "/ascii-box/known_hosts")
        fixture.transport.on("GET /boxes?limit=200", #"{"ok":true,"boxes":[]}"#)
        #expect(await fixture.run("list", "--json") == 0)
        #expect(access("/nonexistent", F_OK) != 0)
    }

    @Test func aDirectoryThatOthersCanOpenIsRefused() async throws {
        let temporary = fixture.home + "/tmp"
        mkdir(temporary, 0o777)
        fixture.set("HOME", "/nonexistent")
        fixture.set("XDG_RUNTIME_DIR", fixture.home + "/none")
        fixture.set("TMPDIR", temporary)
        let directory = "\(temporary)/ascii-box-\(getuid())"
        // Where /run/user/UID exists, it is used instead.
        guard access("/run/user/\(getuid())", F_OK) != 0 else { return }
        #expect(await session("ssh")?.keyPath == directory + "/ascii_box_ed25519")
        #expect(chmod(directory, 0o755) == 0)
        #expect(await fixture.run("ssh", "bx_1", "true") == 255)
        #expect(fixture.err.text.contains("\(directory) is not a directory of yours alone"))
        rmdir(directory)
        mkdir(fixture.home + "/elsewhere", 0o700)
        #expect(symlink(fixture.home + "/elsewhere", directory) == 0)
        #expect(await fixture.run("ssh", "bx_1", "true") == 255)
        #expect(fixture.err.text.contains("is not a directory of yours alone"))
        unlink(directory)
        mkdir(directory, 0o700)
        #expect(throws: CommandError.self) { try PrivateDirectory.path(fixture.current.environment, user: 12345) }
    }

    @Test func theConfigurationNamesAnotherKeyToTheProxy() async {
        #expect(await fixture.run("ssh-config", "--ssh-key", "/keys/my key", "--ca-file", "/ca.pem") == 0)
        #expect(
            fixture.out.text.contains("ProxyCommand /opt/box --ca-file /ca.pem proxy --ssh-key '/keys/my key' %n\n"))
        fixture.set("BOX_SSH_KEY", "/keys/100% mine")
        #expect(await fixture.run("ssh-config") == 0)
        #expect(fixture.out.text.contains("ProxyCommand /opt/box proxy --ssh-key '/keys/100%% mine' %n\n"))
        #expect(fixture.out.text.contains("IdentityFile \"/keys/100%% mine\"\n"))
    }

    // MARK: Certificates

    @Test func aFileOfCertificatesIsCheckedFirst() async throws {
        #expect(await fixture.run("list", "--ca-file", fixture.home + "/none.pem") == 1)
        #expect(fixture.err.text.contains("none.pem can't be used: No such file or directory"))
        try Files.replace(fixture.home + "/key.pem", with: Array("-----BEGIN PRIVATE KEY-----\n".utf8))
        for (name, value) in [("SSL_CERT_FILE", "key.pem"), ("CURL_CA_BUNDLE", "key.pem")] {
            fixture.set("BOX_API_URL", "https://localhost:1")
            fixture.set(name, "\(fixture.home)/\(value)")
            #expect(await fixture.run("list") == 1)
            #expect(fixture.err.text.contains("key.pem can't be used: it holds no certificate in PEM"))
            fixture.set(name, nil)
        }
        try fixture.writeConfig(#"{"ca_file":"../../../key.pem"}"#)
        #expect(await fixture.run("list") == 1)
        #expect(fixture.err.text.contains("/.config/ascii/box/../../../key.pem can't be used: it holds no certificate"))
    }
}
