internal import CSSH2
import Glibc

/// libssh2's SFTP calls with byte paths. A failed request is a ``FileFailure``; a failed connection an ``SSHError``.
final class SFTPClient {
    let connection: SSHConnection
    let handle: OpaquePointer
    /// How long one request may take.
    var patience = SSHConnection.Patience.whileAlive
    /// Opened when the first existing file is replaced.
    var replacer: PosixRename?

    init(_ connection: SSHConnection) throws {
        self.connection = connection
        let session = connection.session
        guard let handle = try connection.drivePointer(.whileAlive, { libssh2_sftp_init(session) }) else {
            throw connection.failed("start file transfer", Int(libssh2_session_last_errno(session)))
        }
        self.handle = handle
    }

    deinit {
        _ = try? connection.drive(.until(monotonicSeconds() + 2)) { Int(libssh2_sftp_shutdown(handle)) }
    }

    struct Attributes {
        var size: UInt64 = 0
        /// File type and permission bits, nil when the server doesn't say.
        var mode: UInt32?
        var accessTime: UInt32 = 0
        var modificationTime: UInt32 = 0

        fileprivate init(_ raw: LIBSSH2_SFTP_ATTRIBUTES) {
            if raw.flags & UInt(LIBSSH2_SFTP_ATTR_SIZE) != 0 { size = raw.filesize }
            if raw.flags & UInt(LIBSSH2_SFTP_ATTR_PERMISSIONS) != 0 {
                mode = UInt32(truncatingIfNeeded: raw.permissions)
            }
            if raw.flags & UInt(LIBSSH2_SFTP_ATTR_ACMODTIME) != 0 {
                accessTime = UInt32(truncatingIfNeeded: raw.atime)
                modificationTime = UInt32(truncatingIfNeeded: raw.mtime)
            }
        }

        private func isType(_ type: UInt32) -> Bool { mode.map { $0 & S_IFMT == type } ?? false }
        var isFolder: Bool { isType(S_IFDIR) }
        var isRegular: Bool { isType(S_IFREG) || mode == nil }
        var isLink: Bool { isType(S_IFLNK) }
    }

    // MARK: Paths

    /// What a path leads to, following links.
    func stat(_ path: BytePath) throws -> Attributes { try attributes(path, LIBSSH2_SFTP_STAT) }

    /// nil when there is nothing.
    func statIfThere(_ path: BytePath) throws -> Attributes? { try ifThere { try stat(path) } }

    /// What stands at the path itself, or nil.
    func lstatIfThere(_ path: BytePath) throws -> Attributes? {
        try ifThere { try attributes(path, LIBSSH2_SFTP_LSTAT) }
    }

    /// Mode and times in one request.
    func setAttributes(_ path: BytePath, mode: UInt32, access: UInt32, modification: UInt32) throws {
        var raw = LIBSSH2_SFTP_ATTRIBUTES()
        raw.flags = UInt(LIBSSH2_SFTP_ATTR_PERMISSIONS | LIBSSH2_SFTP_ATTR_ACMODTIME)
        raw.permissions = UInt(mode)
        raw.atime = UInt(access)
        raw.mtime = UInt(modification)
        try call(path) { libssh2_sftp_stat_ex(handle, $0, $1, LIBSSH2_SFTP_SETSTAT, &raw) }
    }

    func setMode(_ path: BytePath, _ mode: UInt32) throws {
        var raw = LIBSSH2_SFTP_ATTRIBUTES()
        raw.flags = UInt(LIBSSH2_SFTP_ATTR_PERMISSIONS)
        raw.permissions = UInt(mode)
        try call(path) { libssh2_sftp_stat_ex(handle, $0, $1, LIBSSH2_SFTP_SETSTAT, &raw) }
    }

    func makeFolder(_ path: BytePath, mode: UInt32) throws {
        try call(path) { libssh2_sftp_mkdir_ex(handle, $0, $1, Int(mode)) }
    }

    func remove(_ path: BytePath) throws { try call(path) { libssh2_sftp_unlink_ex(handle, $0, $1) } }

    /// Fails when `to` exists (SFTP version 3).
    func rename(_ from: BytePath, to: BytePath) throws {
        _ = try to.withCPath { target in
            try call(from) { libssh2_sftp_rename_ex(handle, $0, $1, target, UInt32(to.count), 0) }
        }
    }

    /// The path with every link resolved.
    func realPath(_ path: BytePath) throws -> BytePath {
        var buffer = [CChar](repeating: 0, count: 8192)
        let count = try call(path) { name, length in
            libssh2_sftp_symlink_ex(handle, name, length, &buffer, UInt32(buffer.count), LIBSSH2_SFTP_REALPATH)
        }
        return buffer.prefix(count).map { UInt8(bitPattern: $0) }
    }

