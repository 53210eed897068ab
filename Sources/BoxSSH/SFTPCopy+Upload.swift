internal import CSSH2
import Glibc

extension CopyJob {
    /// A folder by its identity, to tell loops.
    typealias FolderID = (device: UInt64, inode: UInt64)

    func upload(_ sources: [BytePath], to target: BytePath) throws {
        try collecting {
            let there = try sftp.statIfThere(target)
            let place = try placement(ofSources: sources.count, in: target, isFolder: there?.isFolder)
            for source in sources {
                try collecting { try upload(source, to: place(source), isFresh: false, inside: []) }
            }
        }
    }

    /// - Parameter isFresh: this copy made the folder around `target`, so nothing is there yet.
    private func upload(_ source: BytePath, to target: BytePath, isFresh: Bool, inside: [FolderID]) throws {
        guard let status = try LocalFile.status(source) else {
            throw FileFailure(path: source, reason: errorText(ENOENT))
        }
        if status.isFolder, recursive {
            try uploadFolder(source, status, to: target.withoutTrailingSlashes, isFresh: isFresh, inside: inside)
        } else if status.isRegular {
            try requireFolder(target, ifSourceIsFolder: false)
            try uploadFile(source, to: target, isFresh: isFresh)
        } else {
            let reason = status.isFolder ? "is a folder; use -r" : "not a regular file"
            throw FileFailure(path: source, reason: reason)
        }
    }

    private func uploadFolder(
        _ source: BytePath, _ status: LocalFile.Attributes, to target: BytePath, isFresh: Bool, inside: [FolderID]
    ) throws {
        guard !inside.contains(where: { $0 == (status.device, status.inode) }) else {
            throw FileFailure(path: source, reason: "a symbolic link leads back to a folder above")
        }
        let names = try LocalFile.list(source)
        var isNew = true
        if !isFresh, let there = try sftp.statIfThere(target) {
            guard there.isFolder else { throw FileFailure(path: target, reason: "not a folder") }
            isNew = false
        }
        // Its owner must be able to write into it until everything is there.
        if isNew { try sftp.makeFolder(target, mode: status.mode & 0o777 | 0o700) }
        for name in names {
            try collecting {
                try upload(
                    source.child(name), to: target.child(name), isFresh: isNew,
                    inside: inside + [(status.device, status.inode)])
            }
        }
        if preserveTimes {
            try sftp.setAttributes(
                target, mode: status.mode & 0o777, access: status.accessTime, modification: status.modificationTime)
        } else if isNew, status.mode & 0o700 != 0o700, let given = try sftp.stat(target).mode {
            try sftp.setMode(target, given & 0o777 & ~(0o700 & ~status.mode))
        }
    }

    private func uploadFile(_ source: BytePath, to target: BytePath, isFresh: Bool) throws {
        // Non-blocking, in case it became a pipe since.
        let fd = try LocalFile.open(source, O_RDONLY | O_NONBLOCK)
        defer { close(fd) }
        let status = try LocalFile.status(of: fd, source)
        guard status.isRegular else { throw FileFailure(path: source, reason: "not a regular file") }
        startFile(source, size: status.size)

        let old = isFresh ? nil : try replaced(target)
        if let old, !old.attributes.isRegular, !old.attributes.isLink {
            return try uploadInto(old.path, from: fd, source)
        }
        let path = old?.path ?? target
        let part = path.temporarySibling
        let mode = old.flatMap { $0.attributes.isLink ? nil : $0.attributes.mode } ?? status.mode
        let file = try openNew(part, mode: mode & 0o777, for: path)
        do {
            do {
                try send(fd, source, to: file, path)
            } catch {
                cleaningUp(after: error) { _ = try? sftp.close(file, path) }
                throw error
            }
            try sftp.close(file, path)
            if preserveTimes {
                try sftp.setAttributes(
                    part, mode: status.mode & 0o777, access: status.accessTime, modification: status.modificationTime)
            } else if old != nil {
                try sftp.setMode(part, mode & 0o777)
            }
            if old == nil { try sftp.rename(part, to: path) } else { try sftp.replace(part, to: path) }
        } catch {
            cleaningUp(after: error) { try? sftp.remove(part) }
            // The part's name means nothing to the user.
            if let failure = error as? FileFailure, failure.path == part {
                throw FileFailure(path: path, reason: failure.reason)
            }
            throw error
        }
        finishFile()
    }

    /// The file that `target` names now, links followed; nil when the name is free.
    private func replaced(_ target: BytePath) throws -> (path: BytePath, attributes: SFTPClient.Attributes)? {
        guard let link = try sftp.lstatIfThere(target) else { return nil }
        guard link.isLink, let there = try sftp.statIfThere(target) else {
            guard !link.isFolder else { throw FileFailure(path: target, reason: "it is a folder there") }
            return (target, link)
        }
        guard !there.isFolder else { throw FileFailure(path: target, reason: "it is a folder there") }
        return (try sftp.realPath(target), there)
    }

    private func openNew(_ part: BytePath, mode: UInt32, for path: BytePath) throws -> OpaquePointer {
        do {
            return try sftp.open(part, flags: SFTPClient.createNew, mode: mode)
        } catch let failure as FileFailure {
            throw FileFailure(path: path, reason: failure.reason)
        }
    }

    /// For devices and pipes.
    private func uploadInto(_ path: BytePath, from fd: Int32, _ source: BytePath) throws {
        let file = try sftp.open(path, flags: SFTPClient.writeExisting, mode: 0)
        do {
            try send(fd, source, to: file, path)
        } catch {
            cleaningUp(after: error) { _ = try? sftp.close(file, path) }
            throw error
        }
        try sftp.close(file, path)
        finishFile()
    }

    private func send(_ fd: Int32, _ source: BytePath, to file: OpaquePointer, _ path: BytePath) throws {
        // The window of unconfirmed bytes; it covers a fast line's round trip.
        let window = 1 << 20
        var waiting = ByteQueue()
        var isAtEnd = false
        while true {
            while !isAtEnd, waiting.count < window {
                let count = waiting.fill(limit: 256 * 1024) { read(fd, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw LocalFile.failed(source) }
                isAtEnd = count == 0
            }
            guard !waiting.isEmpty else { return }
            moved(try waiting.consume { try sftp.write(file, path, $0) })
        }
    }
}
