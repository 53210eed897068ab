import Glibc

/// One file that is being copied to the box.
final class FileUpload: FileTransfer {
    private let job: CopyJob
    private var sftp: SFTPClient { job.sftp }
    private let source: LocalSource
    private let directory: CopyDirectory?
    /// The final path, with symbolic links followed.
    private var path: BytePath
    /// The temporary name of the unfinished file. It is nil for a target that is written in place: a device, a pipe, or
    /// a file whose directory we can't write to.
    private var part: BytePath?
    /// A regular file exists at the path. It can be written in place where it can't be replaced.
    private var replacesFile = false
    private var isInPlace = false
    /// The unfinished file of an earlier copy, which this one resumes.
    private var earlierPart: BytePath?
    private var handle: SFTPHandle?
    /// Attributes to set after the last bytes.
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

    init(_ job: CopyJob, _ source: LocalSource, to target: BytePath, in directory: CopyDirectory?) {
        self.job = job
        self.source = source
        self.directory = directory
        path = target
        shownPath = displayText(source.path)
    }

    // MARK: Resuming

    /// Looks for what an earlier copy left of the file. Not for handlers, since it waits for answers.
    ///
    /// - Returns: false when the file is already complete on the box.
    func resume() throws -> Bool {
        guard size >= SFTPCopy.resumable else { return true }
        if try sftp.now({ sftp.lstat(path, $0) })?.isLink == true { path = try sftp.now { sftp.realPath(path, $0) } }
        let parent = path.parent.isEmpty ? BytePath(".") : path.parent
        // A directory that doesn't exist has no unfinished file either.
        guard let entries = try? sftp.now({ sftp.list(parent, $0) }) else { return true }
        let files = entries.filter { $0.attributes.isRegular }.map {
            ($0.name, Int64(clamping: $0.attributes.size ?? 0))
        }
        if files.contains(where: { $0 == (path.name, size) }), try isProven(path, size) { return false }
        if let part = CopyResume.part(of: path, among: files, upTo: size), try isProven(part.path, part.size) {
            earlierPart = part.path
            offset = UInt64(part.size)
            source.skip(to: part.size)
        }
        return true
    }

    private func isProven(_ path: BytePath, _ count: Int64) throws -> Bool {
        try sftp.isSame(path, as: source.fd, first: count)
    }

    /// Ends the transfer without starting it, because the file is already complete.
    func skip() {
        source.close()
        job.foundWhole()
    }

    // MARK: Beginning

    func start(isFresh: Bool) throws {
        job.begin(self)
        directory?.begin()
        job.report(self)
        isFresh ? openPart(inPlaceOf: nil) : lookAtTarget()
    }

    private func lookAtTarget() {
        sftp.lstat(path) { [self] in
            guard let there = try unlessFailed($0) else { return }
            if there?.isLink == true { return followLink() }
            try choose(there)
        }
    }

    private func followLink() {
        sftp.stat(path) { [self] in
            guard let there = try unlessFailed($0) else { return }
            guard let there else {
                // The link leads nowhere, so the link itself is replaced.
                isFree = false
                return openPart(inPlaceOf: nil)
            }
            sftp.realPath(path) { [self] in
                guard let real = try unlessFailed($0) else { return }
                path = real
                try choose(there)
            }
        }
    }

    private func choose(_ there: SFTPAttributes?) throws {
        guard let there else { return openPart(inPlaceOf: nil) }
        if there.isDirectory { return try giveUp(FileFailure(path: path, reason: "it is a directory there")) }
        guard there.isRegular else { return openDevice() }
        isFree = false
        openPart(inPlaceOf: there)
    }

    private func openPart(inPlaceOf old: SFTPAttributes?) {
        let status = source.status
        replacesFile = old != nil
        let mode = (old?.mode ?? source.mode) & 0o777
        if job.preserveTimes, source.isFile {
            attributes.mode = status.mode & 0o777
            attributes.times = (status.accessTime, status.modificationTime)
        } else if old != nil {
            attributes.mode = mode
        }
        if let earlierPart {
            part = earlierPart
            attributes.mode = attributes.mode ?? mode
            sftp.open(earlierPart, flags: SFTPClient.writeExisting, mode: nil) { [self] in try opened($0) }
        } else {
            let part = path.temporarySibling
            self.part = part
            sftp.open(part, flags: SFTPClient.createNew, mode: mode) { [self] in try opened($0) }
        }
    }

    /// Writes into the existing file, as OpenSSH's scp always does. An interrupted copy leaves an incomplete file.
    private func openInPlace() {
        part = nil
        isInPlace = true
        if !job.preserveTimes || !source.isFile { attributes.mode = nil }
        sftp.open(path, flags: SFTPClient.overwrite, mode: nil) { [self] in try opened($0) }
    }

    private func openDevice() {
        sftp.open(path, flags: SFTPClient.writeExisting, mode: nil) { [self] in try opened($0) }
    }

    private func opened(_ result: Result<SFTPHandle, FileFailure>) throws {
        switch result {
        case .success(let handle):
            self.handle = handle
            job.wantsFeeding(self)
        case .failure(let failure) where failure.isDenied && replacesFile && !isInPlace && earlierPart == nil:
            openInPlace()
        case .failure(let failure):
            part = nil
            // The failure names the target, because the user doesn't know the temporary name.
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

    /// Sends the attributes and the close directly after the last bytes, without waiting for answers.
    private func close(_ handle: SFTPHandle) {
        isClosing = true
        if failure == nil {
            let isFile = part != nil || isInPlace
            if source.endsInHole, isFile { attributes.size = offset }
            if attributes.mode != nil || attributes.size != nil, isFile {
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
            guard case .failure(let failure) = $0 else { return try finish() }
            guard failure.isDenied, replacesFile, source.rewind() else { return try giveUp(failure) }
            startAgainInPlace()
        }
    }

    /// In a directory such as /tmp every user may create files, but only a file's owner may replace it.
    private func startAgainInPlace() {
        if let part { sftp.remove(part) { _ in } }
        job.moved(-Int(bytesMoved), of: self)
        (offset, bytesMoved, isClosing, handle) = (0, 0, false, nil)
        openInPlace()
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
        try directory?.leave()
    }

    /// The value, or nil after the transfer was given up.
    private func unlessFailed<Value>(_ result: Result<Value, FileFailure>) throws -> Value? {
        switch result {
        case .success(let value): return value
        case .failure(let failure):
            try giveUp(failure)
            return nil
        }
    }

    func abandon(keeps: Bool) {
        source.close()
        if let part, !keeps { sftp.remove(part) { _ in } }
    }
}
