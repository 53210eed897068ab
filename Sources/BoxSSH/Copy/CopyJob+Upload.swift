import Glibc

extension CopyJob {
    /// Identifies a directory, to detect loops.
    typealias DirectoryID = (device: UInt64, inode: UInt64)

    func upload(_ sources: [BytePath], to target: BytePath) throws {
        let there = try sftp.now { sftp.stat(target, $0) }
        let target = try placement(ofSources: sources.count, in: target, isDirectory: there?.isDirectory)
        if wantsTotal(of: sources) { total = CopySurvey.bytes(of: sources, recursive: recursive) }
        enqueue(
            sources.map { source in { try self.upload(source, to: target(source), in: nil, isFresh: false, inside: []) }
            })
    }

    /// Copies a descriptor's bytes into one file.
    func uploadStream(_ descriptor: Int32, to target: BytePath) throws {
        let there = try sftp.now { sftp.stat(target, $0) }
        guard there?.isDirectory != true else {
            throw FileFailure(path: target, reason: "is a directory; name the file that is to be made")
        }
        try requireDirectory(target)
        let source = try LocalSource(descriptor: descriptor, name: BytePath("-"))
        try FileUpload(self, source, to: target, in: nil).start(isFresh: false)
    }

    /// - Parameters:
    /// - directory: the directory that contains the source.
    /// - isFresh: this copy created the directory that contains `target`, so nothing can exist at `target` yet.
    private func upload(
        _ source: BytePath, to target: BytePath, in directory: CopyDirectory?, isFresh: Bool, inside: [DirectoryID]
    ) throws {
        guard let status = try LocalFile.status(source) else {
            throw FileFailure(path: source, reason: errorText(ENOENT))
        }
        if status.isDirectory, recursive {
            let target = target.withoutTrailingSlashes
            try uploadDirectory(source, status, to: target, in: directory, isFresh: isFresh, inside: inside)
        } else if status.isRegular {
            try requireDirectory(target)
            let transfer = FileUpload(self, try LocalSource(source), to: target, in: directory)
            if resumes, !isFresh, try !transfer.resume() { return transfer.skip() }
            try transfer.start(isFresh: isFresh)
        } else {
            let reason = status.isDirectory ? "is a directory; use -r" : "not a regular file"
            throw FileFailure(path: source, reason: reason)
        }
    }

    private func uploadDirectory(
        _ source: BytePath, _ status: LocalFile.Attributes, to target: BytePath, in parent: CopyDirectory?,
        isFresh: Bool,
        inside: [DirectoryID]
    ) throws {
        guard !inside.contains(where: { $0 == (status.device, status.inode) }) else {
            throw FileFailure(path: source, reason: "a symbolic link leads back to a directory above")
        }
        let names = try LocalFile.list(source)
        let inside = inside + [(status.device, status.inode)]
        parent?.begin()
        func fill(isNew: Bool) throws {
            let directory = CopyDirectory(in: parent) { [unowned self] in
                closeDirectory(target, like: status, isNew: isNew)
            }
            directory.begin()
            enqueue(
                names.map { name in
                    directory.begin()
                    return { [unowned self] in
                        try collecting {
                            try upload(
                                source.child(name), to: target.child(name), in: directory, isFresh: isNew,
                                inside: inside)
                        }
                        try directory.leave()
                    }
                })
            try directory.leave()
            try parent?.leave()
        }
        func give(up failure: FileFailure) throws {
            collect(failure)
            try parent?.leave()
        }
        func make() {
            // The owner must be able to write into it until everything in it is copied.
            sftp.makeDirectory(target, mode: status.mode & 0o777 | 0o700) {
                switch $0 {
                case .success: try fill(isNew: true)
                case .failure(let failure): try give(up: failure)
                }
            }
        }
        guard !isFresh else { return make() }
        sftp.stat(target) {
            switch $0 {
            case .success(let there?) where there.isDirectory: try fill(isNew: false)
            case .success(.some): try give(up: FileFailure(path: target, reason: "not a directory"))
            case .success(nil): make()
            case .failure(let failure): try give(up: failure)
            }
        }
    }

    /// Sets the directory's mode and times, once everything in it is copied.
    private func closeDirectory(_ target: BytePath, like status: LocalFile.Attributes, isNew: Bool) {
        func set(_ attributes: SFTPAttributes) {
            sftp.setAttributes(target, attributes) { [unowned self] in
                if case .failure(let failure) = $0 { collect(failure) }
            }
        }
        var attributes = SFTPAttributes()
        if preserveTimes {
            attributes.mode = status.mode & 0o777
            attributes.times = (status.accessTime, status.modificationTime)
            set(attributes)
        } else if isNew, status.mode & 0o700 != 0o700 {
            // The server's umask may have removed bits of the mode.
            sftp.stat(target) {
                guard case .success(let there?) = $0, let given = there.mode else { return }
                attributes.mode = given & 0o777 & ~(0o700 & ~status.mode)
                set(attributes)
            }
        }
    }
}
