import Glibc

/// One call's state: what waits to be copied, what is under way, and what came of it.
///
/// Many files are under way at once, so that a round trip is paid for a hundred of them and not for each. What is
/// thrown while a file is looked at is collected as its failure; answers come to the transfers themselves.
final class CopyJob {
    let sftp: SFTPClient
    let recursive: Bool
    let preserveTimes: Bool
    /// Go on with what an earlier copy left.
    let resumes: Bool
    private(set) var report = CopyReport()
    /// The bytes of everything that is to be copied, when somebody wants to know and it could be found out.
    var total: Int64?
    private let wantsTotal: Bool
    private let progress: (CopyProgress) -> Void

    /// What to look at next; the last comes first, so that a directory is done before its neighbour is begun.
    private var waiting: [() throws -> Void] = []
    /// Transfers that have bytes to ask for or to send.
    private var feeding: [any FileTransfer] = []
    private var underWay: [ObjectIdentifier: any FileTransfer] = [:]
    /// Bytes of files that are on their way, in either direction.
    var bytesUnderWay = 0
    /// For one piece of a file at a time.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)

    /// It covers the round trip of a fast line: 80 MB/s at 50 ms.
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

    /// Runs what `begin` puts in line, to its end.
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

    /// What came first is fed first, so that files are finished one after the other.
    private func feed() throws {
        while let first = feeding.first, try !first.feed() { feeding.removeFirst() }
    }

    /// Whether a transfer may ask for or send more now.
    var mayMove: Bool { bytesUnderWay < Self.mostBytesUnderWay && sftp.hasRoom }

    /// Puts work in line, in its order, before what waits.
    func enqueue(_ work: [() throws -> Void]) { waiting += work.reversed() }

    func begin(_ transfer: any FileTransfer) { underWay[ObjectIdentifier(transfer)] = transfer }

    func wantsFeeding(_ transfer: any FileTransfer) {
        if !feeding.contains(where: { $0 === transfer }) { feeding.append(transfer) }
    }

    func end(_ transfer: any FileTransfer) { underWay[ObjectIdentifier(transfer)] = nil }

    /// The copy ends early: what is half done is removed, as far as that can be done briefly. Much that was done is kept
    /// for a later copy that resumes, unless a person ended this one, who may not mean to go on.
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

    // MARK: What came of it

    /// Collects a file's failure; everything else ends the copy.
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
        tell(transfer)
    }

    /// A file that needn't be copied.
    func foundWhole() { report.files += 1 }

    func finished(_ transfer: any FileTransfer) {
        report.files += 1
        tell(transfer)
    }

    func tell(_ transfer: any FileTransfer) {
        progress(
            CopyProgress(
                path: transfer.shownPath, fileBytes: transfer.bytesMoved, fileSize: transfer.size, files: report.files,
                bytes: report.bytes, totalBytes: total))
    }

    /// Whether to find out how much there is before `sources` are copied. One file says it itself, and what needn't be copied again isn't known.
    func wantsTotal(of sources: [BytePath]) -> Bool { wantsTotal && !resumes && (recursive || sources.count > 1) }

    // MARK: Rules

    /// scp's target rules. `isDirectory` is nil when the target isn't there.
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

    /// A new name that ends in a slash can only become a directory.
    func requireDirectory(_ target: BytePath) throws(FileFailure) {
        if target.hasTrailingSlash { throw FileFailure(path: target, reason: "no such directory") }
    }
}

/// One file on its way.
protocol FileTransfer: AnyObject {
    /// For people.
    var shownPath: String { get }
    var bytesMoved: Int64 { get }
    /// What the source says.
    var size: Int64 { get }
    /// The descriptor that it can't go on without, or -1.
    var awaitedInput: Int32 { get }

    /// Asks for or sends as much as there is room for; false when there is nothing more to feed.
    func feed() throws -> Bool
    /// Lets go of everything at once, and asks for the removal of what is half done unless it is to be kept.
    func abandon(keeps: Bool)
}

/// A directory whose last step waits for all that is in it.
final class CopyDirectory {
    private let parent: CopyDirectory?
    private let finish: () throws -> Void
    private var unfinished = 0

    /// - Parameter finish: sets mode and times, for example.
    init(in parent: CopyDirectory?, _ finish: @escaping () throws -> Void) {
        self.parent = parent
        self.finish = finish
        parent?.enter()
    }

    func enter() { unfinished += 1 }

    func leave() throws {
        unfinished -= 1
        guard unfinished == 0 else { return }
        try finish()
        try parent?.leave()
    }
}
