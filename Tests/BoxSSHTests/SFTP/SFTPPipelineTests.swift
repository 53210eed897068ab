import Glibc
import Testing

@testable import BoxSSH

/// Many files at once, sparse files, and files that change during a copy.
@Suite(.timeLimit(.minutes(1)))
struct SFTPPipelineTests {
    let server: SSHServer
    let local: String

    init() throws {
        server = try SSHServer()
        local = server.scratch.directory("local")
    }

    private func copy() throws -> SFTPCopy { SFTPCopy(connection: try server.connect(), recursive: true) }

    @Test func manyFilesInManyDirectoriesArriveBothWays() throws {
        defer { server.stop() }
        mkdir(local + "/tree", 0o755)
        for directory in 0..<40 {
            mkdir(local + "/tree/\(directory)", 0o755)
            for file in 0..<25 {
                writeFile(local + "/tree/\(directory)/\(file)", noise(directory * 100 + file, seed: UInt64(file)))
            }
        }
        let copy = try copy()
        let up = try copy.upload([local + "/tree"], to: "up")
        #expect(up.files == 1000 && up.failures == [])
        let again = try copy.upload([local + "/tree/."], to: "up")
        #expect(again.files == 1000 && again.failures == [])
        let down = try copy.download(["up"], to: local + "/down")
        #expect(down.files == 1000 && down.bytes == up.bytes && down.failures == [])
        #expect(output(of: ["/usr/bin/diff", "-r", local + "/tree", local + "/down"], withErrors: true).isEmpty)
        #expect(output(of: ["/usr/bin/find", server.home, local, "-name", ".*box-part*"]).isEmpty)
    }

    @Test func filesOfEveryLengthNearAPieceArrive() throws {
        defer { server.stop() }
        let piece = 261_120
        let lengths = [1, 4095, 4096, 32 * 1024, piece - 1, piece, piece + 1, 2 * piece, 5 * piece + 7]
        for length in lengths { writeFile(local + "/\(length)", noise(length)) }
        let copy = try copy()
        _ = try copy.upload(lengths.map { local + "/\($0)" }, to: ".")
        mkdir(local + "/back", 0o755)
        _ = try copy.download(lengths.map { "\($0)" }, to: local + "/back")
        for length in lengths { #expect(readFile(local + "/back/\(length)") == noise(length), "\(length)") }
    }

    @Test func holesStayHolesBothWays() throws {
        defer { server.stop() }
        let size = 40_000_000
        func makeSparse(_ path: String, lastByte: Bool) {
            writeFile(path, [1, 2, 3])
            let fd = open(path, O_WRONLY)
            pwrite(fd, "middle", 6, 20_000_000)
            ftruncate(fd, size)
            if lastByte { pwrite(fd, "x", 1, size - 1) }
            close(fd)
        }
        let copy = try copy()
        for (name, lastByte) in [("open", false), ("closed", true)] {
            makeSparse(local + "/" + name, lastByte: lastByte)
            #expect(try copy.upload([local + "/" + name], to: name) == CopyReport(files: 1, bytes: Int64(size)))
            #expect(try copy.download([name], to: local + "/back") == CopyReport(files: 1, bytes: Int64(size)))
            for path in [server.home + "/" + name, local + "/back"] {
                #expect(output(of: ["/usr/bin/cmp", local + "/" + name, path], withErrors: true).isEmpty)
                #expect(Int(status(path, "%b"))! < 1000, "\(path) has its holes filled")
            }
        }
    }

    @Test func aFileWithoutASizeIsReadToItsEnd() throws {
        defer { server.stop() }
        #expect(try copy().download(["/proc/cpuinfo"], to: local + "/cpuinfo").failures == [])
        #expect(readText(local + "/cpuinfo")?.contains("processor") == true)
    }

    @Test func aFileThatGrowsOrShrinksMeanwhileIsNeverTorn() throws {
        defer { server.stop() }
        let bytes = noise(8_000_000)
        for (name, newSize) in [("grows", 9_000_000), ("shrinks", 5_000_000)] {
            let path = server.home + "/" + name
            writeFile(path, bytes)
            var copy = try copy()
            var isDone = false
            copy.progress = {
                guard $0.fileBytes > 500_000, !isDone else { return }
                isDone = true
                truncate(path, newSize)
            }
            let report = try copy.download([name], to: local + "/" + name)
            let got = readFile(local + "/" + name)
            if report.failures.isEmpty {
                let expected = bytes.prefix(newSize) + [UInt8](repeating: 0, count: max(0, newSize - bytes.count))
                #expect(got == Array(expected) || got == bytes, "\(name)")
            } else {
                #expect(
                    report.failures == [
                        CopyFailure(path: name, reason: "it changed while it was copied; copy it again")
                    ])
                #expect(got == nil)
            }
        }
    }
}

