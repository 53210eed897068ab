import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct EventTests {
    private func store(_ api: API, _ box: String, _ id: String, type: String = "response") async throws -> EventRow {
        try await api.server.events.store.append(
            box: box, id: id, type: type, task: "t", data: ["content": .string(id)])
    }
    private func ids(_ answer: Answer) -> [String] {
        answer.json["events"]?.array?.compactMap { $0["id"]?.string } ?? []
    }

    @Test func aBoxWithoutEventsHasAnEmptyPage() async throws {
        try await withServer { api in
            let id = try await api.create()
            let answer = try await api.get("/boxes/\(id)/events")
            #expect(answer.status == 200)
            #expect(answer.json["type"] == "events.list")
            #expect(answer.json["id"] == .string(id))
            #expect(answer.json["events"] == [])
            #expect(answer.json["pageInfo"] == ["hasMore": false, "limit": 100, "nextCursor": .null])
        }
    }

    /// A number of the whole server would reveal to one account how much happens in the boxes of others.
    @Test func aTagStandsForTheEventsOfItsBoxOnly() async throws {
        try await withServer { api in
            let (id, other) = (try await api.create(), try await api.create())
            func tag(_ id: String) async throws -> String {
                try #require(try await api.get("/boxes/\(id)/events").header("ETag"))
            }
            let before = try await tag(id)
            #expect(before.wholeMatch(of: /"[0-9a-f]{24}"/) != nil)
            #expect(try await tag(other) != before)
            _ = try await store(api, other, "a")
            #expect(try await tag(id) == before)
            _ = try await store(api, id, "a")
            #expect(try await tag(id) != before)
        }
    }

    /// Tags as proxies that compress change them.
    @Test(arguments: ["W/(tag)", "\"(digits)-gzip\""]) func changedTagsAreKnown(form: String) async throws {
        try await withServer { api in
            let id = try await api.create()
            let tag = try #require(try await api.get("/boxes/\(id)/events").header("ETag"))
            let sent = form.replacing("(tag)", with: tag).replacing("(digits)", with: tag.filter(\.isHexDigit))
            let headers = ["If-None-Match": sent]
            #expect(try await api.send(.get, "/boxes/\(id)/events", headers: headers).status == 304)
        }
    }

    @Test func eventsOfOneMomentGetTimestampsOfTheirOwn() async throws {
        try await withServer { api in
            let id = try await api.create()
            var moments: [Int64] = []
            for number in 0..<20 { moments.append(try await store(api, id, "\(20 - number)").timestamp) }
            #expect(Set(moments).count == 20)
            #expect(moments == moments.sorted())
            let answer = try await api.get("/boxes/\(id)/events?sort=asc")
            #expect(ids(answer) == (0..<20).map { "\(20 - $0)" })
        }
    }

    @Test func pagesByTypeCursorAndOrder() async throws {
        try await withServer { api in
            let id = try await api.create()
            for number in 0..<5 { _ = try await store(api, id, "r\(number)") }
            _ = try await store(api, id, "p", type: "prompt")
            #expect(ids(try await api.get("/boxes/\(id)/events?limit=2")) == ["p", "r4"])
            let first = try await api.get("/boxes/\(id)/events?limit=2&sort=asc&type=prompt,response")
            #expect(ids(first) == ["r0", "r1"])
            let cursor = try #require(first.json["pageInfo"]?["nextCursor"]?.string)
            #expect(
                ids(try await api.get("/boxes/\(id)/events?sort=asc&type=response&cursor=\(cursor)")) == [
                    "r2", "r3", "r4",
                ])
            #expect(ids(try await api.get("/boxes/\(id)/events?type=nothing")) == [])
        }
    }

    @Test func anEventThatChangesKeepsItsPlaceAndCursor() async throws {
        try await withServer { api in
            let id = try await api.create()
            let first = try await store(api, id, "a", type: "prompt")
            _ = try await store(api, id, "b")
            try await api.server.events.store.update(box: id, id: "a", data: ["status": "finished"])
            let answer = try await api.get("/boxes/\(id)/events?sort=asc")
            #expect(ids(answer) == ["a", "b"])
            #expect(answer.json["events"]?.array?.first?["data"] == ["status": "finished"])
            #expect(answer.json["events"]?.array?.first?["timestamp"] == JSON(first.timestamp))
            let cursor = PageCursor(moment: first.timestamp, id: "a").text
            #expect(ids(try await api.get("/boxes/\(id)/events?sort=asc&cursor=\(cursor)")) == ["b"])
        }
    }

    @Test func aTagIsAnsweredWhenSomethingHasChanged() async throws {
        try await withServer { api in
            let id = try await api.create()
            let tag = try #require(try await api.get("/boxes/\(id)/events").header("ETag"))
            let same = try await api.send(.get, "/boxes/\(id)/events", headers: ["If-None-Match": tag])
            #expect(same.status == 304)
            #expect(same.text == "")
            #expect(same.header("Preference-Applied") == nil)
            async let waited = api.send(
                .get, "/boxes/\(id)/events", headers: ["If-None-Match": tag, "Prefer": "wait=30"])
            try await Task.sleep(for: .milliseconds(50))
            _ = try await store(api, id, "a")
            let news = try await waited
            #expect(news.status == 200)
            #expect(ids(news) == ["a"])
            #expect(news.header("Preference-Applied") == "wait")
        }
    }

    @Test func aWaitEndsWithoutNews() async throws {
        try await withServer { api in
            let id = try await api.create()
            let tag = try #require(try await api.get("/boxes/\(id)/events").header("ETag"))
            let headers = ["If-None-Match": tag, "Prefer": "respond-async, wait=1"]
            #expect(try await api.send(.get, "/boxes/\(id)/events", headers: headers).status == 304)
        }
    }

    @Test(arguments: [
        ("limit=201", "invalid_limit"), ("sort=up", "invalid_sort"), ("cursor=!", "invalid_cursor"),
        ("type=\(String(repeating: "x", count: 65))", "invalid_type"),
    ])
    func badParametersAreNamed(query: String, code: String) async throws {
        try await withServer { api in
            let id = try await api.create()
            let answer = try await api.get("/boxes/\(id)/events?\(query)")
            #expect(answer.status == 400)
            #expect(answer.code == code)
            #expect(answer.message.contains(query.prefix { $0 != "=" }))
        }
    }

    @Test func theEventsOfABoxGoWithIt() async throws {
        try await withServer { api in
            let id = try await api.create()
            _ = try await store(api, id, "a")
            _ = try await api.send(.delete, "/boxes/\(id)")
            await api.settle()
            #expect(try await api.get("/boxes/\(id)/events").status == 404)
            #expect(try await api.server.events.store.revision(of: id) == nil)
        }
    }

    @Test func otherAccountsBoxesAreNotFound() async throws {
        try await withServer { api in
            let id = try await api.create()
            let answer = try await api.other("bob").get("/boxes/\(id)/events")
            #expect(answer.status == 404)
        }
    }
}
