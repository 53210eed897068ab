import BoxClient
import Glibc
import Synchronization
import Testing

/// Files that are read while they are sent, and downloads to files.
@Suite(.serialized, .timeLimit(.minutes(1))) struct UploadTests {
    let directory = ScratchDirectory()

    private func client(_ url: String) throws -> BoxClient {
        BoxClient(.init(origin: try Origin(url), apiKey: "k", pause: { _ in }), transport: CurlTransport())
    }

    private func bytes(_ count: Int) -> [UInt8] {
        var random = Xorshift(seed: 7)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// A server that answers every upload and records its body.
    private func server(_ bodies: Bodies) throws -> LoopbackServer {
        try LoopbackServer { request in
            bodies.add(request)
            return .send(LoopbackServer.response(body: #"{"ok":true,"path":"p","encoding":"base64","size":1}"#))
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 49151, 49152, 49153, 98304, 1_000_000])
    func everySizeArrivesWhole(size: Int) async throws {
        let bodies = Bodies()
        let server = try server(bodies)
        defer { server.stop() }
        let contents = bytes(size)
        let file = directory.write("f", contents)
        _ = try await client(server.url).writeFile("b", path: "a \"quoted\" ü", from: file)
        let request = bodies.all[0]
        #expect(request.hasPrefix("PUT /api/box/v1/boxes/b/files HTTP/1.1\r\n"))
        #expect(request.contains("\r\nContent-Type: application/json\r\n"))
        #expect(!request.contains("chunked") && !request.contains("Expect"))
        let body = try JSON.parse(Array(request[request.firstRange(of: "\r\n\r\n")!.upperBound...].utf8))
        #expect(body["path"] == "a \"quoted\" ü" && body["encoding"] == "base64")
        #expect(body["content"]?.string.flatMap { Base64.decode($0) } == contents)
        #expect(body.object?.members.map(\.key) == ["path", "content", "encoding"])
    }

    @Test func theRestOfAnOpenFileIsSent() async throws {
        let bodies = Bodies()
        let server = try server(bodies)
        defer { server.stop() }
        let descriptor = open(directory.write("f", Array("skip this".utf8)), O_RDONLY)
        defer { close(descriptor) }
        lseek(descriptor, 5, SEEK_SET)
        let file = try #require(UploadFile(descriptor: descriptor, name: "standard input"))
        #expect(file.size == 4)
        for _ in 0..<2 { _ = try await client(server.url).writeFile("b", path: "p", file: file) }
        #expect(bodies.all.allSatisfy { $0.hasSuffix(#"{"path":"p","content":"dGhpcw==","encoding":"base64"}"#) })
        #expect(bodies.all.count == 2)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        #expect(UploadFile(descriptor: ends[0], name: "pipe") == nil)
    }

    @Test func whatIsNoRegularFileIsRefused() async throws {
        let client = try client("http://127.0.0.1:9"), missing = directory.file("none")
        await #expect(throws: BoxError.notRegularFile(path: "/dev/zero")) {
            try await client.writeFile("b", path: "p", from: "/dev/zero")
        }
        do {
            _ = try await client.writeFile("b", path: "p", from: missing)
            Issue.record("a file that isn't there was sent")
        } catch let error as FileError {
            #expect(error.description == "could not read \(missing): No such file or directory")
        }
    }

    enum Change: CaseIterable { case shrinks, grows, isRewritten }

    @Test(arguments: Change.allCases) func aFileThatChangesMeanwhileIsNotTaken(_ change: Change) async throws {
        let size = 12 << 20
        let file = directory.write("f", [UInt8](repeating: 65, count: size))
        let begun = Happening(), changed = Happening(), received = Happening()
        let server = try RawServer { connection in
            let head = connection.readHead()
            begun.set(RawConnection.contentLength(head))
            changed.waitOnThread()
            let early = head[head.firstRange(of: "\r\n\r\n")!.upperBound...].utf8.count
            received.set(early + connection.readToEnd())
        }
        defer { server.stop() }
        let client = try client(server.url)
        let task = Task { try await client.writeFile("b", path: "p", from: file) }
        let length = try await begun.wait()
        switch change {
        case .shrinks: truncate(file, off_t(size / 2))
        case .grows: directory.write("f", [66], appending: true)
        case .isRewritten:
            let descriptor = open(file, O_WRONLY)
            pwrite(descriptor, "B", 1, 0)
            close(descriptor)
        }
        changed.set()
        await #expect(throws: BoxError.fileChanged(path: file)) { try await task.value }
        let arrived = try await received.wait()
        #expect(length > size && arrived < length)
    }

    @Test func cancellingAnUploadClosesTheConnection() async throws {
        let file = directory.write("f", [UInt8](repeating: 65, count: 12 << 20))
        let begun = Happening(), cancelled = Happening(), received = Happening()
        let server = try RawServer { connection in
            begun.set(RawConnection.contentLength(connection.readHead()))
            cancelled.waitOnThread()
            received.set(connection.readToEnd())
        }
        defer { server.stop() }
        let client = try client(server.url)
        let task = Task { try await client.writeFile("b", path: "p", from: file) }
        let length = try await begun.wait()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        cancelled.set()
        #expect(try await received.wait() < length)
    }

    @Test func anUploadThatIsRefusedEarlyIsTheServersError() async throws {
        let file = directory.write("f", [UInt8](repeating: 65, count: 12 << 20))
        let server = try RawServer { connection in
            _ = connection.readHead()
            connection.write(
                LoopbackServer.response(
                    "413 Content Too Large", body: #"{"ok":false,"code":"body_too_large","message":"Too large."}"#,
                    headers: "Connection: close\r\n"))
            shutdown(connection.descriptor, Int32(SHUT_WR))
            connection.readToEnd()
        }
        defer { server.stop() }
        let client = try client(server.url)
        let error = await boxError { try await client.writeFile("b", path: "p", from: file) }
        guard case .api(let failure)? = error else { Issue.record("\(String(describing: error))"); return }
        #expect(failure.code == .bodyTooLarge && failure.status == 413)
    }

    /// Such a server's answer may be lost, unless the client reads it before it continues to write.
    @Test func anUploadThatIsCutOffByARefusalEnds() async throws {
        let file = directory.write("f", [UInt8](repeating: 65, count: 12 << 20))
        let server = try RawServer { connection in
            _ = connection.readHead()
            connection.write(LoopbackServer.response("413 Content Too Large", body: #"{"error":"body_too_large"}"#))
        }
        defer { server.stop() }
        let client = try client(server.url)
        switch await boxError({ try await client.writeFile("b", path: "p", from: file) }) {
        case .api(let failure)?: #expect(failure.code == .bodyTooLarge)
        case .network(_, _, isUnreachable: false)?: break
        case let other: Issue.record("\(String(describing: other))")
        }
        #expect(server.connections == 1)
    }

    // MARK: Downloads

    @Test func aDownloadTakesTheFilesPlaceWhenItIsWhole() async throws {
        let contents = bytes(300_000)
        let text = String(decoding: contents.map { $0 & 0x7F }, as: UTF8.self)
        let server = try LoopbackServer { _ in .send(LoopbackServer.response(body: text)) }
        defer { server.stop() }
        let file = directory.write("f", [1]), sizes = Mutex<[Int64]>([])
        let size = try await client(server.url).downloadArtifact("b", path: "p", to: file) { size in
            sizes.withLock { $0.append(size) }
        }
        #expect(size == 300_000 && sizes.withLock { $0.last } == 300_000)
        #expect(directory.read("f") == Array(text.utf8) && directory.names == ["f"])
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ])
    func aDownloadThatFailsLeavesEverythingAsItWas(answer: String) async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write(answer)
        }
        defer { server.stop() }
        let file = directory.write("f", [1]), client = try client(server.url)
        _ = await boxError { try await client.downloadArtifact("b", path: "p", to: file) }
        #expect(directory.read("f") == [1] && directory.names == ["f"])
        _ = await boxError { try await client.downloadArtifact("b", path: "p", to: directory.file("new")) }
        #expect(directory.names == ["f"])
    }

    @Test func aDownloadThatIsCancelledLeavesNothing() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            connection.readToEnd()
        }
        defer { server.stop() }
        let arrived = Happening(), client = try client(server.url), file = directory.file("f")
        let task = Task { try await client.downloadArtifact("b", path: "p", to: file) { _ in arrived.set() } }
        _ = try await arrived.wait()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(directory.names.isEmpty)
    }

    @Test func aDownloadToADirectoryOrNowhereIsNotBegun() async throws {
        let client = try client("http://127.0.0.1:9"), directory = directory.path
        for target in [directory, directory + "/none/f"] {
            await #expect(throws: FileError.self) { try await client.downloadArtifact("b", path: "p", to: target) }
        }
    }
}

/// The requests that a server received.
final class Bodies: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }
}
