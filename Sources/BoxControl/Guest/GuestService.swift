import BoxEngine
import BoxModel
import BoxStore

/// Commands and file transfers in running boxes.
package struct GuestService: Sendable {
    private let store: BoxRowStore
    private let engine: any MachineEngine
    private let limit = ConcurrencyLimit(slots: Self.slotsPerBox, queue: Self.queuePerBox)

    /// How many commands and transfers of one box run at once. Each needs a process on the host.
    static let slotsPerBox = 32
    /// How many may wait for a slot. Each holds a connection.
    static let queuePerBox = 128

    private let storage: StorageMonitor

    package init(store: BoxRowStore, engine: any MachineEngine, storage: StorageMonitor) {
        (self.store, self.engine, self.storage) = (store, engine, storage)
    }

    /// How many requests wait for a slot of the box.
    package func waiting(_ id: String) -> Int { limit.waiting(id) }

    package func run(_ command: MachineCommand, in id: String, _ account: Account) async throws -> CommandOutcome {
        try await working(in: id, account) { _ in try await engine.run(command, in: id) }
    }

    /// - Parameter limit: in bytes; nil for none.
    package func openFile(_ path: String, of id: String, _ account: Account, limit: Int?) async throws -> OpenFile {
        try await working(in: id, account, keepsSlot: true) { slot in
            let file = try await engine.openFile(path, of: id, limit: limit)
            // A slow download holds its slot until it ends.
            return OpenFile(size: file.size, next: { try await file.next() }, close: { slot.release() })
        }
    }

    package func writeFile(_ path: String, _ contents: [UInt8], in id: String, _ account: Account) async throws {
        try await working(in: id, account) { _ in try await engine.writeFile(path, .bytes(contents), in: id) }
    }

    /// Returns the box if it is usable now.
    ///
    /// - Throws: ``APIError`` `not_found`, `box_starting` or `machine_not_running`.
    package func requireRunning(_ id: String, _ account: Account) async throws -> BoxRow {
        guard let row = try await store.find(id, account: account.id) else { throw APIError.boxNotFound(id) }
        try row.requireRunning()
        try storage.requireRunning(id)
        return row
    }

    /// Does the work in a slot of the box. The wait for the slot doesn't count towards the work's own timeout.
    ///
    /// - Parameter keepsSlot: whether successful work releases its slot itself, later.
    private func working<Value>(
        in id: String, _ account: Account, keepsSlot: Bool = false,
        _ work: (ConcurrencyLimit.Slot) async throws -> Value
    ) async throws -> Value {
        _ = try await requireRunning(id, account)
        let slot: ConcurrencyLimit.Slot
        do { slot = try await limit.acquire(id) } catch is ConcurrencyLimit.QueueIsFull { throw Self.busy(id) }
        do {
            let value = try await work(slot)
            if !keepsSlot { slot.release() }
            return value
        } catch {
            slot.release()
            throw try await translated(error, id, account)
        }
    }

    /// The error for the box's owner, from the engine's error.
    private func translated(_ error: any Error, _ id: String, _ account: Account) async throws -> any Error {
        if let refusal = error as? GuestRefusal { return Self.error(of: refusal) }
        guard let error = error as? EngineError else { return error }
        // Work in a box that is being stopped fails before the stop has ended.
        guard let row = try await store.find(id, account: account.id) else { return APIError.boxNotFound(id) }
        guard error.reason == .machineNotRunning || !row.boxState.isUsable else {
            return APIError(.boxFailed, "box \(id): \(error.message)")
        }
        return row.notRunning
    }

    private static func busy(_ id: String) -> APIError {
        APIError(
            .rateLimited,
            "box \(id) is working on \(slotsPerBox) commands and files, and \(queuePerBox) more wait, which is the most: "
                + "try again in a moment",
            retryAfter: 1)
    }

    private static func error(of refusal: GuestRefusal) -> APIError {
        switch refusal.reason {
        case .invalidPath: APIError(.invalidPath, refusal.message)
        case .fileNotFound: APIError(.fileNotFound, refusal.message)
        case .fileTooLarge: APIError(.fileTooLarge, refusal.message)
        case .noSuchJob: APIError(.notFound, refusal.message)
        }
    }
}
