import BoxModel
internal import CSSH2
import Glibc

/// An SFTP session, version 3, whose requests don't wait for each other's answers.
///
/// The packets are made here, and libssh2 only carries them. Its own SFTP needs a round trip for each request and has
/// state for only one request of a kind. A box's server answers in order; nothing here relies on that.
///
/// The handler of an answer runs inside ``turn(input:)`` and must not call it. A failed request is a ``FileFailure``,
/// and a failed connection is an ``SSHError``.
final class SFTPClient {
    typealias Handler = (SFTPReply) throws -> Void

    let connection: SSHConnection
    /// How long an answer may take.
    var limit = SSHConnection.WaitLimit.whileAlive
    /// Whether the server has OpenSSH's posix-rename extension, which replaces an existing file.
    private(set) var renamesOver = false
    /// The most file bytes in one request.
    private(set) var longestRead = 32 * 1024
    private(set) var longestWrite = 32 * 1024
    /// How many files the server keeps open for us.
    private(set) var mostHandles = 64

    private let channel: OpaquePointer
    private var outgoing = ByteQueue()
    private var incoming = ByteQueue()
    private var handlers: [UInt32: Handler] = [:]
    private var lastNumber: UInt32 = 0

    /// OpenSSH's limit for a packet, either way (sftp-common.h, SFTP_MAX_MSG_LENGTH).
    private static let longestPacket = 256 * 1024
    /// The most file bytes in a packet. OpenSSH leaves the same room for the rest.
    private static let longestPiece = longestPacket - 1024

    /// How much is moved at a time. It still fits into the processor's cache when it is encrypted or written.
    private static let pieceInCache = 64 * 1024

    /// More than a copy requests at a time, so that on a slow link the requests are the limit and not the window.
    private static let window: UInt32 = 8 << 20

    init(_ connection: SSHConnection) throws {
        self.connection = connection
        channel = try connection.openChannel(window: Self.window)
        // When `start` throws, deinit still runs, since every property has a value.
        try start()
    }

    deinit { connection.closeChannel(channel) }

    private func start() throws {
        libssh2_channel_handle_extended_data(channel, LIBSSH2_CHANNEL_EXTENDED_DATA_IGNORE)
        let code = try connection.drive { Int(libssh2_channel_process_startup(channel, "subsystem", 9, "sftp", 4)) }
        guard code == 0 else { throw connection.failed("start file transfer", code) }
        var hello = SSHWireWriter()
        hello.bytes.append(SFTPRequest.initialise.rawValue)
        hello.number(3)
        enqueue(hello.bytes)
        var offersLimits: Bool?
        onVersion = { [unowned self] reader in
            var reader = reader
            offersLimits = false
            guard reader.number() != nil else { throw self.malformed() }
            while let name = reader.string(), reader.string() != nil {
                if name.elementsEqual("posix-rename@openssh.com".utf8) { self.renamesOver = true }
                if name.elementsEqual("limits@openssh.com".utf8) { offersLimits = true }
            }
        }
        while offersLimits == nil { try turn() }
        if offersLimits == true { try requestLimits() }
    }

    /// Handles the version packet, which has no request number; nil once it arrived.
    private var onVersion: ((SFTPReader) throws -> Void)?

    private func requestLimits() throws {
        var isAnswered = false
        request(.extended, { $0.string("limits@openssh.com".utf8) }) { [unowned self] reply in
            isAnswered = true
            var body = reply.body
            guard reply.kind == .extended, body.longNumber() != nil, let read = body.longNumber(),
                let write = body.longNumber(), let handles = body.longNumber()
            else { return }
            // 0 means that the server doesn't state a limit. A limit below 4 KiB isn't plausible.
            func bounded(_ value: UInt64) -> Int { Int(min(max(value, 4096), UInt64(Self.longestPiece))) }
            if read > 0 { self.longestRead = bounded(read) }
            if write > 0 { self.longestWrite = bounded(write) }
            if handles > 0 { self.mostHandles = Int(min(max(handles, 4), 4096)) }
        }
        while !isAnswered { try turn() }
    }

    // MARK: Requests

    /// Whether no request is unanswered or unsent.
    var isIdle: Bool { handlers.isEmpty && outgoing.isEmpty }
    /// Whether more requests help. Bytes that are queued here aren't sent yet.
    var hasRoom: Bool { outgoing.count < Self.pieceInCache && handlers.count < 1024 }

    func request(_ type: SFTPRequest, _ write: (inout SSHWireWriter) -> Void, _ handler: @escaping Handler) {
        lastNumber &+= 1
        handlers[lastNumber] = handler
        var packet = SSHWireWriter()
        packet.bytes.append(type.rawValue)
        packet.number(lastNumber)
        write(&packet)
        enqueue(packet.bytes)
    }

