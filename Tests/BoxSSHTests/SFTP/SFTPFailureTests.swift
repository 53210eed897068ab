import Glibc
import Testing

@testable import BoxSSH

/// Copies that fail part-way leave nothing that looks complete.
@Suite(.timeLimit(.minutes(1)))
struct SFTPFailureTests {
    @Test func whatMustNotBeReadOrWrittenIsSaidAndTheRestCopied() throws {
        // The user `nobody` may log in with the key, and owns no file.
        let server = try SSHServer()
        defer { server.stop() }
        let local = server.scratch.directory("local")
        let home = server.home
        writeFile(home + "/open", [1])
        writeFile(home + "/closed", [2])
        chmod(home + "/closed", 0o600)
        mkdir(home + "/private", 0o700)
        let copy = SFTPCopy(connection: try server.connect(user: "nobody"), recursive: true)
        let down = try copy.download([home], to: local + "/down")
        #expect(down.files == 1)
        #expect(
            Set(down.failures) == [
                CopyFailure(path: home + "/closed", reason: "permission denied"),
                CopyFailure(path: home + "/private", reason: "permission denied"),
            ])
        #expect(names(in: local + "/down") == ["open"])
        let up = try copy.upload([local + "/down/open"], to: home + "/new")
        #expect(up.failures == [CopyFailure(path: home + "/new", reason: "permission denied")])
        #expect(
            try copy.download([home + "/none"], to: local).failures == [
                CopyFailure(path: home + "/none", reason: "no such file or directory")
            ])
    }

    @Test func aReadOnlyServerRefusesUploads() throws {
        let server = try SSHServer(sftp: "-R")
        defer { server.stop() }
        let file = server.scratch.file("file", [1])
        let report = try SFTPCopy(connection: try server.connect()).upload([file], to: "x")
        #expect(report.failures == [CopyFailure(path: "x", reason: "permission denied")])
    }

    @Test func aCutDownloadLeavesTheOldFileAlone() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let local = server.scratch.directory("local")
        writeFile(server.home + "/big", noise(20_000_000))
        writeFile(local + "/big", [1, 2, 3])
        var copy = SFTPCopy(connection: try server.connect())
        copy.progress = { if $0.fileBytes > 2_000_000 { server.signalSessions(SIGKILL) } }
        let error = try #require(throws: SSHError.self) { try copy.download(["big"], to: local + "/big") }
        #expect(error.kind == .connectionLost)
        #expect(readFile(local + "/big") == [1, 2, 3])
        #expect(names(in: local).filter { $0 != "big" }.allSatisfy { $0.hasPrefix(".big.box-part-") })
    }

    @Test func aCutUploadLeavesTheOldFileAlone() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let source = server.scratch.file("big", noise(20_000_000))
        writeFile(server.home + "/big", [1, 2, 3])
        var copy = SFTPCopy(connection: try server.connect())
        copy.progress = { if $0.fileBytes > 2_000_000 { server.signalSessions(SIGKILL) } }
        let error = try #require(throws: SSHError.self) { try copy.upload([source], to: "big") }
        #expect(error.kind == .connectionLost)
        #expect(readFile(server.home + "/big") == [1, 2, 3])
        #expect(names(in: server.home).filter { $0 != "big" }.allSatisfy { $0.hasPrefix(".big.box-part-") })
    }

    @Test func anInterruptedCopyCleansUp() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let server = try SSHServer()
            // So large that the copy is far from its end when its progress is first reported.
            let source = server.scratch.file("big", noise(100_000_000))
            var copy = SFTPCopy(connection: try server.connect())
            var isSignalled = false
            copy.progress = {
                guard $0.fileBytes > 2_000_000, !isSignalled else { return }
                isSignalled = true
                kill(getpid(), SIGINT)
            }
            var code: Int32 = 43
            do {
                _ = try copy.upload([source], to: "big")
            } catch {
                let isInterrupted = (error as? SSHError)?.kind == .interrupted(signal: SIGINT)
                code = !isInterrupted ? 44 : names(in: server.home).isEmpty ? 42 : 45
            }
            server.stop()
            server.scratch.remove()
            exit(code)
        }
    }
}
