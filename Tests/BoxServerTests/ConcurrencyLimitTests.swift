import Synchronization
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

@Suite(.timeLimit(.minutes(1)))
struct ConcurrencyLimitTests {
    @Test func slotsArePerKey() async throws {
        let limit = ConcurrencyLimit(slots: 1, queue: 0)
        let first = try await limit.acquire("a")
        _ = try await limit.acquire("b")
        await #expect(throws: ConcurrencyLimit.QueueIsFull.self) { _ = try await limit.acquire("a") }
        first.release()
        _ = try await limit.acquire("a")
    }

    @Test func aSlotIsGivenBackOnceAndWhenItIsForgotten() async throws {
        let limit = ConcurrencyLimit(slots: 2, queue: 0)
        let kept = try await limit.acquire("a")
        do {
            let other = try await limit.acquire("a")
            other.release()
            other.release()
        }
        do { _ = try await limit.acquire("a") }
        let second = try await limit.acquire("a")
        await #expect(throws: ConcurrencyLimit.QueueIsFull.self) { _ = try await limit.acquire("a") }
        withExtendedLifetime((kept, second)) {}
    }

    @Test func firstComeFirstServed() async throws {
        let limit = ConcurrencyLimit(slots: 1, queue: 100)
        let order = Shared<[Int]>([])
        let first = try await limit.acquire("a")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let slot = try await limit.acquire("a")
                    order.value.withLock { $0.append(number) }
                    slot.release()
                }
                #expect(try await eventually { limit.waiting("a") == number + 1 })
            }
            first.release()
            try await group.waitForAll()
        }
        #expect(order.value.withLock { $0 } == Array(0..<50))
    }

    @Test func whoIsCancelledLeavesTheLine() async throws {
        let limit = ConcurrencyLimit(slots: 1, queue: 2)
        let first = try await limit.acquire("a")
        let impatient = Task { try await limit.acquire("a") }
        #expect(try await eventually { limit.waiting("a") == 1 })
        let patient = Task { try await limit.acquire("a") }
        #expect(try await eventually { limit.waiting("a") == 2 })
        await #expect(throws: ConcurrencyLimit.QueueIsFull.self) { _ = try await limit.acquire("a") }
        impatient.cancel()
        await #expect(throws: CancellationError.self) { _ = try await impatient.value }
        #expect(limit.waiting("a") == 1)
        first.release()
        let second = try await patient.value
        #expect(limit.waiting("a") == 0)
        second.release()
        await #expect(throws: CancellationError.self) {
            try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                _ = try await limit.acquire("a")
            }.value
        }
    }

    /// Many concurrent tasks, of which every third is cancelled: never more run than there are slots, and in the end
    /// all slots are free.
    @Test func nothingIsLostUnderLoad() async throws {
        let limit = ConcurrencyLimit(slots: 3, queue: 1000)
        let running = Shared(0)
        let most = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<600 {
                let task = Task {
                    let slot = try await limit.acquire("a")
                    defer { slot.release() }
                    let now = running.value.withLock { running in
                        running += 1
                        return running
                    }
                    most.value.withLock { $0 = max($0, now) }
                    await Task.yield()
                    running.value.withLock { $0 -= 1 }
                }
                if number % 3 == 0 { group.addTask { task.cancel() } }
                group.addTask { _ = await task.result }
            }
        }
        #expect(most.value.withLock { $0 } <= 3)
        #expect(limit.waiting("a") == 0)
        let rest = [try await limit.acquire("a"), try await limit.acquire("a"), try await limit.acquire("a")]
        #expect(rest.count == 3)
    }
}

private final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }
}
