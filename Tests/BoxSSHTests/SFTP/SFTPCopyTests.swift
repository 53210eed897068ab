import Glibc
import Testing

@testable import BoxSSH

@Suite(.timeLimit(.minutes(1)))
struct SFTPCopyTests {
    let server: SSHServer
    /// The user's directory on this machine; `server.home` is the box's.
    let local: String

    init() throws {
        server = try SSHServer()
        local = server.scratch.directory("local")
    }

    private func copy(recursive: Bool = false, preserve: Bool = false) throws -> SFTPCopy {
        SFTPCopy(connection: try server.connect(), recursive: recursive, preserveTimes: preserve)
    }

    private func failure(_ path: String, _ reason: String) -> [CopyFailure] {
        [CopyFailure(path: path, reason: reason)]
    }

    // MARK: Files

    @Test func aFileGoesUpAndComesBack() throws {
        defer { server.stop() }
        let bytes = noise(7_000_001)
        writeFile(local + "/big", bytes)
        let copy = try copy()
        let up = try copy.upload([local + "/big"], to: "renamed")
        #expect(up == CopyReport(files: 1, bytes: 7_000_001))
        #expect(readFile(server.home + "/renamed") == bytes)
        let down = try copy.download(["renamed"], to: local + "/back")
        #expect(down == CopyReport(files: 1, bytes: 7_000_001))
        #expect(readFile(local + "/back") == bytes)
        #expect(names(in: server.home) == ["renamed"])
        #expect(names(in: local) == ["back", "big"])
    }

