import Dispatch

/// Runs work that blocks for long (deleting a million files, flushing a file system) on a thread that may be blocked, while the
/// caller's actor goes on.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        // A serial queue has a thread for itself; the global ones share theirs with Swift's tasks, which two stuck calls would stop.
        DispatchQueue(label: "boxd.blocking").async { continuation.resume(with: Result { try work() }) }
    }
}
