import BoxSystem
import Glibc
import Testing

struct SystemTests {
    @Test func errorsAreTheSystemsWords() {
        #expect(errnoText(ENOENT) == "No such file or directory")
        errno = EACCES
        #expect(errnoText() == "Permission denied")
        #expect(errnoText(99_999).contains("99999"))
    }

    @Test func bytesHaveTwoDigitsEach() {
        #expect([UInt8]([0, 9, 15, 16, 255]).hexadecimal == "00090f10ff")
        #expect([UInt8]().hexadecimal == "")
    }

    @Test func whatIsWrittenIsRead() throws {
        let file = try TemporaryFile()
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(Descriptor.write(bytes, to: file.descriptor))
        #expect(bytes.withUnsafeBytes { Descriptor.write(.init(rebasing: $0[..<3]), to: file.descriptor, at: 200_000) })
        #expect(Descriptor.read(file.path) == bytes + [0, 1, 2])
        lseek(file.descriptor, 0, SEEK_SET)
        #expect(Descriptor.readToEnd(file.descriptor, maximum: 200_003) == bytes + [0, 1, 2])
        lseek(file.descriptor, 0, SEEK_SET)
        #expect(Descriptor.readToEnd(file.descriptor, maximum: 200_002) == nil && errno == EFBIG)
    }

    @Test func failuresLeaveTheirNumber() {
        #expect(Descriptor.read("/nowhere") == nil && errno == ENOENT)
        #expect(Descriptor.readToEnd(-1) == nil && errno == EBADF)
        #expect(!Descriptor.write([1], to: -1) && errno == EBADF)
        #expect(Descriptor.write([], to: -1))
        #expect(DirectoryNames.read("/nowhere") == nil && errno == ENOENT)
        #expect(DirectoryNames.read(-1) == nil && errno == EBADF)
    }

    /// A pipe holds 64 KiB, so the writer has to wait for the reader.
    @Test func aNonBlockingDescriptorIsWaitedFor() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        let (reading, writing) = (ends[0], ends[1])
        #expect(
            OSThread.start {
                _ = Descriptor.write([UInt8](repeating: 7, count: 300_000), to: writing)
                close(writing)
            } == 0)
        #expect(Descriptor.readToEnd(reading)?.count == 300_000)
        close(reading)
    }

    @Test func namesAreBytesAndTheDirectoryStaysOpen() throws {
        let directory = try TemporaryDirectory()
        let names: [[UInt8]] = [Array("a b".utf8), [0xFF, 0xFE], Array("..c".utf8)]
        for name in names { try directory.touch(name) }
        let descriptor = open(directory.path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        for _ in 0..<2 {
            #expect(Set(DirectoryNames.read(descriptor) ?? []) == Set(names))
        }
        #expect(Set(DirectoryNames.read(directory.path) ?? []) == Set(names))
    }

    @Test func aProcessIsKnownByItsFields() throws {
        let own = try #require(ProcessStatus(of: getpid()))
        #expect(own.parent == getppid() && ["R", "S", "D"].contains(own.state) && own.startTime != nil)
        #expect(ProcessStatus(of: -1) == nil)
        // A name may hold everything that separates fields.
        let status = try #require(ProcessStatus("12 (a) R (b) S 3 12 12 34816 12 0"))
        #expect(status.name == "a) R (b" && status.state == "S" && status.parent == 3 && status.leadsTerminal)
        #expect(status.startTime == nil)
        #expect(try !#require(ProcessStatus("12 (sh) S 3 12 12 0 -1")).leadsTerminal)
        #expect(try !#require(ProcessStatus("12 (sh) S 3 12 7 34816 12")).leadsTerminal)
        #expect(ProcessStatus("") == nil && ProcessStatus(")(") == nil)
    }
}

private struct TemporaryFile: ~Copyable {
    let path: String
    let descriptor: Int32

    init() throws {
        var template = Array("/tmp/box-system-test.XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }
}

private struct TemporaryDirectory: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/box-system-test.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func touch(_ name: [UInt8]) throws {
        let file = open(
            Array(path.utf8CString.dropLast()) + [0x2F] + name.map(CChar.init(bitPattern:)) + [0], O_CREAT, 0o600)
        try #require(file >= 0)
        close(file)
    }

    deinit {
        for name in DirectoryNames.read(path) ?? [] {
            unlink(Array(path.utf8CString.dropLast()) + [0x2F] + name.map(CChar.init(bitPattern:)) + [0])
        }
        rmdir(path)
    }
}
