import AsyncAlgorithms
import BoxEngine
import BoxModel
import Synchronization

/// A file on its way out of a machine: read no faster than somebody takes it, and given up when the machine lets wait.
final class GuestReading: @unchecked Sendable {  // OpenFile lets in one caller at a time, who has the iterator.
    private var pieces: AsyncThrowingChannel<[UInt8], any Error>.Iterator
    private let sizes: AsyncThrowingChannel<Int, any Error>
    private let task: Task<Void, Never>
    private let watch: Task<Void, Never>

    /// - Parameters:
    ///   - limit: in bytes; what the machine sends beyond it, or beyond the size that it told, isn't taken.
    ///   - patience: for the machine's next bytes.
    init(_ call: GuestCall, _ request: JSON, limit: Int?, patience: Duration) {
        let (pieces, sizes) = (AsyncThrowingChannel<[UInt8], any Error>(), AsyncThrowingChannel<Int, any Error>())
        let stopwatch = Stopwatch()
        task = Task {
            do {
                try await call.perform(request) { answer in
                    stopwatch.start()
                    guard let size = try await answer.header()["size"]?.int, (0...(limit ?? .max)).contains(size) else {
                        throw GuestAnswer.IsMissing()
                    }
                    stopwatch.stop()
                    await sizes.send(size)
                    var left = size
                    while left > 0 {
                        stopwatch.start()
                        guard let piece = try await answer.next(atMost: left) else { break }
                        stopwatch.stop()
                        left -= piece.count
                        await pieces.send(Array(piece))
                    }
                    // Here, and not when the machine's program has ended, which it may never do.
                    pieces.finish()
                }
            } catch {
                sizes.fail(error)
                pieces.fail(error)
            }
        }
        watch = Task { [task] in
            while !Task.isCancelled, stopwatch.elapsed < patience {
                try? await Task.sleep(for: .seconds(1))
                // The machine can't answer now.
                if call.freezes.isFrozen { stopwatch.restart() }
            }
            if !Task.isCancelled { task.cancel() }
        }
        self.pieces = pieces.makeAsyncIterator()
        self.sizes = sizes
    }

    deinit { cancel() }

    /// The file's size in bytes, once.
    func size() async throws -> Int {
        try await orTimeOut {
            for try await size in sizes { return size }
            throw GuestAnswer.IsMissing()
        }
    }

    /// The next bytes, nil at the end.
    func next() async throws -> [UInt8]? { try await orTimeOut { try await pieces.next() } }

    /// The watch ends the reading by cancelling it. That is the machine's failure, not a request that was given up.
    private func orTimeOut<Value>(_ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch is CancellationError where !Task.isCancelled {
            throw EngineError(.failed, "the box took too long to send the file")
        }
    }

    func cancel() {
        task.cancel()
        watch.cancel()
    }
}

/// Tells how long something has been waited for.
private final class Stopwatch: Sendable {
    private let started = Mutex<ContinuousClock.Instant?>(nil)

    func start() { started.withLock { $0 = .now } }
    func stop() { started.withLock { $0 = nil } }
    /// Forgets what was waited so far.
    func restart() { started.withLock { started in started = started.map { _ in .now } } }

    /// Zero while nothing is waited for.
    var elapsed: Duration { started.withLock { $0.map { .now - $0 } } ?? .zero }
}