    /// A folder's entries but `.` and `..`, as the server sends them: names unchecked, attributes of the entry itself.
    func list(_ path: BytePath) throws -> [(name: BytePath, attributes: Attributes)] {
        let folder = try open(path, flags: 0, mode: 0, type: LIBSSH2_SFTP_OPENDIR)
        defer { _ = try? close(folder, path) }
        var entries: [(BytePath, Attributes)] = []
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        while true {
            var raw = LIBSSH2_SFTP_ATTRIBUTES()
            let count = try check(
                path,
                connection.drive(patience) {
                    Int(libssh2_sftp_readdir_ex(folder, &buffer, buffer.count, nil, 0, &raw))
                })
            if count == 0 { return entries }
            let name = buffer.prefix(count).map { UInt8(bitPattern: $0) }
            if name != [46] && name != [46, 46] { entries.append((name, Attributes(raw))) }
        }
    }

    // MARK: Files

    func open(_ path: BytePath, flags: Int32, mode: UInt32, type: Int32 = LIBSSH2_SFTP_OPENFILE) throws -> OpaquePointer
    {
        let file = try path.withCPath { name in
            try connection.drivePointer(patience) {
                libssh2_sftp_open_ex(handle, name, UInt32(path.count), UInt(flags), Int(mode), type)
            }
        }
        guard let file else { throw failure(path, Int(libssh2_session_last_errno(connection.session))) }
        return file
    }

    /// The server may tell of a late write error here.
    func close(_ file: OpaquePointer, _ path: BytePath) throws {
        try check(path, connection.drive(patience) { Int(libssh2_sftp_close_handle(file)) })
    }

    /// 0 at the end.
    func read(_ file: OpaquePointer, _ path: BytePath, _ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try check(path, connection.drive(patience) { libssh2_sftp_read(file, buffer.baseAddress, buffer.count) })
    }

    /// How many bytes the server has confirmed. Call it again with what is left and more behind it: libssh2 has sent all
    /// of `bytes` already and skips what it sent.
    func write(_ file: OpaquePointer, _ path: BytePath, _ bytes: UnsafeRawBufferPointer) throws -> Int {
        let count = try connection.drive(patience) { libssh2_sftp_write(file, bytes.baseAddress, bytes.count) }
        if count == Int(LIBSSH2_ERROR_SFTP_PROTOCOL), libssh2_sftp_last_error(handle) == LIBSSH2_FX_FAILURE {
            // SFTP version 3 has no code of its own for it.
            throw FileFailure(path: path, reason: "write failed (is the disk full?)")
        }
        return try check(path, count)
    }

    // MARK: Results

    private func attributes(_ path: BytePath, _ kind: Int32) throws -> Attributes {
        var raw = LIBSSH2_SFTP_ATTRIBUTES()
        try call(path) { libssh2_sftp_stat_ex(handle, $0, $1, kind, &raw) }
        return Attributes(raw)
    }

    private func ifThere(_ body: () throws -> Attributes) throws -> Attributes? {
        do {
            return try body()
        } catch let failure as FileFailure {
            guard failure.isMissing else { throw failure }
            return nil
        }
    }

    @discardableResult
    private func call(_ path: BytePath, _ body: (UnsafePointer<CChar>, UInt32) -> Int32) throws -> Int {
        let code = try path.withCPath { name in
            try connection.drive(patience) { Int(body(name, UInt32(path.count))) }
        }
        return try check(path, code)
    }

    @discardableResult
    private func check(_ path: BytePath, _ code: Int) throws -> Int {
        guard code < 0 else { return code }
        throw failure(path, code)
    }

    private func failure(_ path: BytePath, _ code: Int) -> any Error {
        guard code == Int(LIBSSH2_ERROR_SFTP_PROTOCOL) else { return connection.failed("copy files", code) }
        let status = libssh2_sftp_last_error(handle)
        switch status {
        case LIBSSH2_FX_NO_CONNECTION, LIBSSH2_FX_CONNECTION_LOST: return connection.lost(SFTPStatus.text(status))
        default:
            return FileFailure(
                path: path, reason: SFTPStatus.text(status), isMissing: status == LIBSSH2_FX_NO_SUCH_FILE)
        }
    }
}

/// SFTP's status codes in words (draft-ietf-secsh-filexfer-02, section 7, and the later ones that servers send too).
enum SFTPStatus {
    static func text(_ code: UInt) -> String {
        switch code {
        case LIBSSH2_FX_EOF: "unexpected end of file"
        case LIBSSH2_FX_NO_SUCH_FILE, LIBSSH2_FX_NO_SUCH_PATH: "no such file or folder"
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
        case LIBSSH2_FX_DIR_NOT_EMPTY: "the folder is not empty"
        case LIBSSH2_FX_NOT_A_DIRECTORY: "not a folder"
        case LIBSSH2_FX_INVALID_FILENAME: "the name is not valid there"
        case LIBSSH2_FX_LINK_LOOP: "too many symbolic links"
        default: "SFTP status \(code)"
        }
    }
}
