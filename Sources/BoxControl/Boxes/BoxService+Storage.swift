import BoxEngine
import BoxModel
import BoxStore

extension BoxService {
    /// Checks the free disk space, and adds a warning to boxes that are paused because of it. Called a few times a
    /// second.
    package func checkStorage() async throws {
        let state = await engine.checkStorage()
        let before = storage.exchange(state)
        // After a start it isn't known which warnings the last boxd stored.
        let changed = before.map { state.paused.symmetricDifference($0.paused) }
        if let changed, changed.isEmpty { return }
        for row in try await store.all() where changed?.contains(row.id) ?? true {
            let warnings = Self.warnings(row.warnings, isPaused: state.paused.contains(row.id))
            if warnings != row.warnings { try await store.update(row.id) { $0.warnings = warnings } }
        }
    }

    private static let pauseWarning = "paused: the server's disk is full; the box goes on when there is space again"

    package static func warnings(_ warnings: [String], isPaused: Bool) -> [String] {
        warnings.filter { $0 != pauseWarning } + (isPaused ? [pauseWarning] : [])
    }

    /// Records the disk use of boxes where it changed noticeably. Every write to the database wakes all long polls.
    func recordDiskUse() async throws {
        for row in try await store.all() {
            guard let use = await engine.diskUse(of: row.id) else { continue }
            let change = abs(use.used - (row.diskUsed ?? 0))
            let isNoticeable = row.diskUsed == nil || change > max(1 << 20, (row.diskUsed ?? 0) / 20)
            guard isNoticeable || row.diskLimit != use.limit else { continue }
            try await store.setDiskUse(use.used, limit: use.limit, of: row.id)
        }
    }

    /// - Throws: ``APIError`` `insufficient_storage` while there is no space for another running box.
    func requireSpace(_ account: Account) async throws {
        guard let state = storage.state, state.level != .ample else { return }
        var biggest: (id: String, used: Int)?
        for row in try await store.all(of: account.id) {
            let used = await engine.diskUse(of: row.id)?.used ?? row.diskUsed ?? 0
            if used > biggest?.used ?? 0 { biggest = (row.id, used) }
        }
        throw StorageMonitor.refusal(state, biggest: biggest)
    }
}
