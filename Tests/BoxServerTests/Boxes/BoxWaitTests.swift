import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// `GET /boxes/{id}` that waits for a change of the box.
struct BoxWaitTests {
    private func look(_ api: API, _ id: String, wait: Int, tag: String?) async throws -> Answer {
        var headers = ["Prefer": "wait=\(wait)"]
        headers["If-None-Match"] = tag
        return try await api.send(.get, "/boxes/\(id)", headers: headers)
    }

    @Test func aChangeIsWaitedFor() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let first = try await look(api, id, wait: 30, tag: nil)
            #expect(first.status == 200)
            #expect(first.header("Preference-Applied") == "wait")
            let tag = try #require(first.header("ETag"))
            let same = try await look(api, id, wait: 0, tag: tag)
            #expect(same.status == 304)
            #expect(same.header("ETag") == tag)
            async let news = look(api, id, wait: 30, tag: tag)
            #expect(try await eventually { api.server.events.commits.waiterCount == 1 })
            _ = try await api.patch("/boxes/\(id)", #"{"name":"another"}"#)
            #expect(try await news.status == 200)
            #expect(try await news.box["name"] == "another")
            #expect(try await news.header("ETag") != tag)
        }
    }

    @Test func aBoxThatIsDeletedEndsTheWait() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let tag = try #require(try await look(api, id, wait: 0, tag: nil).header("ETag"))
            async let news = look(api, id, wait: 30, tag: tag)
            #expect(try await eventually { api.server.events.commits.waiterCount == 1 })
            _ = try await api.delete("/boxes/\(id)")
            #expect(try await news.status == 404)
        }
    }

    @Test func withoutThePreferenceNothingIsDifferent() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let answer = try await api.send(.get, "/boxes/\(id)", headers: ["If-None-Match": "\"x\""])
            #expect(answer.status == 200)
            #expect(answer.header("ETag") == nil)
            let bob = try await api.other("bob")
            #expect(try await look(bob, id, wait: 30, tag: "\"x\"").status == 404)
        }
    }
}
