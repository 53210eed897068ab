/// Runs work once for all callers that request it while it is in progress.
public actor JoinedWork {
    private var underWay: [String: Task<Void, any Error>] = [:]

    public init() {}

    public func join(_ key: String, _ work: @escaping @Sendable () async throws -> Void) async throws {
        if let task = underWay[key] { return try await task.value }
        let task = Task { try await work() }
        underWay[key] = task
        defer { underWay[key] = nil }
        try await task.value
    }
}
