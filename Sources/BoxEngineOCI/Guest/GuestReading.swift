import AsyncAlgorithms
import BoxEngine
import BoxModel
import Synchronization

/// A transfer of a file out of a machine. It reads no faster than the consumer, and gives up when the machine sends
/// nothing for too long.
final class GuestReading: @unchecked Sendable {  // OpenFile allows one caller at a time, which then has the iterator.
    private var pieces: AsyncThrowingChannel<[UInt8], any Error>.Iterator
    private let sizes: AsyncThrowingChannel<Int, any Error>
    private let task: Task<Void, Never>
    private let watch: Task<Void, Never>

    /// - Parameters:
    ///   - limit: in bytes. What the machine sends beyond it, or beyond the size that it reported, is ignored.
    ///   - timeout: how long the machine's next bytes may take.
    init(_ call: GuestCall, _ request: JSON, limit: Int?, timeout: Duration) {
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
                    // At the last byte, and not at the end of the machine's program, which may never end.
                    pieces.finish()
                }
            } catch {
                sizes.fail(error)
                pieces.fail(error)
            }
        }
        watch = Task { [task] in
            while !Task.isCancelled, stopwatch.elapsed < timeout {
                try? await Task.sleep(for: .seconds(1))
                // A frozen machine can't answer.
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

    /// `watch` ends the transfer by cancelling it. Report that as the machine's failure, not as a cancelled request.
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

/// Measures how long the current wait has lasted.
private final class Stopwatch: Sendable {
    private let started = Mutex<ContinuousClock.Instant?>(nil)

    func start() { started.withLock { $0 = .now } }
    func stop() { started.withLock { $0 = nil } }
    /// Sets the time of the current wait to zero.
    func restart() { started.withLock { started in started = started.map { _ in .now } } }

    /// Zero while there is no wait.
    var elapsed: Duration { started.withLock { $0.map { .now - $0 } } ?? .zero }
}
