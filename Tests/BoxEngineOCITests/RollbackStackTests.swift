import BoxEngine
import Testing

struct RollbackStackTests {
    private actor Log {
        private(set) var lines: [String] = []
        func add(_ line: String) { lines.append(line) }
    }

    private struct Failure: Error {}

    @Test func undoRunsInReverseOrder() async {
        let log = Log()
        var stack = RollbackStack()
        for name in ["disk", "network", "process"] { stack.push(name) { await log.add(name) } }
        #expect(await stack.rollBack().isEmpty)
        #expect(await log.lines == ["process", "network", "disk"])
    }

    @Test func aStepThatFailsKeepsNoOtherFromRunning() async {
        let log = Log()
        var stack = RollbackStack()
        stack.push("first") { await log.add("first") }
        stack.push("second") {
            await log.add("second")
            throw Failure()
        }
        stack.push("third") { throw Failure() }
        let failures = await stack.rollBack()
        #expect(failures.map(\.name) == ["third", "second"])
        #expect(failures.allSatisfy { $0.error is Failure })
        #expect(await log.lines == ["second", "first"])
    }

    @Test func nothingIsUndoneTwice() async {
        let log = Log()
        var stack = RollbackStack()
        #expect(await stack.rollBack().isEmpty)
        stack.push("once") { await log.add("once") }
        _ = await stack.rollBack()
        _ = await stack.rollBack()
        #expect(await log.lines == ["once"])
    }
}