    @Test func emptyFilesAndSeveralSources() throws {
        defer { server.stop() }
        writeFile(local + "/empty", [])
        writeFile(local + "/full", [1, 2, 3])
        let copy = try copy()
        let sources = [local + "/empty", local + "/full"]
        #expect(try copy.upload(sources, to: "").files == 2)
        #expect(names(in: server.home) == ["empty", "full"])
        #expect(
            try copy.upload(sources, to: "none").failures
                == failure("none", "no such directory, and several sources need one"))
        #expect(
            try copy.upload(sources, to: "full").failures
                == failure("full", "not a directory, and several sources need one"))
        mkdir(local + "/in", 0o755)
        #expect(try copy.download([server.home + "/empty", "full"], to: local + "/in").files == 2)
        #expect(readFile(local + "/in/empty") == [])
        #expect(readFile(local + "/in/full") == [1, 2, 3])
    }

    @Test func trailingSlashesNeedDirectories() throws {
        defer { server.stop() }
        writeFile(local + "/file", [1])
        mkdir(server.home + "/directory", 0o755)
        let copy = try copy()
        #expect(try copy.upload([local + "/file"], to: "directory/").files == 1)
        #expect(try copy.upload([local + "/file"], to: "none/").failures == failure("none/", "no such directory"))
        #expect(try copy.upload([local + "/file"], to: "directory/file/").failures.count == 1)
        #expect(try copy.download(["directory/file"], to: local + "/none/").failures.count == 1)
        #expect(names(in: server.home) == ["directory"])
        #expect(names(in: local) == ["file"])
    }

    @Test func newFilesGetTheSourcesModeAndOldOnesKeepTheirs() throws {
        defer { server.stop() }
        writeFile(local + "/script", [1])
        chmod(local + "/script", 0o750)
        writeFile(server.home + "/secret", [9, 9])
        chmod(server.home + "/secret", 0o600)
        let copy = try copy()
        _ = try copy.upload([local + "/script"], to: "new")
        _ = try copy.upload([local + "/script"], to: "secret")
        #expect(status(server.home + "/new", "%a") == "750")
        #expect(status(server.home + "/secret", "%a") == "600")
        #expect(readFile(server.home + "/secret") == [1])
        _ = try copy.download(["new"], to: local + "/down")
        #expect(status(local + "/down", "%a") == "750")
        chmod(local + "/script", 0o444)
        _ = try copy.download(["secret"], to: local + "/script")
        #expect(status(local + "/script", "%a") == "444")
    }

    @Test func timesAndExactModesAreKeptOnRequest() throws {
        defer { server.stop() }
        let directory = local + "/tree"
        mkdir(directory, 0o755)
        writeFile(directory + "/file", [1])
        chmod(directory + "/file", 0o666)
        chmod(directory, 0o577)
        for path in [directory + "/file", directory] {
            _ = output(of: ["/usr/bin/touch", "-a", "-d", "@1000000000", path])
            _ = output(of: ["/usr/bin/touch", "-m", "-d", "@1100000000", path])
        }
        let copy = try copy(recursive: true, preserve: true)
        #expect(try copy.upload([directory], to: "up").failures == [])
        #expect(status(server.home + "/up/file", "%a %X %Y") == "666 1000000000 1100000000")
        #expect(status(server.home + "/up", "%a %Y") == "577 1100000000")
        #expect(try copy.download(["up"], to: local + "/down").failures == [])
        #expect(status(local + "/down/file", "%a %Y") == "666 1100000000")
        #expect(status(local + "/down", "%a %Y") == "577 1100000000")
    }

    @Test func linksAreFollowedAndTheirTargetsReplaced() throws {
        defer { server.stop() }
        writeFile(local + "/file", [1])
        writeFile(server.home + "/real", [2])
        symlink("real", server.home + "/link")
        let copy = try copy()
        #expect(try copy.upload([local + "/file"], to: "link").failures == [])
        #expect(readFile(server.home + "/real") == [1])
        #expect(status(server.home + "/link", "%F") == "symbolic link")
        symlink("file", local + "/link")
        writeFile(server.home + "/other", [3])
        #expect(try copy.download(["other"], to: local + "/link").failures == [])
        #expect(readFile(local + "/file") == [3])
        #expect(status(local + "/link", "%F") == "symbolic link")
    }

    @Test func devicesAreWrittenIntoAndAFullDiskIsSaid() throws {
        defer { server.stop() }
        writeFile(local + "/file", noise(100_000))
        writeFile(server.home + "/file", noise(100_000))
        let copy = try copy()
        #expect(try copy.upload([local + "/file"], to: "/dev/null").files == 1)
        #expect(try copy.download(["file"], to: "/dev/null").files == 1)
        #expect(status("/dev/null", "%F") == "character special file")
        #expect(
            try copy.upload([local + "/file"], to: "/dev/full").failures
                == failure("/dev/full", "write failed (is the disk full?)"))
        #expect(
            try copy.download(["file"], to: "/dev/full").failures == failure("/dev/full", "no space left on device"))
        // The connection still works.
        #expect(try copy.upload([local + "/file"], to: "again").files == 1)
        #expect(readFile(server.home + "/again") == noise(100_000))
    }

    @Test func progressAddsUp() throws {
        defer { server.stop() }
        writeFile(local + "/a", noise(300_000))
        writeFile(local + "/b", noise(5))
        var last: CopyProgress?
        var steps = 0
        var copy = try copy()
        copy.progress = {
            last = $0; steps += 1
        }
        _ = try copy.upload([local + "/a", local + "/b"], to: ".")
        #expect(last?.bytes == 300_005)
        #expect(last?.files == 2)
        #expect(last?.path == local + "/b")
        #expect(last?.fileBytes == 5)
        #expect(last?.fileSize == 5)
        #expect(steps >= 5)
    }

    @Test(arguments: [true, false])
    func theTotalIsKnownFromTheFirstStep(_ isWanted: Bool) throws {
        defer { server.stop() }
        mkdir(local + "/tree", 0o755)
        mkdir(local + "/tree/it's", 0o755)
        writeFile(local + "/tree/a", noise(300_000))
        writeFile(local + "/tree/it's/b", noise(70_000))
        symlink("..", local + "/tree/it's/loop")
        writeFile(local + "/c", noise(5))
        var totals: Set<Int64?> = []
        var copy = try copy()
        copy.recursive = true
        copy.wantsTotal = isWanted
        copy.progress = { totals.insert($0.totalBytes) }
        _ = try copy.upload([local + "/tree", local + "/c"], to: ".")
        #expect(totals == [isWanted ? 370_005 : nil])
        // Without a directory that `find` can't read.
        unlink(server.home + "/tree/it's/loop")
        totals = []
        _ = try copy.download(["tree", server.home + "/c"], to: local)
        #expect(totals == [isWanted ? 370_005 : nil])
        // A directory for which `find` reports an error has no total.
        symlink("..", server.home + "/tree/it's/loop")
        totals = []
        _ = try copy.download(["tree"], to: local)
        #expect(totals == [nil])
    }

    @Test func patternsMatchNamesOnTheBox() throws {
        defer { server.stop() }
        mkdir(server.home + "/logs", 0o755)
        for name in ["logs/a.log", "logs/b.log", "logs/.c.log", "logs/d.txt", "[x]"] {
            writeFile(server.home + "/" + name, [1])
        }
        let copy = try copy()
        #expect(try copy.download(["lo*/*.log", "[x]"], to: local).files == 3)
        #expect(names(in: local) == ["[x]", "a.log", "b.log"])
        #expect(try copy.download(["*.none"], to: local).failures == failure("*.none", "no such file or directory"))
    }

    // MARK: Directories

    @Test func directoriesGoUpAndComeBackWithOddNames() throws {
        defer { server.stop() }
        let odd = ["a b", "it's \"q\"", "new\nline", "*", "-rf", "ünï", "\u{1b}[31m", "~", "a:b"]
        mkdir(local + "/tree", 0o755)
        mkdir(local + "/tree/sub dir", 0o700)
        mkdir(local + "/tree/empty", 0o755)
        for (index, name) in odd.enumerated() { writeFile(local + "/tree/sub dir/" + name, noise(index * 1000)) }
        // A name that isn't UTF-8.
        let invalid = Array((local + "/tree/").utf8) + [0x66, 0xff, 0xfe]
        close(try LocalFile.open(invalid, O_WRONLY | O_CREAT, mode: 0o640))

        let copy = try copy(recursive: true)
        #expect(try copy.upload([local + "/tree"], to: "up").failures == [])
        #expect(same(local + "/tree", server.home + "/up"))
        // Copies into it, now that it exists, and then only its contents, for "dir/.".
        #expect(try copy.upload([local + "/tree/"], to: "up").failures == [])
        #expect(same(local + "/tree", server.home + "/up/tree"))
        mkdir(server.home + "/flat", 0o755)
        #expect(try copy.upload([local + "/tree/."], to: "flat").failures == [])
        #expect(same(local + "/tree", server.home + "/flat"))

        #expect(try copy.download(["up/tree/"], to: local + "/down").files == odd.count + 1)
        #expect(same(local + "/tree", local + "/down"))
        #expect(try copy.download(["flat"], to: local + "/down/").files == odd.count + 1)
        #expect(same(local + "/tree", local + "/down/flat"))
    }

    @Test func aDirectoryWithoutRecursionIsSkipped() throws {
        defer { server.stop() }
        mkdir(local + "/directory", 0o755)
        mkdir(server.home + "/directory", 0o755)
        writeFile(local + "/file", [1])
        let copy = try copy()
        let report = try copy.upload([local + "/directory", local + "/file"], to: ".")
        #expect(report.files == 1)
        #expect(report.failures == failure(local + "/directory", "is a directory; use -r"))
        #expect(try copy.download(["directory"], to: local).failures == failure("directory", "is a directory; use -r"))
    }

    @Test func loopsSpecialFilesAndDanglingLinksAreSkipped() throws {
        defer { server.stop() }
        for root in [local + "/tree", server.home + "/tree"] {
            mkdir(root, 0o755)
            mkdir(root + "/sub", 0o755)
            writeFile(root + "/sub/file", [1])
            symlink("..", root + "/sub/loop")
            symlink("nowhere", root + "/dangling")
            symlink("sub/file", root + "/link")
            mkfifo(root + "/pipe", 0o644)
        }
        let copy = try copy(recursive: true)
        let up = try copy.upload([local + "/tree"], to: "up")
        #expect(up.files == 2)
        #expect(
            Set(up.failures.map(\.reason)) == [
                "a symbolic link leads back to a directory above", "no such file or directory", "not a regular file",
            ])
        #expect(names(in: server.home + "/up") == ["link", "sub"])
        #expect(status(server.home + "/up/link", "%F") == "regular file")
        let down = try copy.download(["tree"], to: local + "/down")
        #expect(down.files == 2)
        #expect(
            Set(down.failures.map(\.reason)) == [
                "a symbolic link leads back to a directory above", "no such file or directory", "not a regular file",
            ])
        #expect(names(in: local + "/down") == ["link", "sub"])
    }

    @Test func aReadOnlyDirectoryIsFilledBeforeItIsClosed() throws {
        defer { server.stop() }
        mkdir(local + "/tree", 0o755)
        writeFile(local + "/tree/file", [1])
        chmod(local + "/tree", 0o555)
        let copy = try copy(recursive: true)
        #expect(try copy.upload([local + "/tree"], to: "up").failures == [])
        #expect(status(server.home + "/up", "%a") == "555")
        #expect(try copy.download(["up"], to: local + "/down").failures == [])
        #expect(status(local + "/down", "%a") == "555")
    }

    @Test func aFileInTheWayOfADirectoryIsSaid() throws {
        defer { server.stop() }
        mkdir(local + "/tree", 0o755)
        writeFile(local + "/file", [1])
        writeFile(server.home + "/file", [2])
        mkdir(server.home + "/there", 0o755)
        mkdir(server.home + "/there/file", 0o755)
        let copy = try copy(recursive: true)
        #expect(try copy.upload([local + "/tree"], to: "file").failures == failure("file", "not a directory"))
        #expect(
            try copy.upload([local + "/file"], to: "there").failures == failure("there/file", "it is a directory there")
        )
        #expect(readFile(server.home + "/file") == [2])
    }

    private func same(_ one: String, _ other: String) -> Bool {
        let difference = output(of: ["/usr/bin/diff", "-r", one, other], withErrors: true)
        return difference.isEmpty
    }

    // MARK: Operands

    @Test func operandsFollowScpsRule() {
        #expect(CopyOperand.parse("bx_8pqt6dup:/abs") == .remote(box: "bx_8pqt6dup", path: "/abs"))
        #expect(CopyOperand.parse("current:a:b") == .remote(box: "current", path: "a:b"))
        #expect(CopyOperand.parse("name:") == .remote(box: "name", path: ""))
        #expect(CopyOperand.parse("name:~/a") == .remote(box: "name", path: "a"))
        #expect(CopyOperand.parse("name:~") == .remote(box: "name", path: "."))
        #expect(CopyOperand.parse("~:a") == .remote(box: "~", path: "a"))
        for text in ["file", "./a:b", "/a:b", ":x", "", "a/b:c"] { #expect(CopyOperand.parse(text) == .local(text)) }
    }
}
