import BoxClient
import BoxSSH
import Synchronization
import Testing

@testable import BoxCLI

/// `ssh-config` and `proxy`, and the options that `ssh` passes on.
@Suite struct SSHConfigTests {
    let fixture = CLIFixture()
    let access = #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.98.0.2","sshUser":"user"}"#

    private func text(_ path: String) throws -> String? {
        try Files.read(fixture.home + path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func itIsShown() async {
        #expect(await fixture.run("ssh-config", "--api-url", "http://127.0.0.1:7070") == 0)
        #expect(fixture.out.text.contains("\nHost bx_*\n    User user\n"))
        #expect(fixture.out.text.contains("    ProxyCommand /opt/box --api-url http://127.0.0.1:7070 proxy %n\n"))
        #expect(fixture.out.text.contains("    IdentityFile \"\(fixture.home)/.ssh/ascii_box_ed25519\"\n"))
        #expect(fixture.out.text.contains("    UserKnownHostsFile \"\(fixture.home)/.config/ascii/box/known_hosts\"\n"))
    }

    @Test func itIsInstalledOnceAndTakenAwayAgain() async throws {
        try Files.makeDirectory(fixture.home + "/.ssh")
        let own = "Host *\n    Compression yes\n"
        try Files.replace(fixture.home + "/.ssh/config", with: Array(own.utf8))
        #expect(await fixture.run("ssh-config", "--install") == 0)
        #expect(await fixture.run("ssh-config", "--install") == 0)
        let line = "Include \"\(fixture.home)/.config/ascii/box/ssh_config\"\n"
        #expect(try text("/.ssh/config") == line + "\n" + own)
        #expect(try text("/.config/ascii/box/ssh_config")?.contains("Host bx_*") == true)
        #expect(await fixture.run("ssh-config", "--uninstall") == 0)
        #expect(try text("/.ssh/config") == own)
        #expect(try text("/.config/ascii/box/ssh_config") == nil)
        #expect(await fixture.run("ssh-config", "--uninstall") == 0)
    }

    @Test(arguments: [
        ("web", "box-web"), ("Box 2026-05-28 16:00", "box-box-2026-05-28-16-00"), ("github.com", "box-github-com"),
        ("a\nHost *", "box-a-host"), ("☃", nil), ("", nil),
    ])
    func namesBecomeHosts(_ name: String, _ host: String?) { #expect(OpenSSHConfig.host(named: name) == host) }

    @Test func eachNameIsOneHost() {
        let config = OpenSSHConfig(
            program: ["/opt/my box"], identity: "/i", knownHosts: "/k",
            boxes: [(id: "bx_2", name: "web"), (id: "bx_1", name: "Web")])
        #expect(config.text.contains("Host box-web\n    HostName bx_2\n    HostKeyAlias bx_2\n    User user\n"))
        #expect(config.text.contains("ProxyCommand '/opt/my box' proxy bx_2\n"))
        #expect(!config.text.contains("bx_1"))
    }

    @Test func aProxyRegistersTheKeyAndRelays() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        #expect(await fixture.run("proxy", "bx_1") == 0)
        #expect(fixture.ssh.state.withLock { $0.relays.map(\.host) } == ["10.98.0.2"])
        #expect(fixture.out.text == "")
    }

    @Test func sshTakesVariablesAlong() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        #expect(await fixture.run("ssh", "-e", "A=b=c", "--env", "EMPTY=", "bx_1", "true") == 0)
        #expect(
            fixture.ssh.state.withLock { $0.sessions.first?.environment } == [
                EnvironmentVariable(name: "A", value: "b=c"), EnvironmentVariable(name: "EMPTY", value: ""),
            ])
        #expect(await CLI.run(["ssh", "-e", "A B=c", "bx_1"], in: fixture.current) == .usage)
    }
}
