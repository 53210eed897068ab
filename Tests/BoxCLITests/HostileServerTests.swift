import BoxModel
import Synchronization
import Testing

@testable import BoxCLI

/// Text from a server must not be interpreted by other programs.
@Suite struct HostileServerTests {
    let fixture = CLIFixture()

    static let ids = [
        #"bx_a\nMatch exec \"touch F\""#, #"bx_a\nHost *"#, "$(touch F)", "`touch F`", "-oProxyCommand=touch",
        "../../x", "a b", "bx_a;id",
        #"bx_\u0085"#, "%h", "*",
    ]

    @Test(arguments: ids) func nothingIsInstalled(_ id: String) async throws {
        try Files.makeDirectory(fixture.home + "/.ssh")
        try Files.replace(fixture.home + "/.ssh/config", with: Array("Host own\n".utf8))
        fixture.transport.on(
            "GET /boxes?limit=200", #"{"ok":true,"boxes":[{"id":"\#(id)","name":"web","state":"ready"}]}"#)
        #expect(await fixture.run("ssh-config", "--install", "--names", "--json") == 1)
        #expect(fixture.out.text.contains("is not valid: its id "))
        #expect(try Files.read(fixture.home + "/.config/ascii/box/ssh_config") == nil)
        #expect(try Files.read(fixture.home + "/.ssh/config") == Array("Host own\n".utf8))
    }

    @Test(arguments: ids) func noIDBecomesTheCurrentBox(_ id: String) async throws {
        fixture.transport.on("POST /boxes", 202, #"{"ok":true,"id":"\#(id)","status":"provisioning"}"#)
        #expect(await fixture.run("new", "--json", "--no-wait") == 1)
        #expect(!fixture.out.text.contains("created"))
        #expect(Files.names(in: fixture.home + "/.local/state/ascii/box/current").isEmpty)
    }

    @Test(arguments: ["-oProxyCommand=id", "10.0.0.1\\nx", "10.0.0.1 id", "a@b", "x/../y"])
    func noAddressIsKept(_ address: String) async throws {
        fixture.transport.on("POST /boxes/bx_1/sshkey", #"{"ok":true,"machineIp":"\#(address)","sshUser":"user"}"#)
        #expect(await fixture.run("--json", "ssh", "bx_1", "true") == 255)
        #expect(fixture.out.text.contains("is not valid: its machineIp "))
        #expect(Files.names(in: fixture.home + "/.local/state/ascii/box/addresses").isEmpty)
        #expect(fixture.ssh.state.withLock { $0.sessions.isEmpty })
    }

    @Test func whatEarlierVersionsKeptIsCheckedToo() async throws {
        let state = fixture.home + "/.local/state/ascii/box"
        try Files.makeDirectory(state + "/addresses")
        try Files.replace(state + "/addresses/bx_1", with: Array("user@-oProxyCommand=id\n".utf8))
        let last = LastAddress(directory: state + "/addresses", base: fixture.home)
        #expect(last.load("bx_1") == nil)
        try Files.makeDirectory(state + "/current")
        try Files.replace("\(state)/current/\(fixture.current.session.key)", with: Array("../x\n".utf8))
        #expect(await fixture.run("info", "current", "--json") == 1)
        #expect(fixture.out.text.contains("no current box"))
    }

    @Test func theConfigurationItselfLeavesOtherIDsOut() {
        let config = OpenSSHConfig(
            program: ["/opt/box"], identity: "/i", knownHosts: "/k",
            boxes: [("bx_a\nMatch exec \"id\"", "web"), ("bx_1", "web")])
        #expect(!config.text.contains("Match"))
        #expect(config.text.contains("HostName bx_1\n"))
    }

    @Test func jsonHasNoRawControlCharacters() async throws {
        let name = "a\u{9B}2J\u{7F}\u{85}\u{202E}b\u{2028}"
        let box = Answers.box("ready", name: name)
        let mode = ["--json"]
        for arguments in [["list"], ["info", "bx_8pqt6dup"]] {
            if arguments == ["list"] {
                fixture.transport.on("GET /boxes?limit=200", #"{"ok":true,"boxes":[\#(box)]}"#)
            } else {
                fixture.transport.on("GET /boxes/bx_8pqt6dup", #"{"ok":true,"box":\#(box)}"#)
            }
            #expect(await fixture.run(arguments + mode) == 0)
            let json = try JSON.parse(fixture.out.text)
            #expect((json["box"] ?? json["boxes"]?.array?.first)?["name"]?.string == name)
            #expect(
                !fixture.out.text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
            #expect(!fixture.out.text.unicodeScalars.contains { $0.properties.generalCategory == .format })
        }
        fixture.transport.on("GET /boxes/bx_1", 400, Answers.error(400, "x\u{9B}", "m\u{9B}\u{202E}"))
        #expect(await fixture.run("info", "bx_1", "--json") == 1)
        #expect(fixture.out.text.contains(#""error":"m\u009b\u202e","code":"x\u009b""#))
        fixture.transport.on("GET /boxes/bx_1", 400, Answers.error(400, "x", "m\u{9B}\u{202E}"))
        #expect(await fixture.run("info", "bx_1") == 1)
        #expect(fixture.err.text == "error: m\u{FFFD}\u{FFFD}\n")
    }

    @Test(arguments: [["get", "--show"], ["file", "get", "f"]]) func secretsDriveNoTerminal(_ command: [String]) async {
        let secrets =
            #"{"ok":true,"envContents":"A=\u009b2J\n","secretFiles":[{"path":"f","contents":"A=\u009b2J\n"}]}"#
        fixture.transport.on("GET /secrets", secrets)
        #expect(await fixture.run(["secrets"] + command) == 0)
        #expect(fixture.out.text == "A=\u{9B}2J\n")
        fixture.useTerminal()
        fixture.transport.on("GET /secrets", secrets)
        #expect(await fixture.run(["secrets"] + command) == 0)
        #expect(fixture.out.text == "A=\u{FFFD}2J\n")
    }
}