/// Copies that resume earlier ones, and copies from or to a stream.
@Suite(.timeLimit(.minutes(1)))
struct SFTPResumeTests {
    let server: SSHServer
    let local: String
    let bytes = noise(20_000_000)

    init() throws {
        server = try SSHServer()
        local = server.scratch.directory("local")
    }

    private func cut(_ body: (SFTPCopy) throws -> Void) throws {
        var copy = SFTPCopy(connection: try server.connect())
        copy.progress = { [server] in if $0.fileBytes > 8_000_000 { server.signalSessions(SIGKILL) } }
        #expect(try #require(throws: SSHError.self) { try body(copy) }.kind == .connectionLost)
    }

    private func parts(_ directory: String) -> [String] { names(in: directory).filter { $0.contains(".box-part-") } }

    @Test func anUploadGoesOnWhereItWasCut() throws {
        defer { server.stop() }
        writeFile(local + "/big", bytes)
        try cut { _ = try $0.upload([local + "/big"], to: "big") }
        #expect(parts(server.home).count == 1 && names(in: server.home).count == 1)
        let copy = SFTPCopy(connection: try server.connect(), resumes: true)
        let report = try copy.upload([local + "/big"], to: "big")
        #expect(report.files == 1 && report.failures == [] && report.bytes < 20_000_000)
        #expect(readFile(server.home + "/big") == bytes)
        #expect(names(in: server.home) == ["big"])
        // The file is complete now.
        #expect(try copy.upload([local + "/big"], to: "big") == CopyReport(files: 1, bytes: 0))
    }

    @Test func aDownloadGoesOnWhereItWasCut() throws {
        defer { server.stop() }
        writeFile(server.home + "/big", bytes)
        try cut { _ = try $0.download(["big"], to: local + "/big") }
        #expect(parts(local).count == 1 && names(in: local).count == 1)
        let copy = SFTPCopy(connection: try server.connect(), resumes: true)
        let report = try copy.download(["big"], to: local + "/big")
        #expect(report.files == 1 && report.failures == [] && report.bytes < 20_000_000)
        #expect(readFile(local + "/big") == bytes)
        #expect(names(in: local) == ["big"])
        #expect(try copy.download(["big"], to: local + "/big") == CopyReport(files: 1, bytes: 0))
    }

    @Test func whatIsNotTheBeginningIsNotGoneOnWith() throws {
        defer { server.stop() }
        writeFile(local + "/big", bytes)
        writeFile(server.home + "/.big.box-part-x", noise(5_000_000, seed: 9))
        writeFile(local + "/.down.box-part-x", noise(5_000_000, seed: 9))
        let copy = SFTPCopy(connection: try server.connect(), resumes: true)
        #expect(try copy.upload([local + "/big"], to: "big") == CopyReport(files: 1, bytes: 20_000_000))
        #expect(readFile(server.home + "/big") == bytes)
        #expect(try copy.download(["big"], to: local + "/down") == CopyReport(files: 1, bytes: 20_000_000))
        #expect(readFile(local + "/down") == bytes)
    }

    @Test func streamsGoBothWays() throws {
        defer { server.stop() }
        let copy = SFTPCopy(connection: try server.connect())
        let (input, output) = (makePipe(), makePipe())
        let writer = Worker { [bytes] in
            bytes.withUnsafeBytes { writeEverything(input.write, $0) }
            close(input.write)
        }
        #expect(try copy.upload(from: input.read, to: "stream") == CopyReport(files: 1, bytes: 20_000_000))
        writer.join()
        let reader = Worker { readEverything(output.read) }
        #expect(try copy.download("stream", into: output.write) == CopyReport(files: 1, bytes: 20_000_000))
        close(output.write)
        #expect(reader.join() == bytes)
        for end in [input.read, output.read] { close(end) }
        mkdir(server.home + "/directory", 0o755)
        #expect(try copy.upload(from: -1, to: "x").failures.count == 1)
        #expect(
            try copy.download("directory", into: 1).failures == [
                CopyFailure(path: "directory", reason: "is a directory; name a file")
            ])
    }
}
