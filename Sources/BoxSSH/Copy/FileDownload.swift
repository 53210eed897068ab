import Glibc

/// One file that is being copied from the box.
final class FileDownload: FileTransfer {
    private let job: CopyJob
    private var sftp: SFTPClient { job.sftp }
    private let source: BytePath
    private let attributes: SFTPAttributes
    private let directory: CopyDirectory?
    private var target: LocalTarget?
    private let makeTarget: () throws(FileFailure) -> LocalTarget
    private var handle: SFTPHandle?
    /// The offset of the next request.
    private var next: UInt64 = 0
    /// The expected end of the file; it moves when the file turns out to be longer.
    private var expectedEnd: UInt64
    /// The end that the server reported.
    private var end: UInt64?
    /// The end of the furthest bytes that arrived.
    private var highest: UInt64 = 0
    private var unanswered = 0
    private var failure: FileFailure?

    let shownPath: String
    private(set) var bytesMoved: Int64 = 0
    var size: Int64 { Int64(clamping: attributes.size ?? 0) }
    var awaitedInput: Int32 { -1 }

    init(
        _ job: CopyJob, _ source: BytePath, _ attributes: SFTPAttributes, in directory: CopyDirectory?,
        _ makeTarget: @escaping () throws(FileFailure) -> LocalTarget
    ) {
        self.job = job
        self.source = source
        self.attributes = attributes
        self.directory = directory
        self.makeTarget = makeTarget
        expectedEnd = attributes.size ?? 0
        shownPath = displayText(source)
    }

    /// The permission bits as the server sent them.
    static func mode(_ attributes: SFTPAttributes) -> UInt32 { attributes.mode.map { $0 & 0o777 } ?? 0o666 }

    /// - Parameter offset: the bytes before it are already there.
    func start(at offset: UInt64 = 0) {
        next = offset
        highest = offset
        job.begin(self)
        directory?.begin()
        job.report(self)
        sftp.open(source, flags: SFTPClient.readExisting, mode: nil) { [self] in
            switch $0 {
            case .success(let handle):
                self.handle = handle
                try begin()
            case .failure(let failure):
                self.failure = failure
                try conclude()
            }
        }
    }

    private func begin() throws {
        do throws(FileFailure) {
            target = try makeTarget()
        } catch {
            failure = error
            return try conclude()
        }
        job.wantsFeeding(self)
    }

    // MARK: Bytes

    /// Requests bytes up to beyond the expected end: a short answer to the last request proves the end.
    func feed() throws -> Bool {
        while failure == nil, end == nil, next <= expectedEnd {
            guard job.mayMove else { return true }
            request(at: next, count: sftp.longestRead)
            // No file is longer than this, whatever size the server reports.
            guard next <= UInt64(Int64.max) else { return false }
            next += UInt64(sftp.longestRead)
        }
        return false
    }

    private func request(at offset: UInt64, count: Int) {
        guard let handle else { return }
        // The bytes that the answer can be expected to carry; few for a small file.
        let rest = expectedEnd > offset ? expectedEnd - offset : 0
        let cost = Int(min(UInt64(count) - 1, rest)) + 1
        job.bytesUnderWay += cost
        unanswered += 1
        sftp.read(handle, source, at: offset, count: count) { [self] result in
            job.bytesUnderWay -= cost
            unanswered -= 1
            switch result {
            case .failure(let failure): self.failure = self.failure ?? failure
            case .success(nil): endsAt(offset)
            case .success(let bytes?): try receive(bytes, at: offset, requested: count)
            }
            if unanswered == 0, end != nil || failure != nil { try conclude() }
        }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer, at offset: UInt64, requested: Int) throws {
        guard failure == nil else { return }
        do throws(FileFailure) {
            try target?.write(bytes, at: offset)
        } catch {
            failure = error
            return
        }
        let reached = offset + UInt64(bytes.count)
        highest = max(highest, reached)
        bytesMoved += Int64(bytes.count)
        job.moved(bytes.count, of: self)
        if bytes.count < requested {
            // For regular files the server reads "the specified number of bytes, or up to end of file" (the draft,
            // section 6.4). Other files, such as those in /proc, have another size than they report.
            if reached == attributes.size {
                endsAt(reached)
            } else {
                request(at: reached, count: requested - bytes.count)
            }
        } else if reached > expectedEnd {
            // The file has grown.
            expectedEnd = reached
            job.wantsFeeding(self)
        }
    }

    private func endsAt(_ offset: UInt64) { end = min(end ?? .max, offset) }

    // MARK: Ending

    private func conclude() throws {
        if let handle {
            // Everything was read, so an error of close changes nothing.
            sftp.close(handle, source) { _ in }
            self.handle = nil
        }
        do throws(FileFailure) {
            if let failure { throw failure }
            guard let end, highest <= end else {
                throw FileFailure(path: source, reason: "it changed while it was copied; copy it again")
            }
            let keeps = job.preserveTimes
            try target?.finish(
                size: end, mode: keeps ? Self.mode(attributes) : nil, times: keeps ? attributes.times : nil)
            job.finished(self)
        } catch {
            target?.discard()
            job.collect(error)
        }
        target = nil
        job.end(self)
        try directory?.leave()
    }

    func abandon(keeps: Bool) {
        keeps ? target?.keep() : target?.discard()
    }
}
