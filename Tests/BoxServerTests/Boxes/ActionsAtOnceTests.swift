import BoxEngine
import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Runs every action on a box concurrently with itself and with every other, on a slow engine.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ActionsAtOnceTests {
    enum Action: String, CaseIterable, Sendable {
        case stop, resume, fork, delete, update, addKey, command, readFile, writeFile, prompt, interrupt, get

        func send(_ api: API, _ id: String, _ number: Int) async throws -> Answer {
            switch self {
            case .stop: try await api.post("/boxes/\(id)/stop")
            case .resume: try await api.post("/boxes/\(id)/resume")
            case .fork: try await api.post("/boxes/\(id)/fork")
            case .delete: try await api.delete("/boxes/\(id)")
            case .update: try await api.patch("/boxes/\(id)", #"{"name":"n\#(number)"}"#)
            case .addKey: try await api.post("/boxes/\(id)/sshkey", #"{"key":"\#(key(number))"}"#)
            case .command: try await api.post("/boxes/\(id)/commands", #"{"command":"true"}"#)
            case .readFile: try await api.get("/boxes/\(id)/files?path=x")
            case .writeFile: try await api.send(.put, "/boxes/\(id)/files", #"{"path":"x","content":"y"}"#)
            case .prompt: try await api.post("/boxes/\(id)/prompt", #"{"provider":"codex","prompt":"x"}"#)
            case .interrupt: try await api.post("/boxes/\(id)/interrupt")
            case .get: try await api.get("/boxes/\(id)")
            }
        }

        /// The documented responses that are possible here, as `STATUS` or `STATUS code`.
        var documented: Set<String> {
            let usual: Set = ["404 not_found"]
            let inside = usual.union(["200", "400 machine_not_running", "409 box_starting", "409 box_failed"])
            switch self {
            case .stop: return usual.union(["202", "400 stop_failed"])
            case .resume: return usual.union(["202", "409 resume_failed"])
            case .fork: return usual.union(["202", "409 fork_failed"])
            case .delete, .update, .get: return usual.union(["200"])
            case .readFile: return inside.union(["404 file_not_found"])
            case .addKey, .command, .writeFile, .interrupt: return inside
            case .prompt: return inside.union(["202", "429 rate_limited", "409 box_not_promptable"])
            }
        }
    }

    /// A different key for each number.
    static func key(_ number: Int) -> String {
        let blob: [UInt8] =
            [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32] + (0..<32).map { UInt8($0 ^ number) }
        return "ssh-ed25519 \(Base64.encode(blob)) k\(number)"
    }

    private static func slowEngine() async -> TestEngine {
        let engine = TestEngine()
        await engine.delaySteps(by: .milliseconds(3))
        return engine
    }

    static let pairs = Action.allCases.enumerated().flatMap { index, first in
        Action.allCases[index...].map { (first, $0) }
    }

    @Test(arguments: pairs) func atOnce(_ first: Action, _ second: Action) async throws {
        try await withServer(engine: Self.slowEngine(), limits: Self.limits) { api async throws in
            _ = try await api.send(.put, "/providers/codex", #"{"apiKey":"sk-123456"}"#)
            let id = try await api.ready()
            let answers = try await withThrowingTaskGroup(of: (Action, Answer).self) { group in
                for number in 0..<20 {
                    let action = number % 2 == 0 ? first : second
                    group.addTask { (action, try await action.send(api, id, number)) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (action, answer) in answers {
                let outcome = answer.code.map { "\(answer.status) \($0)" } ?? "\(answer.status)"
                #expect(action.documented.contains(outcome), "\(action) beside \(first), \(second): \(answer.text)")
            }
            try await Self.expectConsistency(api)
        }
    }

    /// All actions concurrently, several times.
    @Test func everythingAtOnce() async throws {
        try await withServer(engine: Self.slowEngine(), limits: Self.limits) { api async throws in
            _ = try await api.send(.put, "/providers/codex", #"{"apiKey":"sk-123456"}"#)
            for _ in 0..<5 {
                let id = try await api.ready()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<36 {
                        let action = Action.allCases[number % Action.allCases.count]
                        if action == .delete, number < 24 { continue }
                        group.addTask {
                            let answer = try await action.send(api, id, number)
                            let outcome = answer.code.map { "\(answer.status) \($0)" } ?? "\(answer.status)"
                            #expect(action.documented.contains(outcome), "\(action): \(answer.text)")
                        }
                    }
                    try await group.waitForAll()
                }
            }
            try await Self.expectConsistency(api)
        }
    }

    private static let limits: ServerLimits = {
        var limits = ServerLimits()
        (limits.activeBoxes, limits.creationsPerMinute) = (10_000, 10_000)
        return limits
    }()

    /// Expects that every box has the machine that its state requires, that every machine has a box, and that no
    /// accepted key is missing.
    private static func expectConsistency(_ api: API) async throws {
        await api.settle()
        let rows = try await api.server.boxes.store.all()
        for row in rows {
            let status = await api.engine.status(row.id)
            switch row.boxState {
            case let state where state.isUsable:
                guard case .running(let address) = status else {
                    Issue.record("\(row.id) is \(state), and its machine \(status)")
                    continue
                }
                #expect(row.ip == address)
                let keys = try await api.server.boxes.store.keys(of: row.id)
                #expect(await Set(api.engine.authorizedKeys(of: row.id)) == Set(keys))
            case .archived: #expect(status == .stopped && row.ip == nil)
            case .error:
                #expect([.missing, .stopped].contains(status), "\(row.errorMessage ?? "")")
            default: Issue.record("\(row.id) is \(row.state)")
            }
        }
        #expect(await Set(api.engine.machines()).subtracting(rows.map(\.id)).isEmpty)
    }

    // MARK: Regressions

    @Test func allOfManyStopsAreAccepted() async throws {
        try await withServer { api async throws in
            for _ in 0..<20 {
                let id = try await api.ready()
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<20 { group.addTask { try await api.post("/boxes/\(id)/stop").status } }
                    return try await group.reduce(into: Set()) { $0.insert($1) }
                }
                #expect(statuses == [202])
            }
        }
    }

    @Test func noKeyOfManyAtOnceIsLost() async throws {
        try await withServer(engine: Self.slowEngine()) { api async throws in
            await api.engine.delayKeys { _ in .milliseconds(Int.random(in: 0...5)) }
            for _ in 0..<10 {
                let id = try await api.ready()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            let answer = try await Action.addKey.send(api, id, number)
                            #expect(answer.status == 200, "\(answer.text)")
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(await api.engine.authorizedKeys(of: id).count == 20)
            }
        }
    }

    /// A machine that runs while its box is in `error` would escape the limits and its time to live.
    @Test func aStartThatFailsLeavesNoMachine() async throws {
        try await withServer { api async throws in
            _ = try await api.post("/secrets", #"{"secretFiles":[{"path":"a/b","contents":"c"}]}"#)
            let source = try await api.ready()
            await api.engine.fail(.apply, with: EngineError(.failed, "no python"))
            let fork = try await api.post("/boxes/\(source)/fork", #"{"noEnv":true}"#)
            let id = try #require(fork.json["id"]?.string, "\(fork.text)")
            await api.settle()
            #expect(try await api.state(id) == "error")
            #expect(await api.engine.status(id) == .stopped)
        }
    }

    @Test func aMachineThatCouldNotBeEndedIsEndedLater() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            await api.engine.fail(.stop, with: EngineError(.failed, "its processes could not be ended"))
            #expect(try await api.post("/boxes/\(id)/stop").status == 202)
            await api.settle()
            #expect(try await api.state(id) == "error")
            guard case .running = await api.engine.status(id) else { throw Unexpected() }
            await api.engine.fail(.stop, with: nil)
            try await api.server.boxes.endStrays()
            #expect(try await eventually { await api.engine.status(id) == .stopped })
            #expect(try await api.state(id) == "error")
        }
    }

    private struct Unexpected: Error {}
}
