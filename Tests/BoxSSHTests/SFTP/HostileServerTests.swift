import Glibc
import Testing

@testable import BoxSSH

/// Downloads from hostile servers. The server is a small fake behind a real sshd, with one directory whose contents the
/// test chooses.
@Suite(.timeLimit(.minutes(2)))
struct HostileServerTests {
    /// An SFTP server that lies. The first argument selects the lie.
    private static let program = #"""
        import struct, sys
        lie = sys.argv[1]
        stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
        def string(b): return struct.pack(">I", len(b)) + b
        def send(kind, number, body, length=None):
            packet = bytes([kind]) + struct.pack(">I", number) + body
            stdout.write(struct.pack(">I", len(packet) if length is None else length) + packet)
            stdout.flush()
        def status(number, code): send(101, number, struct.pack(">I", code) + string(b"") + string(b""))
        size = {"huge": 2**64 - 1, "larger": 2**63}.get(lie, 5)
        def attributes(directory): return struct.pack(">IQI", 5, size, 0o40755 if directory else 0o100644)
        names = {
            "names": [b"../evil1", b"a/b", b"/tmp/box-evil", b"..", b"", b"nul\0x", b"fine"],
            "deep": [b"d" * 200],
        }.get(lie, [b"fine"])
        listed = set()
        while True:
            head = stdin.read(4)
            if len(head) < 4: break
            packet = stdin.read(struct.unpack(">I", head)[0])
            kind, number, rest = packet[0], struct.unpack(">I", packet[1:5])[0], packet[5:]
            first = rest[4:4 + struct.unpack(">I", rest[:4])[0]] if len(rest) >= 4 else b""
            if kind == 1: stdout.write(struct.pack(">I", 5) + b"\x02" + struct.pack(">I", 3)); stdout.flush()
            elif kind == 16: send(104, number, struct.pack(">I", 1) + string(b"/" + first) + string(b"") + attributes(True))
            elif kind in (7, 17): send(105, number, attributes(b"fine" not in first))
            elif kind == 11: send(102, number, string(first[-200:])); listed.discard(first[-200:])
            elif kind == 3: send(102, number, string(b"file"))
            elif kind == 12:
                if first in listed: status(number, 1)
                else:
                    listed.add(first)
                    if lie == "empty": send(104, number, struct.pack(">I", 0)); continue
                    if lie == "count": send(104, number, struct.pack(">I", 1 << 30)); continue
                    body = b"".join(string(n) + string(b"") + attributes(lie == "deep") for n in names)
                    send(104, number, struct.pack(">I", len(names)) + body)
            elif kind == 5:
                asked = struct.unpack(">I", rest[-4:])[0]
                offset = struct.unpack(">Q", rest[-12:-4])[0]
                if lie == "number": send(103, number + 1000, string(b"hello"))
                elif lie == "more": send(103, number, string(b"x" * (asked + 1)))
                elif lie == "none": send(103, number, string(b""))
                elif lie == "length": send(103, number, struct.pack(">I", 1 << 20) + b"hello")
                elif lie == "packet": send(103, number, string(b"hello"), 0xFFFFFFFF)
                elif lie == "kind": send(77, number, b"")
                elif lie == "ok": status(number, 0)
                elif offset == 0: send(103, number, string(b"hello"))
                else: status(number, 1)
            else: status(number, 0)
        """#

    private func download(_ lie: String) throws -> (result: Result<CopyReport, any Error>, directory: String) {
        let scratch = try Scratch()
        let script = scratch.file("sftp.py", Array(Self.program.utf8))
        let server = try SSHServer(subsystem: "/usr/bin/python3 \(script) \(lie)")
        defer { server.stop() }
        let directory = server.scratch.directory("target")
        let copy = SFTPCopy(connection: try server.connect(), recursive: true)
        let result = Result { try copy.download(["source"], to: directory + "/copy") }
        #expect(names(in: directory).allSatisfy { $0 == "copy" }, "\(lie) wrote beside its target")
        #expect(
            names(in: directory + "/copy").allSatisfy { ["fine", String(repeating: "d", count: 200)].contains($0) },
            "\(lie)")
        defer { withExtendedLifetime(server) {} }
        return (result, readText(directory + "/copy/fine") ?? "")
    }

    @Test func namesThatLeadElsewhereAreRefused() throws {
        let (result, text) = try download("names")
        let report = try result.get()
        #expect(report.files == 1 && text == "hello")
        #expect(report.failures.count == 5)
        #expect(report.failures.allSatisfy { $0.reason == "the server sent a name that no directory can hold" })
        #expect(access("/tmp/box-evil", F_OK) != 0)
    }

    @Test(arguments: ["number", "more", "none", "length", "packet", "kind", "ok", "count"])
    func nonsenseEndsTheCopy(_ lie: String) throws {
        let (result, text) = try download(lie)
        let error = try #require(throws: SSHError.self) { try result.get() }
        #expect(error.message.contains("SFTP"), "\(lie): \(error.message)")
        #expect(text == "")
    }

    /// No sum of sizes and offsets may overflow its type.
    @Test(arguments: ["huge", "larger"])
    func aFileOfAnImpossibleSizeIsReadToItsEnd(_ lie: String) throws {
        let (result, text) = try download(lie)
        let report = try result.get()
        #expect(report.files == 1 && report.failures.isEmpty && text == "hello", "\(report)")
    }

    @Test func aListWithoutNamesIsAFailure() throws {
        #expect(try download("empty").result.get().failures.map(\.reason) == ["the server sent no names"])
    }

    @Test func aDirectoryInItselfForEverEnds() throws {
        let report = try download("deep").result.get()
        #expect(report.files == 0 && report.failures.count == 1, "\(report)")
    }
}