    /// Sends SSH_FXP_WRITE and copies the file's bytes only once.
    func requestWrite(
        _ handle: [UInt8], at offset: UInt64, _ bytes: UnsafeRawBufferPointer, _ handler: @escaping Handler
    ) {
        lastNumber &+= 1
        handlers[lastNumber] = handler
        var head = SSHWireWriter()
        head.number(UInt32(1 + 4 + 4 + handle.count + 8 + 4 + bytes.count))
        head.bytes.append(SFTPRequest.write.rawValue)
        head.number(lastNumber)
        head.string(handle)
        head.longNumber(offset)
        head.number(UInt32(bytes.count))
        head.bytes.withUnsafeBytes { outgoing.append($0) }
        outgoing.append(bytes)
    }

    /// Ignores all answers that are still to come, for a copy that ends early.
    func forgetRequests() {
        for number in handlers.keys { handlers[number] = { _ in } }
    }

    private func enqueue(_ packet: [UInt8]) {
        var length = SSHWireWriter()
        length.number(UInt32(packet.count))
        length.bytes.withUnsafeBytes { outgoing.append($0) }
        packet.withUnsafeBytes { outgoing.append($0) }
    }

    // MARK: The loop

    /// Sends what the server accepts, and handles the answers that arrived. When there is nothing to do, it waits until
    /// the server sends something or `input` is readable.
    func turn(input: Int32 = -1) throws {
        let received = connection.transport.received
        var moved = try send()
        if try receive() { moved = true }
        connection.transport.flush()
        // Sending may have made libssh2 read bytes from the socket. poll(2) doesn't report those.
        if moved || connection.transport.received != received { return }
        try connection.wait(limit, input: input)
    }

    private func send() throws(SSHError) -> Bool {
        var moved = false
        while !outgoing.isEmpty, connection.transport.queued <= SSHTransport.highWater {
            let count = outgoing.consume { libssh2_channel_write_ex(channel, 0, $0.baseAddress, $0.count) }
            guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("copy files", count) }
            // 0 and "would block" both mean that the server must open its window first.
            guard count > 0 else { break }
            moved = true
        }
        return moved
    }

    private func receive() throws -> Bool {
        let count = incoming.fill(limit: Self.pieceInCache) {
            libssh2_channel_read_ex(channel, 0, $0.baseAddress, $0.count)
        }
        guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("copy files", count) }
        if count > 0 {
            _ = try incoming.consume(handleAnswers)
            return true
        }
        guard libssh2_channel_eof(channel) == 0 else {
            throw connection.lost("the server's file transfer program ended")
        }
        return false
    }

    /// Handles all complete answers, and returns how many bytes they had.
    private func handleAnswers(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        var reader = SFTPReader(bytes)
        while true {
            var packet = reader
            guard let length = packet.number() else { break }
            guard (1...Self.longestPacket).contains(Int(length)) else { throw malformed() }
            guard let body = packet.consume(Int(length)) else { break }
            try handle(body)
            reader = packet
        }
        return bytes.count - reader.rest.count
    }

    private func handle(_ packet: UnsafeRawBufferPointer) throws {
        var reader = SFTPReader(UnsafeRawBufferPointer(rebasing: packet[1...]))
        if let onVersion {
            self.onVersion = nil
            guard packet[0] == SFTPRequest.version.rawValue else { throw malformed() }
            return try onVersion(reader)
        }
        guard let number = reader.number(), let handler = handlers.removeValue(forKey: number) else {
            throw malformed()
        }
        try handler(SFTPReply(kind: SFTPReply.Kind(rawValue: packet[0]), body: reader))
    }

    /// The error for bytes that aren't SFTP, or that don't answer a request.
    func malformed() -> SSHError {
        SSHError(
            .protocolFailure(code: LIBSSH2_ERROR_SFTP_PROTOCOL),
            "\(connection.target.place) broke the rules of file transfer (SFTP); \(connection.target.nextStep)")
    }
}

/// Types of requests, with the names of draft-ietf-secsh-filexfer-02, section 3.
enum SFTPRequest: UInt8 {
    case initialise = 1
    case version = 2
    case open = 3
    case close = 4
    case read = 5
    case write = 6
    case lstat = 7
    case setstat = 9
    case fsetstat = 10
    case opendir = 11
    case readdir = 12
    case remove = 13
    case mkdir = 14
    case realpath = 16
    case stat = 17
    case rename = 18
    case extended = 200
}

extension SSHWireWriter {
    mutating func longNumber(_ value: UInt64) {
        number(UInt32(value >> 32))
        number(UInt32(truncatingIfNeeded: value))
    }
}
