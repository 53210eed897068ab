import BoxModel
import Testing

@testable import BoxClient

@Suite struct EventFollowerTests {
    private func follower(
        _ server: EventServer, types: [String] = [], start: EventFollower.Start = .beginning,
        pauses: PauseLog = PauseLog()
    ) throws -> EventFollower {
        EventFollower(try .scripted(server, pauses: pauses), box: "bx_1", types: types, start: start)
    }

    /// The reported events, until no more arrive.
    private func drain(_ follower: inout EventFollower) async throws -> [String] {
        var told: [String] = []
        while true {
            let events = try await follower.next()
            if events.isEmpty, follower.isCaughtUp { return told }
            told += events.map { ($0.id ?? "-") + ($0.status.map { " \($0.rawValue)" } ?? "") }
        }
    }

    @Test func allPagesInOrder() async throws {
        let server = EventServer(pageSize: 3)
        for number in 0..<10 { server.store(.init(id: "e\(number)", type: "response", timestamp: 100 + number)) }
        var follower = try follower(server)
        #expect(try await drain(&follower) == (0..<10).map { "e\($0)" })
    }

    @Test func anEventOfTheSameMomentWithASmallerIDIsNotLost() async throws {
        let server = EventServer()
        server.store(.init(id: "a", type: "response", timestamp: 100))
        server.store(.init(id: "m", type: "response", timestamp: 200))
        var follower = try follower(server)
        #expect(try await drain(&follower) == ["a", "m"])
        server.store(.init(id: "b", type: "response", timestamp: 200))
        server.store(.init(id: "z", type: "response", timestamp: 200))
        #expect(try await drain(&follower) == ["b", "z"])
        #expect(try await drain(&follower) == [])
    }

