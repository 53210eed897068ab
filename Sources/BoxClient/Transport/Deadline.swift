/// A time limit for work.
struct Deadline: Sendable {
    private let moment: ContinuousClock.Instant?

    /// - Parameter timeout: from now; nil for never.
    init(after timeout: Duration?) { moment = timeout.map { .now + $0 } }

    /// - Returns: nil at the deadline. The work is then cancelled and has ended.
    func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value? {
        guard let moment else { return try await work() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(until: moment, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
