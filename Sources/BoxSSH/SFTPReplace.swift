import BoxModel
internal import CSSH2

extension SFTPClient {
    /// Gives `from` the name `to`, in the place of the file that is there.
    ///
    /// Atomic with OpenSSH's posix-rename extension. Elsewhere the old file is removed first.
    func replace(_ from: BytePath, to: BytePath) throws {
        if replacer == nil { replacer = try PosixRename(connection) }
        if replacer!.isOffered {
            guard let code = try replacer!.rename(from, to: to) else { return }
            throw FileFailure(path: to, reason: SFTPStatus.text(UInt(code)))
        }
        try remove(to)
        try rename(from, to: to)
    }
}

/// The one SFTP request that libssh2 1.10 hasn't got, on a channel of its own (OpenSSH's PROTOCOL, section 4.3).
final class PosixRename {
    private static let name = Array("posix-rename@openssh.com".utf8)

    private(set) var isOffered = false
    private let connection: SSHConnection
    private let channel: OpaquePointer
    private var requestID: UInt32 = 0

    init(_ connection: SSHConnection) throws(SSHError) {
        self.connection = connection
        channel = try connection.openChannel()
        let code = try connection.drive { Int(libssh2_channel_process_startup(channel, "subsystem", 9, "sftp", 4)) }
        guard code == 0 else { throw connection.failed("start file transfer", code) }
        var hello = SSHWireWriter()
        hello.bytes.append(1)  // SSH_FXP_INIT
        hello.number(3)
        var answer = SSHWireReader(try exchange(hello.bytes, expecting: 2))  // SSH_FXP_VERSION
        _ = answer.number()
        while let extensionName = answer.string(), answer.string() != nil {
            if extensionName == Self.name { isOffered = true }
        }
    }

    deinit { connection.closeChannel(channel) }

    /// nil, or the SFTP status of a refusal.
    func rename(_ from: BytePath, to: BytePath) throws(SSHError) -> UInt32? {
        requestID += 1
        var request = SSHWireWriter()
        request.bytes.append(200)  // SSH_FXP_EXTENDED
        request.number(requestID)
        request.string(Self.name)
        request.string(from)
        request.string(to)
        var answer = SSHWireReader(try exchange(request.bytes, expecting: 101))  // SSH_FXP_STATUS
        guard answer.number() == requestID, let code = answer.number() else { throw malformed() }
        return code == 0 ? nil : code
    }

    /// Sends one packet and returns the next one's bytes after its type.
    private func exchange(_ body: [UInt8], expecting type: UInt8) throws(SSHError) -> [UInt8] {
        var packet = SSHWireWriter()
        packet.string(body)
        var sent = 0
        while sent < packet.bytes.count {
            let count = try connection.drive {
                packet.bytes[sent...].withUnsafeBytes {
                    libssh2_channel_write_ex(channel, 0, $0.baseAddress, $0.count)
                }
            }
            guard count >= 0 else { throw connection.failed("copy files", count) }
            sent += count
        }
        var length = SSHWireReader(try receive(4))
        guard let count = length.number(), count > 0, count < 256 * 1024 else { throw malformed() }
        let answer = try receive(Int(count))
        guard answer[0] == type else { throw malformed() }
        return Array(answer.dropFirst())
    }

    private func receive(_ count: Int) throws(SSHError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let more = try connection.drive {
                bytes.withUnsafeMutableBytes {
                    libssh2_channel_read_ex(channel, 0, $0.baseAddress! + got, $0.count - got)
                }
            }
            guard more > 0 else { throw more == 0 ? malformed() : connection.failed("copy files", more) }
            got += more
        }
        return bytes
    }

    private func malformed() -> SSHError {
        SSHError(
            .protocolFailure(code: LIBSSH2_ERROR_SFTP_PROTOCOL),
            "\(connection.target.place) answered a rename with something else; \(connection.target.nextStep)")
    }
}
