import BoxModel
internal import CSSH2

/// A file or directory that the server has opened for us.
typealias SFTPHandle = [UInt8]

extension SFTPClient {
    typealias Answer<Value> = (Result<Value, FileFailure>) throws -> Void

    /// One entry of a directory, as the server sends it: unchecked, with the attributes of the entry itself.
    typealias Entry = (name: BytePath, attributes: SFTPAttributes)

    static let readExisting = UInt32(LIBSSH2_FXF_READ)
    static let writeExisting = UInt32(LIBSSH2_FXF_WRITE)
    static let overwrite = UInt32(LIBSSH2_FXF_WRITE | LIBSSH2_FXF_TRUNC)
    static let createNew = UInt32(LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_EXCL)

    /// A limit, because a hostile server's directory could have no end.
    static let mostEntries = 1_000_000

    /// Waits for one request's answer, and handles others meanwhile. Not for handlers, which run inside
    /// ``turn(input:)``.
    func now<Value>(_ start: (@escaping Answer<Value>) -> Void) throws -> Value {
        var result: Result<Value, FileFailure>?
        start { result = $0 }
        while true {
            if let result { return try result.get() }
            try turn()
        }
    }

    // MARK: Paths

    /// The attributes of what a path leads to, following links; nil when it doesn't exist.
    func stat(_ path: BytePath, _ answer: @escaping Answer<SFTPAttributes?>) { attributes(.stat, path, answer) }

    /// The attributes of the path itself, without following a link.
    func lstat(_ path: BytePath, _ answer: @escaping Answer<SFTPAttributes?>) { attributes(.lstat, path, answer) }

    private func attributes(_ type: SFTPRequest, _ path: BytePath, _ answer: @escaping Answer<SFTPAttributes?>) {
        request(type, { $0.string(path) }) { [unowned self] reply in
            if reply.kind == .attributes {
                var body = reply.body
                guard let attributes = SFTPAttributes(&body) else { throw malformed() }
                return try answer(.success(attributes))
            }
            if reply.kind == .status, reply.status == LIBSSH2_FX_NO_SUCH_FILE { return try answer(.success(nil)) }
            try answer(.failure(failure(reply, path)))
        }
    }

    /// The path with every symbolic link resolved.
    func realPath(_ path: BytePath, _ answer: @escaping Answer<BytePath>) {
        request(.realpath, { $0.string(path) }) { [unowned self] reply in
            guard reply.kind == .names else { return try answer(.failure(failure(reply, path))) }
            var body = reply.body
            guard body.number() == 1, let real = body.string() else { throw malformed() }
            try answer(.success(Array(real)))
        }
    }

    func makeDirectory(_ path: BytePath, mode: UInt32, _ answer: @escaping Answer<Void>) {
        var attributes = SFTPAttributes()
        attributes.mode = mode
        request(
            .mkdir,
            {
                $0.string(path); $0.attributes(attributes)
            }, done(path, answer))
    }

    func remove(_ path: BytePath, _ answer: @escaping Answer<Void>) {
        request(.remove, { $0.string(path) }, done(path, answer))
    }

    /// Renames `from` to `to` and replaces the existing file.
    ///
    /// It is atomic with OpenSSH's extension (OpenSSH's PROTOCOL, section 4.3). Without the extension the old file is
    /// removed first.
    func rename(_ from: BytePath, over to: BytePath, isFree: Bool, _ answer: @escaping Answer<Void>) {
        if renamesOver {
            request(
                .extended,
                {
                    $0.string("posix-rename@openssh.com".utf8); $0.string(from); $0.string(to)
                },
                done(to, answer))
        } else {
            if !isFree { remove(to) { _ in } }
            request(
                .rename,
                {
                    $0.string(from); $0.string(to)
                }, done(to, answer))
        }
    }

    func setAttributes(_ path: BytePath, _ attributes: SFTPAttributes, _ answer: @escaping Answer<Void>) {
        request(
            .setstat,
            {
                $0.string(path); $0.attributes(attributes)
            }, done(path, answer))
    }

    /// A directory's entries, without `.` and `..`.
    func list(_ path: BytePath, _ answer: @escaping Answer<[Entry]>) {
        openHandle(.opendir, { $0.string(path) }, path) { [unowned self] result in
            switch result {
            case .failure(let failure): try answer(.failure(failure))
            case .success(let handle): listMore(Listing(handle: handle, path: path, answer: answer))
            }
        }
    }

    private final class Listing {
        let handle: SFTPHandle
        let path: BytePath
        let answer: Answer<[Entry]>
        var entries: [Entry] = []

        init(handle: SFTPHandle, path: BytePath, answer: @escaping Answer<[Entry]>) {
            self.handle = handle
            self.path = path
            self.answer = answer
        }
    }

    private func listMore(_ listing: Listing) {
        request(.readdir, { $0.string(listing.handle) }) { [unowned self] reply in
            guard reply.kind == .names else {
                close(listing.handle, listing.path) { _ in }
                let isEnd = reply.kind == .status && reply.status == LIBSSH2_FX_EOF
                return try listing.answer(isEnd ? .success(listing.entries) : .failure(failure(reply, listing.path)))
            }
            let count = try consume(reply, into: listing)
            guard count > 0, listing.entries.count <= Self.mostEntries else {
                close(listing.handle, listing.path) { _ in }
                let reason =
                    count > 0 ? "more than \(Self.mostEntries) names in one directory" : "the server sent no names"
                return try listing.answer(.failure(FileFailure(path: listing.path, reason: reason)))
            }
            listMore(listing)
        }
    }

