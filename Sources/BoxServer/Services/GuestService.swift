import BoxEngine
import BoxModel
import HTTPTypes

/// Working in people's running boxes: commands and files.
struct GuestService: Sendable {
    private let store: BoxStore
    private let engine: any MachineEngine
    private let places = PlaceCounter(maximum: Self.maximumPerBox)

    /// What one box may be doing at a time: each takes a process on the host.
    static let maximumPerBox = 32

    init(store: BoxStore, engine: any MachineEngine) { (self.store, self.engine) = (store, engine) }

    func run(_ command: MachineCommand, in id: String, _ account: Account) async throws -> CommandOutcome {
        try await working(in: id, account) { try await engine.run(command, in: id) }
    }

    /// - Parameter limit: in bytes; nil for none.
    func openFile(_ path: String, of id: String, _ account: Account, limit: Int?) async throws -> OpenFile {
        try await working(in: id, account) {
            let file = try await engine.openFile(path, of: id, limit: limit)
            // Whoever takes a file out slowly has a place as long as that takes.
            guard places.enter(id) else { throw Self.tooMany(id) }
            return OpenFile(size: file.size, next: { try await file.next() }, close: { places.leave(id) })
        }
    }

    func writeFile(_ path: String, _ contents: [UInt8], in id: String, _ account: Account) async throws {
        try await working(in: id, account) { try await engine.writeFile(path, .bytes(contents), in: id) }
    }

    /// The box, when something can be done in it now.
    ///
    /// - Throws: ``APIError`` `not_found`, `box_starting` or `machine_not_running`.
    func requireRunning(_ id: String, _ account: Account) async throws -> BoxRow {
        guard let row = try await store.find(id, account: account.id) else { throw APIError.boxNotFound(id) }
        switch row.boxState {
        case let state where state.isUsable: return row
        case .initial, .provisioning, .cloning:
            throw APIError(
                .conflict, .boxStarting, "box \(id) is \(row.boxState.displayName): try again when it is ready",
                details: ["state": .string(row.state)])
        default: throw Self.notRunning(id, row.boxState)
        }
    }

    private func working<Value>(in id: String, _ account: Account, _ work: () async throws -> Value) async throws
        -> Value
    {
        _ = try await requireRunning(id, account)
        guard places.enter(id) else { throw Self.tooMany(id) }
        defer { places.leave(id) }
        do { return try await work() } catch let refusal as GuestRefusal {
            throw Self.error(of: refusal)
        } catch let error as EngineError {
            // A box that is stopped fails before it has ended.
            let state = try await store.find(id, account: account.id)?.boxState ?? .archived
            guard error.reason == .machineNotRunning || !state.isUsable else {
                throw APIError(.conflict, .boxFailed, "box \(id): \(error.message)")
            }
            throw Self.notRunning(id, state)
        }
    }

    private static func tooMany(_ id: String) -> APIError {
        APIError(
            .tooManyRequests, .rateLimited,
            "box \(id) is working on \(maximumPerBox) commands and files, which is the most: wait for one to end",
            retryAfter: 1)
    }

    private static func notRunning(_ id: String, _ state: BoxState) -> APIError {
        APIError(
            .badRequest, .machineNotRunning,
            "box \(id) is not running (\(state.displayName)): resume it, and wait until it is ready",
            details: ["state": .string(state.rawValue)])
    }

    private static func error(of refusal: GuestRefusal) -> APIError {
        switch refusal.reason {
        case .invalidPath: APIError(.badRequest, .invalidPath, refusal.message)
        case .fileNotFound: APIError(.notFound, .fileNotFound, refusal.message)
        case .fileTooLarge: APIError(.contentTooLarge, .fileTooLarge, refusal.message)
        case .noSuchJob: APIError(.notFound, .notFound, refusal.message)
        }
    }
}
