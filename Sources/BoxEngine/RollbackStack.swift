/// Rolls back work that takes several steps. Each step that succeeded pushes its undo, and on failure these run in
/// reverse order.
public struct RollbackStack: Sendable {
    private var steps: [(name: String, undo: @Sendable () async throws -> Void)] = []

    public init() {}

    public mutating func push(_ name: String, _ undo: @escaping @Sendable () async throws -> Void) {
        steps.append((name, undo))
    }

    /// Undoes everything, last step first. A step that fails doesn't prevent the others.
    ///
    /// - Returns: the names and errors of the steps that failed.
    public mutating func rollBack() async -> [(name: String, error: any Error)] {
        var failures: [(String, any Error)] = []
        while let step = steps.popLast() {
            do { try await step.undo() } catch { failures.append((step.name, error)) }
        }
        return failures
    }
}