    @Test func eachStatusOfAPromptOnceAndTheLastAfterItsResponses() async throws {
        let server = EventServer()
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "queued"))
        var follower = try follower(server)
        #expect(try await drain(&follower) == ["p queued"])
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "running"))
        server.store(.init(id: "r1", type: "response", timestamp: 110))
        #expect(try await drain(&follower) == ["p running", "r1"])
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "running"))
        #expect(try await drain(&follower) == [])
        server.store(.init(id: "r2", type: "response", timestamp: 120))
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "finished"))
        #expect(try await drain(&follower) == ["r2", "p finished"])
        #expect(try await drain(&follower) == [])
    }

    @Test func aPromptThatIsOverInAnUnknownWayIsNotLookedAtAgain() async throws {
        let server = EventServer()
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "cancelled"))
        server.setRun(["status": "cancelled", "done": true])
        var follower = try follower(server)
        for number in 0..<5 {
            server.store(.init(id: "r\(number)", type: "response", timestamp: 200 + number))
            _ = try await follower.next()
        }
        #expect(server.targets.filter { $0.contains("/prompts/p") }.count == 1)
        #expect(!server.targets.contains { $0.contains("type=prompt") })
    }

    @Test func theStatusOfAPromptFarBackIsFound() async throws {
        let server = EventServer(pageSize: 4)
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "queued"))
        for number in 0..<20 {
            server.store(.init(id: "q\(number)", type: "prompt", timestamp: 200 + number, status: "failed"))
        }
        var follower = try follower(server)
        #expect(try await drain(&follower).count == 21)
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "finished"))
        #expect(try await drain(&follower) == ["p finished"])
    }

    @Test func onlyTheNewestToBeginWith() async throws {
        let server = EventServer(pageSize: 3)
        for number in 0..<10 { server.store(.init(id: "e\(number)", type: "response", timestamp: 100 + number)) }
        var follower = try follower(server, start: .newest(5))
        #expect(try await follower.next().compactMap(\.id) == ["e5", "e6", "e7", "e8", "e9"])
        #expect(follower.isCaughtUp)
        server.store(.init(id: "f", type: "response", timestamp: 200))
        #expect(try await drain(&follower) == ["f"])
    }

    @Test(arguments: [1, 2, 3]) func theNewestOfOneMomentAndNoneBefore(count: Int) async throws {
        let server = EventServer()
        for (number, moment) in [100, 200, 300, 300, 300].enumerated() {
            server.store(.init(id: "e\(number)", type: "response", timestamp: moment))
        }
        var follower = try follower(server, start: .newest(count))
        let told = try await follower.next().compactMap(\.id) + drain(&follower)
        #expect(told == (5 - count..<5).map { "e\($0)" })
        server.store(.init(id: "f", type: "response", timestamp: 300))
        #expect(try await drain(&follower) == ["f"])
    }

    @Test func aServerThatLeadsNowhereIsNotFollowedForEver() async throws {
        for json: JSON in [
            ["ok": true, "events": [], "pageInfo": ["hasMore": true, "nextCursor": "MTAwOmE"]],
            [
                "ok": true, "events": [["id": "a", "type": "response", "timestamp": 100]],
                "pageInfo": ["hasMore": true, "nextCursor": "MTAwOmE"],
            ],
        ] {
            let server = EventServer()
            for _ in 0..<50 { server.fail(.success(HTTPResponse(status: 200, body: json.compactBytes))) }
            var follower = try follower(server)
            await #expect(throws: BoxError.self) {
                while true { _ = try await follower.next() }
            }
            #expect(server.targets.count < 30)
        }
    }

    @Test func answersWithoutNewsThatComeAtOnceArePolled() async throws {
        let server = EventServer(), pauses = PauseLog()
        var follower = try follower(server, pauses: pauses)
        for _ in 0..<10 { _ = try await follower.next() }
        #expect(pauses.all.count >= 8)
    }

    @Test func whatTheServerAsksToWaitIsWaited() async throws {
        let server = EventServer(), pauses = PauseLog()
        var follower = try follower(server, pauses: pauses)
        _ = try await follower.next()
        let busy = HTTPResponse(
            status: 429, headers: [HTTPHeader("Retry-After", "60")], body: Array(#"{"error":"rate_limited"}"#.utf8))
        server.fail(.success(busy))
        server.store(.init(id: "a", type: "response", timestamp: 100))
        #expect(try await drain(&follower) == ["a"])
        #expect(pauses.all.contains(.seconds(60)))
    }

    @Test func eventsWithoutIDOrTimestampAndPartsThatBecomeWhole() async throws {
        let server = EventServer()
        let odd: JSON = [
            "ok": true, "events": [["type": "odd", "data": ["n": 1]], ["id": "x", "type": "odd"]],
            "pageInfo": ["hasMore": false],
        ]
        server.fail(.success(HTTPResponse(status: 200, body: odd.compactBytes)))
        var follower = try follower(server)
        #expect(try await follower.next().map(\.json["data"]) == [["n": 1], nil])
        server.store(.init(id: "r", type: "response", timestamp: 100, isPartial: true))
        #expect(try await drain(&follower) == ["r"])
        server.store(.init(id: "r", type: "response", timestamp: 100))
        #expect(try await drain(&follower) == ["r"])
        #expect(try await drain(&follower) == [])
    }

    @Test func eventsThatAreTooLargeTogetherComeInSmallerPages() async throws {
        let server = EventServer()
        server.store(.init(id: "a", type: "response", timestamp: 100))
        server.fail(.failure(.init(.tooLarge, "too large")), .failure(.init(.tooLarge, "too large")))
        var follower = try follower(server)
        #expect(try await drain(&follower) == ["a"])
        #expect(server.targets.prefix(3).map { $0.contains("limit=50&") } == [false, false, true])
    }

    @Test func failuresBeforeTheFirstAnswerAreTold() async throws {
        let server = EventServer()
        server.fail(.failure(TransportError(.timedOut, "too slow")))
        var follower = try follower(server)
        await #expect(throws: BoxError.self) { try await follower.next() }
    }

    @Test func refusalsEndTheFollowing() async throws {
        let server = EventServer()
        var follower = try follower(server)
        _ = try await drain(&follower)
        server.fail(.success(HTTPResponse(status: 404, body: Array(#"{"error":"not_found"}"#.utf8))))
        await #expect(throws: BoxError.self) { try await follower.next() }
    }

    @Test func brokenConnectionsAreSurvivedWithGrowingPauses() async throws {
        let server = EventServer(), pauses = PauseLog()
        server.store(.init(id: "a", type: "response", timestamp: 100))
        var follower = try follower(server, pauses: pauses)
        #expect(try await drain(&follower) == ["a"])
        for _ in 0..<40 { server.fail(.failure(TransportError(.unreachable, "refused"))) }
        server.fail(
            .success(HTTPResponse(status: 502, body: Array("<html>".utf8))),
            .success(HTTPResponse(status: 200, body: Array(#"{"ok":true,"ev"#.utf8))))
        server.store(.init(id: "b", type: "response", timestamp: 200))
        #expect(try await drain(&follower) == ["b"])
        #expect(pauses.all.allSatisfy { $0 <= .seconds(5) })
        #expect(pauses.all.contains { $0 > .seconds(2) })
    }

    @Test func serversThatCannotWaitArePolledEverLessOften() async throws {
        let server = EventServer(knowsTags: false), pauses = PauseLog()
        var follower = try follower(server, pauses: pauses)
        for _ in 0..<10 { _ = try await follower.next() }
        #expect(pauses.all.first.map { $0 >= .milliseconds(250) } == true)
        #expect(pauses.all.last == .seconds(1))
        server.store(.init(id: "a", type: "response", timestamp: 100))
        #expect(try await follower.next().compactMap(\.id) == ["a"])
    }

    /// Up to four events have the same time. They are stored between requests, and the server often fails.
    @Test(arguments: [true, false]) func nothingIsLostOrRepeatedWhateverHappens(knowsTags: Bool) async throws {
        for seed in 0..<60 {
            var random = Xorshift(seed: UInt64(seed + 1))
            let server = EventServer(knowsTags: knowsTags, pageSize: 5)
            var follower = try follower(server)
            var stored: [String] = [], told: [String] = [], moment = 100, shared = 0
            for number in 0..<40 {
                if random.next() % 3 > 0 {
                    shared = random.next() % 2 == 0 && shared < 3 ? shared + 1 : 0
                    if shared == 0 { moment += 1 }
                    let id = "\(random.next() % 1000)-\(number)"
                    server.store(.init(id: id, type: "response", timestamp: moment))
                    stored.append(id)
                }
                if random.next() % 4 == 0, number > 0 { server.fail(.failure(TransportError(.interrupted, "cut"))) }
                if number == 0 || random.next() % 2 == 0 { told += try await follower.next().compactMap(\.id) }
            }
            told += try await drain(&follower)
            #expect(told.sorted() == stored.sorted(), "seed \(seed)")
        }
    }
}

/// A generator with the same numbers in every run.
struct Xorshift {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state >> 8
    }
}
