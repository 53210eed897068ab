import Glibc

/// The state of one copy: the queued work, the transfers in progress and the report.
///
/// Many files are in progress at once, so that a hundred of them share one round trip. An error that is thrown while a
/// file is examined is collected as that file's failure. Answers go to the transfers themselves.
final class CopyJob {
    let sftp: SFTPClient
    let recursive: Bool
    let preserveTimes: Bool
    /// Resume what an earlier copy left unfinished.
    let resumes: Bool
    private(set) var report = CopyReport()
    /// The bytes of everything to copy; nil when the caller doesn't want it or it is unknown.
    var total: Int64?
    private let wantsTotal: Bool
    private let progress: (CopyProgress) -> Void

    /// Work to start next, last element first, so that one directory is finished before its sibling is started.
    private var waiting: [() throws -> Void] = []
    /// Transfers that have bytes to request or to send.
    private var feeding: [any FileTransfer] = []
    private var underWay: [ObjectIdentifier: any FileTransfer] = [:]
    /// Bytes of files that were requested or sent and not yet answered, in either direction.
    var bytesUnderWay = 0
    /// Holds one piece of a file at a time.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)

    /// Covers the round trip of a fast line: 80 MB/s at 50 ms.
    private static let mostBytesUnderWay = 4 << 20
    private let mostTransfers: Int

    init(_ sftp: SFTPClient, for copy: SFTPCopy) {
        self.sftp = sftp
        recursive = copy.recursive
        preserveTimes = copy.preserveTimes
        resumes = copy.resumes
        wantsTotal = copy.wantsTotal
        progress = copy.progress
        var descriptors = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &descriptors)
        mostTransfers = max(1, min(128, sftp.mostHandles / 2, Int(clamping: descriptors.rlim_cur) / 4))
    }

    deinit { buffer.deallocate() }

    // MARK: The loop

    /// Runs the work that `begin` queues, until all of it is done.
    func run(_ begin: () throws -> Void) throws {
        do {
            try collecting(begin)
            while true {
                try feed()
                while feeding.isEmpty, underWay.count < mostTransfers, sftp.hasRoom, let next = waiting.popLast() {
                    try collecting(next)
                    try feed()
                }
                if waiting.isEmpty, feeding.isEmpty, sftp.isIdle { return }
                try sftp.turn(input: feeding.first?.awaitedInput ?? -1)
            }
        } catch {
            abandon(because: error)
            throw error
        }
    }

    /// Feeds the oldest transfer first, so that files are finished one after the other.
    private func feed() throws {
        while let first = feeding.first, try !first.feed() { feeding.removeFirst() }
    }

    /// Whether a transfer may request or send more now.
    var mayMove: Bool { bytesUnderWay < Self.mostBytesUnderWay && sftp.hasRoom }

    /// Queues work, in its order, before the work that already waits.
    func enqueue(_ work: [() throws -> Void]) { waiting += work.reversed() }

    func begin(_ transfer: any FileTransfer) { underWay[ObjectIdentifier(transfer)] = transfer }

    func wantsFeeding(_ transfer: any FileTransfer) {
        if !feeding.contains(where: { $0 === transfer }) { feeding.append(transfer) }
    }

    func end(_ transfer: any FileTransfer) { underWay[ObjectIdentifier(transfer)] = nil }

    /// Ends the copy early: removes unfinished files, as far as that takes at most 5 seconds.
    ///
    /// A file of which much was copied is kept for a later copy that resumes. It isn't kept when the user interrupted a
    /// copy that doesn't resume, because the user may not want to continue.
    private func abandon(because error: any Error) {
        var keeps = true
        if !resumes, case .interrupted? = (error as? SSHError)?.kind { keeps = false }
        waiting = []
        feeding = []
        sftp.connection.interruptions = nil
        sftp.limit = .until(monotonicSeconds() + 5)
        sftp.forgetRequests()
        for transfer in underWay.values {
            transfer.abandon(keeps: keeps && transfer.bytesMoved >= SFTPCopy.resumable)
        }
        underWay = [:]
        while !sftp.isIdle {
            guard (try? sftp.turn()) != nil else { return }
        }
    }

    // MARK: Results

    /// Collects one file's failure; any other error ends the copy.
    func collecting(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as FileFailure {
            collect(failure)
        }
    }

    func collect(_ failure: FileFailure) {
        report.failures.append(CopyFailure(path: displayText(failure.path), reason: failure.reason))
    }

    func moved(_ bytes: Int, of transfer: any FileTransfer) {
        report.bytes += Int64(bytes)
        report(transfer)
    }

    /// Counts a file that is already complete.
    func foundWhole() { report.files += 1 }

    func finished(_ transfer: any FileTransfer) {
        report.files += 1
        report(transfer)
    }

    func report(_ transfer: any FileTransfer) {
        progress(
            CopyProgress(
                path: transfer.shownPath, fileBytes: transfer.bytesMoved, fileSize: transfer.size, files: report.files,
                bytes: report.bytes, totalBytes: total))
    }

    /// Whether to find out the total size before `sources` are copied.
    ///
    /// The size of a single file is already known. What a resumed copy can skip isn't known in advance.
    func wantsTotal(of sources: [BytePath]) -> Bool { wantsTotal && !resumes && (recursive || sources.count > 1) }

    // MARK: Rules

    /// scp's rules for the target. `isDirectory` is nil when the target doesn't exist.
    func placement(ofSources count: Int, in target: BytePath, isDirectory: Bool?) throws(FileFailure) -> (BytePath) ->
        BytePath
    {
        if isDirectory == true {
            return { $0.isDots ? target : target.child($0.name) }
        }
        if count > 1 {
            throw FileFailure(
                path: target,
                reason: isDirectory == nil
                    ? "no such directory, and several sources need one"
                    : "not a directory, and several sources need one")
        }
        if target.hasTrailingSlash, isDirectory == false { throw FileFailure(path: target, reason: "not a directory") }
        return { _ in target }
    }

    /// Refuses a new name that ends in a slash, which could only become a directory.
    func requireDirectory(_ target: BytePath) throws(FileFailure) {
        if target.hasTrailingSlash { throw FileFailure(path: target, reason: "no such directory") }
    }
}

/// One file that is being copied.
protocol FileTransfer: AnyObject {
    /// The path to show in messages.
    var shownPath: String { get }
    var bytesMoved: Int64 { get }
    /// The size that the source reports.
    var size: Int64 { get }
    /// The descriptor that it waits for, or -1.
    var awaitedInput: Int32 { get }

    /// Requests or sends as much as there is room for. Returns false when there is nothing more to feed.
    func feed() throws -> Bool
    /// Releases everything at once. Unless `keeps`, it also requests the removal of the unfinished file.
    func abandon(keeps: Bool)
}

/// A directory whose last step runs when everything in it is done.
final class CopyDirectory {
    private let parent: CopyDirectory?
    private let finish: () throws -> Void
    private var unfinished = 0

    /// - Parameter finish: the last step, such as setting the mode and times.
    init(in parent: CopyDirectory?, _ finish: @escaping () throws -> Void) {
        self.parent = parent
        self.finish = finish
        parent?.begin()
    }

    func begin() { unfinished += 1 }

    func leave() throws {
        unfinished -= 1
        guard unfinished == 0 else { return }
        try finish()
        try parent?.leave()
    }
}
