internal import CSSH2

/// One answer of an SFTP server (draft-ietf-secsh-filexfer-02, section 7). Its bytes are valid only while it is
/// handled.
struct SFTPReply {
    /// The type of an answer, such as SSH_FXP_STATUS.
    enum Kind: UInt8 {
        case status = 101
        case handle = 102
        case data = 103
        case names = 104
        case attributes = 105
        case extended = 201
    }

    /// nil when the type is unknown.
    let kind: Kind?
    /// The bytes after the request's number.
    let body: SFTPReader

    /// The status code of a status reply; a malformed one counts as a bad message.
    var status: UInt {
        var body = body
        return UInt(body.number() ?? UInt32(LIBSSH2_FX_BAD_MESSAGE))
    }
}

/// Reads SFTP's wire form without copying.
struct SFTPReader {
    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    mutating func consume(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= rest.count else { return nil }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }

    mutating func number() -> UInt32? {
        consume(4).map { UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)) }
    }

    mutating func longNumber() -> UInt64? {
        consume(8).map { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
    }

    mutating func string() -> UnsafeRawBufferPointer? { number().flatMap { consume(Int($0)) } }
}

/// The attributes of a file that a server sends.
struct SFTPAttributes {
    var size: UInt64?
    /// File type and permission bits; nil when the server doesn't send them.
    var mode: UInt32?
    /// In whole seconds since 1970.
    var times: (access: UInt32, modification: UInt32)?

    init() {}

    /// Parses attributes; nil when the bytes end too soon.
    init?(_ reader: inout SFTPReader) {
        guard let flags = reader.number() else { return nil }
        func has(_ flag: Int32) -> Bool { flags & UInt32(flag) != 0 }
        if has(LIBSSH2_SFTP_ATTR_SIZE) {
            guard let size = reader.longNumber() else { return nil }
            self.size = size
        }
        if has(LIBSSH2_SFTP_ATTR_UIDGID), reader.consume(8) == nil { return nil }
        if has(LIBSSH2_SFTP_ATTR_PERMISSIONS) {
            guard let mode = reader.number() else { return nil }
            self.mode = mode
        }
        if has(LIBSSH2_SFTP_ATTR_ACMODTIME) {
            guard let access = reader.number(), let modification = reader.number() else { return nil }
            times = (access, modification)
        }
        guard flags & 0x8000_0000 != 0 else { return }
        guard let count = reader.number() else { return nil }
        for _ in 0..<count {
            guard reader.string() != nil, reader.string() != nil else { return nil }
        }
    }

    private func isType(_ type: UInt32) -> Bool { mode.map { $0 & 0o170000 == type } ?? false }
    var isDirectory: Bool { isType(0o040000) }
    var isRegular: Bool { isType(0o100000) || mode == nil }
    var isLink: Bool { isType(0o120000) }
}

/// SFTP's status codes in words (draft-ietf-secsh-filexfer-02, section 7, and the later ones that servers send too).
enum SFTPStatus {
    static func text(_ code: UInt) -> String {
        switch code {
        case LIBSSH2_FX_EOF: "unexpected end of file"
        case LIBSSH2_FX_NO_SUCH_FILE, LIBSSH2_FX_NO_SUCH_PATH: "no such file or directory"
        case LIBSSH2_FX_PERMISSION_DENIED: "permission denied"
        case LIBSSH2_FX_FAILURE: "the server refused, without saying why"
        case LIBSSH2_FX_BAD_MESSAGE: "the server didn't understand the request"
        case LIBSSH2_FX_NO_CONNECTION, LIBSSH2_FX_CONNECTION_LOST: "the connection was lost"
        case LIBSSH2_FX_OP_UNSUPPORTED: "the server can't do that"
        case LIBSSH2_FX_INVALID_HANDLE: "the server closed the file"
        case LIBSSH2_FX_FILE_ALREADY_EXISTS: "it exists already"
        case LIBSSH2_FX_WRITE_PROTECT: "the disk is read-only"
        case LIBSSH2_FX_NO_MEDIA: "there is no disk in the drive"
        case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM: "no space left on the disk"
        case LIBSSH2_FX_QUOTA_EXCEEDED: "the disk quota is used up"
        case LIBSSH2_FX_LOCK_CONFLICT: "the file is locked"
        case LIBSSH2_FX_DIR_NOT_EMPTY: "the directory is not empty"
        case LIBSSH2_FX_NOT_A_DIRECTORY: "not a directory"
        case LIBSSH2_FX_INVALID_FILENAME: "the name is not valid there"
        case LIBSSH2_FX_LINK_LOOP: "too many symbolic links"
        default: "SFTP status \(code)"
        }
    }
}
