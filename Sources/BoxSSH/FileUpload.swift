import Glibc

/// One file on its way to the box.
final class FileUpload: FileTransfer {
    private let job: CopyJob
    private var sftp: SFTPClient { job.sftp }
    private let source: LocalSource
    private let folder: CopyFolder?
    /// Where it ends up, links followed.
    private var path: BytePath
    /// Its name until it is whole; nil for a device or pipe, which is written into.
    private var part: BytePath?
    private var handle: SFTPHandle?
    /// To be set when the bytes are there.
    private var attributes = SFTPAttributes()
    private var isFree = true
    private var offset: UInt64 = 0
    /// Requests without an answer.
    private var unanswered = 0
    private var isClosing = false
    private var failure: FileFailure?

    let shownPath: String
    private(set) var bytesMoved: Int64 = 0
    var size: Int64 { source.status.size }
    var awaitedInput: Int32 { source.isReadable ? -1 : source.fd }

    init(_ job: CopyJob, _ source: BytePath, to target: BytePath, in folder: CopyFolder?) throws(FileFailure) {
        self.job = job
        self.source = try LocalSource(source)
        self.folder = folder
        path = target
        shownPath = displayText(source)
    }

    // MARK: Beginning

    func start(isFresh: Bool) throws {
        job.begin(self)
        folder?.enter()
        job.tell(self)
        isFresh ? openPart(inPlaceOf: nil) : lookAtTarget()
    }

    private func lookAtTarget() {
        sftp.lstat(path) { [self] in
            guard let there = try unlessFailed($0) else { return }
            if there?.isLink == true { return followLink() }
            try take(there)
        }
    }

    private func followLink() {
        sftp.stat(path) { [self] in
            guard let there = try unlessFailed($0) else { return }
            guard let there else {
                // It leads nowhere, and is replaced itself.
                isFree = false
                return openPart(inPlaceOf: nil)
            }
            sftp.realPath(path) { [self] in
                guard let real = try unlessFailed($0) else { return }
                path = real
                try take(there)
            }
        }
    }

    private func take(_ there: SFTPAttributes?) throws {
        guard let there else { return openPart(inPlaceOf: nil) }
        if there.isFolder { return try giveUp(FileFailure(path: path, reason: "it is a folder there")) }
        guard there.isRegular else { return openDevice() }
        isFree = false
        openPart(inPlaceOf: there)
    }

    private func openPart(inPlaceOf old: SFTPAttributes?) {
        let status = source.status
        let mode = (old?.mode ?? status.mode) & 0o777
        if job.preserveTimes {
            attributes.mode = status.mode & 0o777
            attributes.times = (status.accessTime, status.modificationTime)
        } else if old != nil {
            attributes.mode = mode
        }
        let part = path.temporarySibling
        self.part = part
        sftp.open(part, flags: SFTPClient.createNew, mode: mode) { [self] in try opened($0) }
    }

    private func openDevice() {
        sftp.open(path, flags: SFTPClient.writeExisting, mode: nil) { [self] in try opened($0) }
    }

    private func opened(_ result: Result<SFTPHandle, FileFailure>) throws {
        switch result {
        case .success(let handle):
            self.handle = handle
            job.wantsFeeding(self)
        case .failure(let failure):
            part = nil
            // The part's name means nothing to the user.
            try giveUp(FileFailure(path: path, reason: failure.reason))
        }
    }

    // MARK: Bytes

    func feed() throws -> Bool {
        guard let handle, !isClosing else { return false }
        do throws(FileFailure) {
            while failure == nil {
                guard job.mayMove else { return true }
                switch try source.next(into: job.buffer, limit: sftp.longestWrite) {
                case .bytes(let bytes): send(bytes, to: handle)
                case .hole(let length):
                    offset += UInt64(length)
                    bytesMoved += Int64(length)
                    job.moved(length, of: self)
                case .nothingYet: return true
                case .end:
                    close(handle)
                    return false
                }
            }
        } catch {
            failure = error
        }
        close(handle)
        return false
    }

    private func send(_ bytes: UnsafeRawBufferPointer, to handle: SFTPHandle) {
        let count = bytes.count
        job.bytesUnderWay += count
        unanswered += 1
        sftp.write(handle, path, at: offset, bytes) { [self] in
            job.bytesUnderWay -= count
            if case .success = $0 {
                bytesMoved += Int64(count)
                job.moved(count, of: self)
            }
            try answered($0)
        }
        offset += UInt64(count)
    }

    /// Behind the last bytes, without waiting for their answers.
    private func close(_ handle: SFTPHandle) {
        isClosing = true
        if failure == nil {
            if source.endsInHole, part != nil { attributes.size = offset }
            if attributes.mode != nil || attributes.size != nil, part != nil {
                unanswered += 1
                sftp.setAttributes(handle, path, attributes) { [self] in try answered($0) }
            }
        }
        unanswered += 1
        sftp.close(handle, path) { [self] in try answered($0) }
    }

    private func answered(_ result: Result<Void, FileFailure>) throws {
        unanswered -= 1
        if case .failure(let failure) = result, self.failure == nil { self.failure = failure }
        if isClosing, unanswered == 0 { try conclude() }
    }

    // MARK: Ending

    private func conclude() throws {
        if let failure { return try giveUp(failure) }
        guard let part else { return try finish() }
        sftp.rename(part, over: path, isFree: isFree) { [self] in
            if case .failure(let failure) = $0 { return try giveUp(failure) }
            try finish()
        }
    }

    private func finish() throws {
        job.finished(self)
        try end()
    }

    private func giveUp(_ failure: FileFailure) throws {
        if let part { sftp.remove(part) { _ in } }
        job.collect(failure)
        try end()
    }

    private func end() throws {
        source.close()
        job.end(self)
        try folder?.leave()
    }

    /// The value, or nil after giving up.
    private func unlessFailed<Value>(_ result: Result<Value, FileFailure>) throws -> Value? {
        switch result {
        case .success(let value): return value
        case .failure(let failure):
            try giveUp(failure)
            return nil
        }
    }

    func abandon() {
        source.close()
        if let part { sftp.remove(part) { _ in } }
    }
}
