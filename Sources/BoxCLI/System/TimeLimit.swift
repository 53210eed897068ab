/// The result of `work` within a time limit, or nil. Work that takes longer is cancelled, but not waited for, because
/// the process is about to end.
func within<Value: Sendable>(
    _ limit: Duration, _ work: @escaping @Sendable () async -> Value?
) async -> Value? {
    let (outcomes, outcome) = AsyncStream.makeStream(of: Value?.self)
    let worker = Task { outcome.yield(await work()) }
    let timer = Task {
        try? await Task.sleep(for: limit)
        outcome.yield(nil)
    }
    defer {
        worker.cancel()
        timer.cancel()
    }
    for await first in outcomes { return first }
    return nil
}
