import BoxEngine
import Testing

@testable import BoxEngineOCI

@Suite(.timeLimit(.minutes(1)))
struct FreezeClockTests {
    @Test func whatIsFrozenIsCounted() async throws {
        let clock = FreezeClock()
        #expect(!clock.isFrozen && clock.total == .zero)
        clock.begin()
        try await Task.sleep(for: .milliseconds(50))
        #expect(clock.isFrozen && clock.total >= .milliseconds(50))
        clock.end()
        let total = clock.total
        #expect(!clock.isFrozen)
        try await Task.sleep(for: .milliseconds(50))
        #expect(clock.total == total)
        clock.end()
        #expect(clock.total == total, "harmless")
    }

    /// A timeout that starts before the freeze and would expire during it.
    @Test func aSleepDoesNotCountFrozenTime() async throws {
        let clock = FreezeClock()
        let began = ContinuousClock.now
        async let slept: Void = clock.sleep(for: .milliseconds(200))
        try await Task.sleep(for: .milliseconds(50))
        clock.begin()
        try await Task.sleep(for: .milliseconds(500))
        clock.end()
        try await slept
        #expect(ContinuousClock.now - began >= .milliseconds(700))
    }

    @Test func aSleepCanBeCancelledWhileFrozen() async throws {
        let clock = FreezeClock()
        clock.begin()
        let sleep = Task { try await clock.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(50))
        sleep.cancel()
        await #expect(throws: CancellationError.self) { try await sleep.value }
    }

    @Test(arguments: [
        "runc: exec failed: fork/exec /proc/self/exe: resource temporarily unavailable",
        "fork: Resource temporarily unavailable", "BlockingIOError: [Errno 11] Resource temporarily unavailable",
    ])
    func aFullProcessTableIsTold(errors: String) {
        let error = GuestCall.failure(errors, "exited(1)")
        #expect(error.message.contains("process table is full"))
        #expect(error.diagnostics.contains(errors))
        #expect(!GuestCall.failure("python3: not found", "exited(1)").message.contains("process table"))
    }

    @Test func aGraceCanOnlyBeShortened() {
        let grace = StopGrace(.seconds(10))
        grace.shorten(to: .seconds(60))
        #expect(grace.duration == .seconds(10))
        grace.shorten(to: .seconds(1))
        #expect(grace.duration == .seconds(1) && !grace.isAbandoned)
        grace.abandon()
        #expect(grace.isAbandoned && StopGrace.none.duration == .zero)
    }
}