    private func consume(_ reply: SFTPReply, into listing: Listing) throws -> UInt32 {
        var body = reply.body
        guard let count = body.number() else { throw malformed() }
        for _ in 0..<count {
            guard let name = body.string(), body.string() != nil, let attributes = SFTPAttributes(&body) else {
                throw malformed()
            }
            if !name.elementsEqual([46]), !name.elementsEqual([46, 46]) {
                listing.entries.append((Array(name), attributes))
            }
        }
        return count
    }

    // MARK: Files

    func open(_ path: BytePath, flags: UInt32, mode: UInt32?, _ answer: @escaping Answer<SFTPHandle>) {
        var attributes = SFTPAttributes()
        attributes.mode = mode
        openHandle(
            .open,
            {
                $0.string(path); $0.number(flags); $0.attributes(attributes)
            }, path, answer)
    }

    /// Closes a file. The server may report a late write error here.
    func close(_ file: SFTPHandle, _ path: BytePath, _ answer: @escaping Answer<Void>) {
        request(.close, { $0.string(file) }, done(path, answer))
    }

    /// Reads at most `count` bytes, or nil at the end. The bytes are valid only during the call of `answer`.
    func read(
        _ file: SFTPHandle, _ path: BytePath, at offset: UInt64, count: Int,
        _ answer: @escaping Answer<UnsafeRawBufferPointer?>
    ) {
        request(
            .read,
            {
                $0.string(file); $0.longNumber(offset); $0.number(UInt32(count))
            }
        ) { [unowned self] reply in
            if reply.kind == .data {
                var body = reply.body
                guard let bytes = body.string(), (1...count).contains(bytes.count) else { throw malformed() }
                return try answer(.success(bytes))
            }
            if reply.kind == .status, reply.status == LIBSSH2_FX_EOF { return try answer(.success(nil)) }
            try answer(.failure(failure(reply, path)))
        }
    }

    func write(
        _ file: SFTPHandle, _ path: BytePath, at offset: UInt64, _ bytes: UnsafeRawBufferPointer,
        _ answer: @escaping Answer<Void>
    ) {
        let done = done(path, answer)
        requestWrite(file, at: offset, bytes) { reply in
            if reply.kind == .status, reply.status == LIBSSH2_FX_FAILURE {
                // SFTP version 3 has no status code for a full disk.
                return try answer(.failure(FileFailure(path: path, reason: "write failed (is the disk full?)")))
            }
            try done(reply)
        }
    }

    func setAttributes(
        _ file: SFTPHandle, _ path: BytePath, _ attributes: SFTPAttributes, _ answer: @escaping Answer<Void>
    ) {
        request(
            .fsetstat,
            {
                $0.string(file); $0.attributes(attributes)
            }, done(path, answer))
    }

    // MARK: Answers

    private func openHandle(
        _ type: SFTPRequest, _ write: (inout SSHWireWriter) -> Void, _ path: BytePath,
        _ answer: @escaping Answer<SFTPHandle>
    ) {
        request(type, write) { [unowned self] reply in
            guard reply.kind == .handle else { return try answer(.failure(failure(reply, path))) }
            var body = reply.body
            // The draft limits a handle to 256 bytes.
            guard let handle = body.string(), handle.count <= 256 else { throw malformed() }
            try answer(.success(Array(handle)))
        }
    }

    private func done(_ path: BytePath, _ answer: @escaping Answer<Void>) -> Handler {
        { [unowned self] reply in
            if reply.kind == .status, reply.status == LIBSSH2_FX_OK { return try answer(.success(())) }
            try answer(.failure(failure(reply, path)))
        }
    }

    /// A reply that reports failure, as a failure of one file. A reply that is malformed ends the connection.
    private func failure(_ reply: SFTPReply, _ path: BytePath) throws(SSHError) -> FileFailure {
        guard reply.kind == .status, reply.status != LIBSSH2_FX_OK else { throw malformed() }
        switch reply.status {
        case LIBSSH2_FX_NO_CONNECTION, LIBSSH2_FX_CONNECTION_LOST: throw connection.lost(SFTPStatus.text(reply.status))
        default:
            return FileFailure(
                path: path, reason: SFTPStatus.text(reply.status),
                isDenied: reply.status == LIBSSH2_FX_PERMISSION_DENIED)
        }
    }
}

extension SSHWireWriter {
    fileprivate mutating func attributes(_ attributes: SFTPAttributes) {
        var flags: Int32 = 0
        if attributes.size != nil { flags |= LIBSSH2_SFTP_ATTR_SIZE }
        if attributes.mode != nil { flags |= LIBSSH2_SFTP_ATTR_PERMISSIONS }
        if attributes.times != nil { flags |= LIBSSH2_SFTP_ATTR_ACMODTIME }
        number(UInt32(flags))
        if let size = attributes.size { longNumber(size) }
        if let mode = attributes.mode { number(mode) }
        if let times = attributes.times {
            number(times.access)
            number(times.modification)
        }
    }
}
