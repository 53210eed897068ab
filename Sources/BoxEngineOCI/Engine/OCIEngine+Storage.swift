import BoxEngine
import Glibc
import Logging

/// The engine's state between two checks of the disk.
struct StorageWatch: Sendable {
    var pressure = DiskPressure()
    var paused: Set<String> = []
    /// The check in progress.
    var look: Task<StorageState, Never>?
    /// What each running machine had written at the last check, in bytes.
    var written: [String: Int] = [:]
    var lastLook: ContinuousClock.Instant?
    /// The disk use by machine; one machine is measured at a time.
    var used: [String: DiskUse] = [:]
    var isMeasuring = false
    var lastMeasured = ""
    var reportsNoReserve = true

    /// How often writes are measured while there is enough space.
    static let relaxedInterval = Duration.seconds(5)
}

extension OCIEngine {
    /// Checks the disk, one check at a time. A second one must not release the reserve while the first is still pausing
    /// the machines that would use it.
    ///
    /// The result is always of a check that began after the call. An earlier check can be outdated within milliseconds.
    public func checkStorage() async -> StorageState {
        while let look = storage.look { _ = await look.value }
        let look = Task {
            let state = await lookAtStorage()
            storage.look = nil
            return state
        }
        storage.look = look
        return await look.value
    }

    private func lookAtStorage() async -> StorageState {
        guard let space = DiskSpace(of: configuration.dataDirectory) else { return StorageState() }
        let reserve = DiskReserve(dataDirectory: configuration.dataDirectory)
        let size = DiskReserve.size(ofTotal: space.total)
        let decision = storage.pressure.look(
            at: space, reserve: size, isReserved: reserve.isThere, written: writtenSinceLastLook(space, reserve: size))
        // The machines that would use up the reserve are paused before it is released.
        var arePaused = true
        let before = storage.used
        for id in decision.pause where !(await pauseForSpace(id)) { arePaused = false }
        if decision.isSuspicion { Task { await letGrownOnly(decision.pause, before: before) } }
        if decision.releasesReserve, arePaused {
            reserve.release()
            logger.error("the disk is full: boxd lives on its reserve", metadata: ["free": "\(space.free)"])
        }
        if decision.allocatesReserve, !reserve.allocate(size), storage.reportsNoReserve {
            storage.reportsNoReserve = false
            logger.warning("boxd could not reserve space for itself", metadata: ["bytes": "\(size)"])
        }
        if decision.resumesAll { await resumeAll() }
        measureSomeDisk()
        return StorageState(
            level: storage.pressure.level, free: space.free, total: space.total, paused: storage.paused)
    }

    /// The disk use of a machine. A machine that was just paused is measured here, since its turn may come late.
    public func diskUse(of id: String) async -> DiskUse? {
        if storage.used[id] == nil, storage.paused.contains(id), let record = records[id] {
            let disk = disk(id)
            storage.used[id] = try? await blocking { disk.measure(record) }
        }
        return storage.used[id]
    }

    // MARK: Writes

    private func writtenSinceLastLook(_ space: DiskSpace, reserve: Int) -> [String: Int] {
        let now = ContinuousClock.now
        let isDue = storage.lastLook.map { now - $0 >= StorageWatch.relaxedInterval } ?? true
        guard isDue || DiskPressure.isNear(space, reserve: reserve) else { return [:] }
        storage.lastLook = now
        let before = storage.written
        storage.written = processes.compactMapValues { $0.isAlive ? $0.bytesWritten() : nil }
        return storage.written.reduce(into: [:]) { result, entry in
            // A machine that wasn't there at the last check wrote everything since.
            result[entry.key] = max(0, entry.value - (before[entry.key] ?? 0))
        }
    }

    /// - Returns: false when it must be tried again: a process that waits for the disk can't be frozen at once.
    private func pauseForSpace(_ id: String) async -> Bool {
        do {
            try await freeze(id)
            storage.paused.insert(id)
            // Measure it anew, since its owner needs to know its current size.
            storage.used[id] = nil
            logger.error("the disk is nearly full: the box that fills it is paused", metadata: ["box": "\(id)"])
            return true
        } catch {
            guard processes[id]?.isAlive == true else {
                storage.pressure.forget(id)
                return true
            }
            storage.pressure.isNotPaused(id)
            logger.error("a box that fills the disk can't be paused", metadata: ["box": "\(id)", "error": "\(error)"])
            return false
        }
    }

    /// Resumes those suspects whose disks haven't grown since they were measured last. They were paused because it
    /// wasn't known which machine fills the disk.
    private func letGrownOnly(_ suspects: Set<String>, before: [String: DiskUse]) async {
        var growth: [String: Int] = [:]
        for id in suspects {
            guard let record = records[id] else { continue }
            let disk = disk(id)
            let now = try? await blocking { disk.measure(record) }
            growth[id] = (now?.used ?? 0) - (before[id]?.used ?? 0)
        }
        let most = growth.values.max() ?? 0
        for (id, bytes) in growth where bytes < max(most / 5, 1) && storage.paused.contains(id) {
            storage.pressure.isNotPaused(id)
            await resumeAfterPause(id)
        }
    }

    private func resumeAll() async {
        for id in storage.paused { await resumeAfterPause(id) }
        logger.notice("there is space on the disk again")
    }

    private func resumeAfterPause(_ id: String) async {
        storage.paused.remove(id)
        guard processes[id]?.isAlive == true else { return }
        do { try await runtime.resume(id) } catch {
            logger.error("a paused box can't go on", metadata: ["box": "\(id)", "error": "\(error)"])
        }
    }

    /// Whether the machine is paused, and so can't end by itself.
    func isPausedForSpace(_ id: String) -> Bool { storage.paused.contains(id) }

    func forgetPause(_ id: String) {
        storage.paused.remove(id)
        storage.pressure.forget(id)
    }

    // MARK: Disk use

    /// Measures the disk of one machine in the background, in turn, unless a measurement is in progress.
    private func measureSomeDisk() {
        guard !storage.isMeasuring else { return }
        storage.used = storage.used.filter { records[$0.key] != nil }
        let unknown = storage.paused.union(records.keys).filter { storage.used[$0] == nil }
            .min { (storage.paused.contains($0) ? 0 : 1, $0) < (storage.paused.contains($1) ? 0 : 1, $1) }
        guard let id = unknown ?? nextToMeasure(), let record = records[id] else { return }
        storage.isMeasuring = true
        let disk = disk(id)
        Task {
            let began = ContinuousClock.now
            storage.used[id] = try? await blocking { disk.measure(record) }
            storage.lastMeasured = id
            // Uses at most a fiftieth of a processor.
            try? await Task.sleep(for: max(.milliseconds(250), (ContinuousClock.now - began) * 50))
            storage.isMeasuring = false
        }
    }

    private func nextToMeasure() -> String? {
        let ids = records.keys.sorted()
        return ids.first { $0 > storage.lastMeasured } ?? ids.first
    }
}

extension MachineProcesses {
    /// The bytes that all of the machine's processes have written so far, including those that ended. When a process is
    /// waited for, the kernel adds its count to its parent's. See proc(5), /proc/pid/io.
    func bytesWritten() -> Int {
        cgroupMembers().reduce(0) { sum, process in
            let lines = (HostFiles.read("/proc/\(process)/io") ?? "").split(separator: "\n")
            let line = lines.first { $0.hasPrefix("write_bytes:") }
            return sum + (line.flatMap { Int($0.dropFirst(13)) } ?? 0)
        }
    }
}
