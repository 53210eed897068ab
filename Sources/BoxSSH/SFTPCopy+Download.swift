internal import CSSH2
import Glibc

extension CopyJob {
    func download(_ sources: [BytePath], to target: BytePath) throws {
        try collecting {
            var found: [BytePath] = []
            for source in sources { try collecting { found += try sftp.matches(source) } }
            guard !found.isEmpty else { return }
            let there = try LocalFile.status(target)
            let count = max(found.count, sources.count)
            let place = try placement(ofSources: count, in: target, isFolder: there?.isFolder)
            for source in found {
                try collecting {
                    let attributes = try sftp.stat(source)
                    try download(source, attributes, to: place(source), real: nil, inside: [])
                }
            }
        }
    }

    /// - Parameters:
    ///   - real: the source without links, when known.
    ///   - inside: the folders above it, without links, to tell loops.
    private func download(
        _ source: BytePath, _ attributes: SFTPClient.Attributes, to target: BytePath, real: BytePath?,
        inside: [BytePath]
    ) throws {
        if attributes.isFolder, recursive {
            let real = try real ?? sftp.realPath(source)
            try downloadFolder(source, attributes, to: target.withoutTrailingSlashes, real: real, inside: inside)
        } else if attributes.isRegular {
            try requireFolder(target, ifSourceIsFolder: false)
            try downloadFile(source, attributes, to: target)
        } else {
            let reason = attributes.isFolder ? "is a folder; use -r" : "not a regular file"
            throw FileFailure(path: source, reason: reason)
        }
    }

    private func downloadFolder(
        _ source: BytePath, _ attributes: SFTPClient.Attributes, to target: BytePath, real: BytePath, inside: [BytePath]
    ) throws {
        guard !inside.contains(real) else {
            throw FileFailure(path: source, reason: "a symbolic link leads back to a folder above")
        }
        let entries = try sftp.list(source)
        let mode = attributes.mode.map { $0 & 0o777 } ?? 0o777
        let there = try LocalFile.status(target)
        if let there, !there.isFolder { throw FileFailure(path: target, reason: "not a folder") }
        // Its owner must be able to write into it until everything is there.
        if there == nil { try LocalFile.makeFolder(target, mode: mode | 0o700) }
        for (name, entry) in entries {
            try collecting {
                guard !name.isDots, !name.contains(47), !name.contains(0) else {
                    throw FileFailure(
                        path: source.child(name), reason: "the server sent a name that no folder can hold")
                }
                let path = source.child(name)
                // Lists tell of links themselves; what is wanted is behind them.
                let isPlain = !entry.isLink && entry.mode != nil
                try download(
                    path, isPlain ? entry : sftp.stat(path), to: target.child(name),
                    real: isPlain ? real.child(name) : nil, inside: inside + [real])
            }
        }
        if preserveTimes {
            try LocalFile.setMode(target, mode)
            try LocalFile.setTimes(target, access: attributes.accessTime, modification: attributes.modificationTime)
        } else if there == nil, mode & 0o700 != 0o700, let given = try LocalFile.status(target)?.mode {
            try LocalFile.setMode(target, given & 0o777 & ~(0o700 & ~mode))
        }
    }

    private func downloadFile(_ source: BytePath, _ attributes: SFTPClient.Attributes, to target: BytePath) throws {
        var path = target
        var old = try LocalFile.linkStatus(target)
        if old?.isLink == true, let there = try LocalFile.status(target) {
            path = try LocalFile.realPath(target)
            old = there
        }
        if old?.isFolder == true { throw FileFailure(path: path, reason: "it is a folder here") }

        let file = try sftp.open(source, flags: SFTPClient.readExisting, mode: 0)
        startFile(source, size: Int64(clamping: attributes.size))
        do {
            if let old, !old.isRegular, !old.isLink {
                let fd = try LocalFile.open(path, O_WRONLY)
                defer { close(fd) }
                try receive(file, source, into: fd, path)
            } else {
                try receiveWhole(file, source, attributes, to: path, old: old)
            }
        } catch {
            cleaningUp(after: error) { _ = try? sftp.close(file, source) }
            throw error
        }
        // Everything was read; a complaint at closing changes nothing.
        try? sftp.close(file, source)
        finishFile()
    }

    private func receiveWhole(
        _ file: OpaquePointer, _ source: BytePath, _ attributes: SFTPClient.Attributes, to path: BytePath,
        old: LocalFile.Attributes?
    ) throws {
        let part = path.temporarySibling
        let sent = attributes.mode.map { $0 & 0o777 } ?? 0o666
        let kept = old.flatMap { $0.isLink ? nil : $0.mode & 0o777 }
        do {
            let fd = try LocalFile.open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: kept ?? sent)
            var isOpen = true
            defer { if isOpen { close(fd) } }
            try receive(file, source, into: fd, path)
            if let mode = preserveTimes ? sent : kept {
                guard fchmod(fd, mode_t(mode)) == 0 else { throw LocalFile.failed(path) }
            }
            // Some file systems tell of a full disk only here.
            isOpen = false
            guard close(fd) == 0 else { throw LocalFile.failed(path) }
            if preserveTimes {
                try LocalFile.setTimes(part, access: attributes.accessTime, modification: attributes.modificationTime)
            }
            try LocalFile.rename(part, to: path)
        } catch {
            LocalFile.remove(part)
            if let failure = error as? FileFailure, failure.path == part {
                throw FileFailure(path: path, reason: failure.reason)
            }
            throw error
        }
    }

    /// Until the server says that the file ends; a cut connection throws instead.
    private func receive(_ file: OpaquePointer, _ source: BytePath, into fd: Int32, _ path: BytePath) throws {
        try withUnsafeTemporaryAllocation(byteCount: 256 * 1024, alignment: 16) { buffer in
            while true {
                let count = try sftp.read(file, source, buffer)
                if count == 0 { return }
                guard writeAll(fd, UnsafeRawBufferPointer(rebasing: buffer[..<count])) else {
                    throw LocalFile.failed(path)
                }
                moved(count)
            }
        }
    }
}
