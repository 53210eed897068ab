import Dispatch

/// Runs long blocking work (deleting a million files, flushing a file system) on a thread that may block, while the
/// caller's actor stays free.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        // A serial queue has its own thread. The global queues share theirs with Swift's tasks, which two blocked calls
        // could stop.
        DispatchQueue(label: "boxd.blocking").async { continuation.resume(with: Result { try work() }) }
    }
}
