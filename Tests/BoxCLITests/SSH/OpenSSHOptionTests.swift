import BoxClient
import BoxSSH
import Synchronization
import Testing

@testable import BoxCLI

/// `box ssh` in place of ssh, as rsync, git and other programs run it.
@Suite struct OpenSSHOptionTests {
    let fixture = CLIFixture()

    private func session(_ words: String...) async -> SSHSession? {
        let access = #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.98.0.2","sshUser":"user"}"#
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        #expect(await fixture.run(["ssh"] + words) == 0, "\(words): \(fixture.err.text)")
        return fixture.ssh.state.withLock { $0.sessions.popLast() }
    }

    @Test func programsNameTheUserInThreeWays() async {
        for words in [
            ["user@bx_1", "ls"], ["-l", "user", "bx_1", "ls"], ["-o", "User=user", "bx_1", "ls"], ["bx_1", "ls"],
        ] {
            let access =
                #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.98.0.2","sshUser":"user"}"#
            fixture.transport.on("POST /boxes/bx_1/sshkey", access)
            #expect(await fixture.run(["ssh"] + words) == 0)
            let session = fixture.ssh.state.withLock { $0.sessions.popLast() }
            #expect(session?.destination.user == "user" && session?.destination.boxID == "bx_1")
            #expect(session?.words == ["ls"])
        }
        #expect(await session("-l", "other", "user@bx_1", "ls")?.destination.user == "other")
    }

    @Test func rootIsRefusedWithTheWayOut() async {
        let access = #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.98.0.2","sshUser":"user"}"#
        for words in [["ssh", "root@bx_1", "id"], ["scp", "root@bx_1:x", "."], ["forward", "root@bx_1", "80"]] {
            fixture.transport.on("POST /boxes/bx_1/sshkey", access)
            #expect(await fixture.run(words) == 255)
            #expect(
                fixture.err.text
                    == "error: bx_1 lets nobody log in as root. leave the name out, and use sudo in the box\n")
        }
    }

    @Test func whatRsyncAndGitAndSFTPSay() async {
        let rsync = await session("-l", "user", "bx_1", "rsync", "--server", "-vlogDtpre.iLsfxCIvu", ".", "a b")
        #expect(rsync?.words == ["rsync", "--server", "-vlogDtpre.iLsfxCIvu", ".", "a b"])
        fixture.set("GIT_PROTOCOL", "version=2")
        fixture.set("LC_ALL", "C")
        let git = await session(
            "-o", "SendEnv=GIT_PROTOCOL", "-4", "-p", "22", "user@bx_1", "git-upload-pack '/home/user/a.git'")
        #expect(git?.words == ["git-upload-pack '/home/user/a.git'"])
        #expect(git?.environment == [EnvironmentVariable(name: "GIT_PROTOCOL", value: "version=2")])
        let sftp = await session(
            "-x", "-a", "-oClearAllForwardings=yes", "-oPermitLocalCommand=no", "-oRemoteCommand=none",
            "-oRequestTTY=no",
            "-oForwardAgent=no", "-2", "-L", "3000", "-s", "--", "user@bx_1", "sftp")
        #expect(sftp?.isSubsystem == true && sftp?.words == ["sftp"] && sftp?.forwards == [])
        let sshfs = await session("-x", "user@bx_1", "-s", "sftp")
        #expect(sshfs?.isSubsystem == true && sshfs?.words == ["sftp"])
        let others = await session(
            "-n", "-q", "-C", "-o", "sendenv LC_* NONE", "-o", "SetEnv=A=1 B=", "-oStrictHostKeyChecking no",
            "-oBatchMode=yes", "-oServerAliveInterval=5", "-oConnectTimeout=10", "-oUserKnownHostsFile=/dev/null",
            "bx_1",
            "true")
        #expect(others?.hasInput == false && others?.compresses == true)
        #expect(
            others?.environment == [
                EnvironmentVariable(name: "LC_ALL", value: "C"), EnvironmentVariable(name: "A", value: "1"),
                EnvironmentVariable(name: "B", value: ""),
            ])
        #expect(await session("-o", "RequestTTY=force", "bx_1", "true")?.wantsTerminal == true)
    }

    /// git uses -G to find out whether a program accepts ssh's options.
    @Test func theConfigurationIsPrinted() async {
        #expect(await fixture.run("ssh", "-G", "-o", "SendEnv=GIT_PROTOCOL", "-p", "22", "user@bx_1") == 0)
        #expect(fixture.out.lines.prefix(4) == ["host bx_1", "hostname bx_1", "user user", "port 22"])
    }

    @Test(arguments: [
        (["-p", "2222"], "invalid --port \"2222\". Boxes take SSH connections at port 22 only"),
        (["-oPort=2222"], "invalid --option Port=2222. Boxes take SSH connections at port 22 only"),
        (
            ["-o", "ProxyJump=host"],
            "--option \"ProxyJump=host\" can't be honoured: box finds its own way; use ssh itself with `box ssh-config` for another one"
        ),
        (
            ["-oForwardAgent=yes"],
            "--option \"ForwardAgent=yes\" can't be honoured: box ssh forwards no agent; use ssh itself with `box ssh-config`"
        ),
        (["-oLocalForward=1 2:3"], "--option \"LocalForward=1 2:3\" can't be honoured: use -L"),
        (["-oNoSuchOption=1"], "unknown --option \"NoSuchOption=1\". Use a name of ssh_config(5)"),
        (["-oBatchMode"], "invalid --option \"BatchMode\". Use NAME=VALUE, as in ssh_config(5)"),
        (["-oSetEnv=1x=2"], "invalid --option \"SetEnv=1x=2\". Use SetEnv=NAME=VALUE"),
        (["-s"], "--subsystem needs one WORD, the subsystem's name, such as sftp"),
        (["-l", ""], "--login-name is empty. Name a user of the box, or leave it out"),
    ])
    func whatCannotBeHonouredIsSaid(_ options: [String], _ problem: String) async {
        #expect(await fixture.run(["ssh"] + options + ["bx_1"]) == 2)
        #expect(fixture.usageProblem == problem)
    }

    @Test func scpTakesUsersToo() async {
        let access = #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.98.0.2","sshUser":"user"}"#
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        #expect(await fixture.run("scp", "user@bx_1:~/x", ".") == 0)
        let job = fixture.ssh.state.withLock { $0.jobs.last }
        #expect(job?.destination.boxID == "bx_1" && job?.destination.user == "user" && job?.sources == ["x"])
    }

    @Test func digitsAreOptionsOnlyWhereTheyAreDeclared() async {
        #expect(await session("-4", "bx_1", "-2", "--", "ls", "-4")?.words == ["ls", "-4"])
        #expect(await fixture.run("ssh", "-5.", "x") == 255)
    }
}
