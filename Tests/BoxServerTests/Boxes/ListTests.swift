import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct ListTests {
    private func ids(_ answer: Answer) -> [String] {
        answer.json["boxes"]?.array?.compactMap { $0["id"]?.string } ?? []
    }
    private func cursor(_ answer: Answer) -> String? { answer.json["pageInfo"]?["nextCursor"]?.string }

    /// Creates boxes one second apart, oldest first, then `equal` more with the same timestamp.
    private func boxes(_ api: API, _ count: Int, equal: Int = 0) async throws -> [String] {
        var ids: [String] = []
        for index in 0..<count + equal {
            let id = try await api.create()
            let at = 1_779_984_033_143 + Int64(min(index, count)) * 1000
            await api.settle()
            try await api.rewrite(id) { $0.createdAt = at }
            ids.append(id)
        }
        return Array(ids.prefix(count)) + ids.dropFirst(count).sorted()
    }

    @Test func anEmptyListHasItsPageInfo() async throws {
        try await withServer { api in
            let answer = try await api.get("/boxes")
            #expect(answer.status == 200)
            #expect(answer.json["ok"] == true)
            #expect(answer.json["type"] == "box.list")
            #expect(answer.json["boxes"] == [])
            #expect(answer.json["pageInfo"]?["hasMore"] == false)
            #expect(answer.json["pageInfo"]?["limit"] == 100)
            #expect(answer.json["pageInfo"]?["nextCursor"] == .null)
        }
    }

    @Test func theNewestComeFirstUnlessAskedOtherwise() async throws {
        try await withServer { api in
            let made = try await boxes(api, 3)
            #expect(ids(try await api.get("/boxes")) == made.reversed())
            #expect(ids(try await api.get("/boxes?sort=desc")) == made.reversed())
            #expect(ids(try await api.get("/boxes?sort=asc")) == made)
        }
    }

    @Test(arguments: ["asc", "desc"])
    func pagesHoldEveryBoxOnceAlsoThoseOfOneMoment(_ sort: String) async throws {
        try await withServer { api in
            let made = try await boxes(api, 3, equal: 4)
            let expected = sort == "asc" ? made : made.reversed()
            for limit in 1...8 {
                var (seen, next): ([String], String?) = ([], nil)
                repeat {
                    let answer = try await api.get(
                        "/boxes?sort=\(sort)&limit=\(limit)" + (next.map { "&cursor=\($0)" } ?? ""))
                    #expect(answer.json["pageInfo"]?["limit"]?.int == limit)
                    #expect((answer.json["pageInfo"]?["hasMore"] == true) == (cursor(answer) != nil))
                    seen += ids(answer)
                    next = cursor(answer)
                } while next != nil && seen.count < 20
                #expect(seen == expected, "limit \(limit)")
            }
        }
    }

    @Test func boxesThatComeAndGoMeanwhileDisturbNoPage() async throws {
        try await withServer { api in
            let made = try await boxes(api, 6)
            let first = try await api.get("/boxes?limit=2")
            #expect(ids(first) == [made[5], made[4]])
            // A new box is added in front, and the cursor's box is deleted.
            _ = try await api.ready()
            _ = try await api.delete("/boxes/\(made[4])")
            let next = try #require(cursor(first))
            #expect(ids(try await api.get("/boxes?limit=2&cursor=\(next)")) == [made[3], made[2]])
        }
    }

    @Test func aCursorIsTheMomentAndTheIdInBase64URL() async throws {
        try await withServer { api in
            let made = try await boxes(api, 2)
            let next = try #require(cursor(try await api.get("/boxes?limit=1")))
            let plain = String(decoding: try #require(Base64.decodeURL(next)), as: UTF8.self)
            #expect(plain == "1779984034143:\(made[1])")
        }
    }

    @Test(arguments: [
        "limit=0", "limit=201", "limit=-1", "limit=", "limit=abc", "limit=1.5", "limit=99999999999999999999",
        "limit=1e2", "limit=%31%00",
    ])
    func limitsThatAreNone(_ query: String) async throws { try await expectRefusal(query, "invalid_limit", "limit") }

    @Test(arguments: ["sort=", "sort=up", "sort=DESC", "sort=asc,desc"])
    func sortsThatAreNone(_ query: String) async throws { try await expectRefusal(query, "invalid_sort", "sort") }

    @Test(arguments: [
        "state=stopped", "state=ready,nope", "state=READY", "state=ready;idle", "state='", "state=ready%00",
    ])
    func statesThatAreNone(_ query: String) async throws { try await expectRefusal(query, "invalid_state", "state") }

    @Test(arguments: [
        "cursor=", "cursor=%%%", "cursor=abc", "cursor=MTIz", "cursor=eDp5", "cursor=OmJ4",
        "cursor=MTc3OTk4NDAzMzE0Mzo=",
    ])
    func cursorsThatAreNone(_ query: String) async throws { try await expectRefusal(query, "invalid_cursor", "cursor") }

    private func expectRefusal(_ query: String, _ code: String, _ field: String) async throws {
        try await withServer { api in
            let answer = try await api.get("/boxes?\(query)")
            #expect(answer.status == 400, "\(answer.text)")
            #expect(answer.code == code)
            #expect(answer.message.contains(field))
        }
    }

    @Test func theLargestLimitIsTaken() async throws {
        try await withServer { api async throws in
            for limit in [1, 200] { #expect(try await api.get("/boxes?limit=\(limit)").status == 200) }
        }
    }

    @Test func statesFilter() async throws {
        try await withServer { api in
            let made = try await boxes(api, 3)
            try await api.rewrite(made[0]) { $0.state = "archived" }
            try await api.rewrite(made[1]) { $0.state = "idle" }
            #expect(ids(try await api.get("/boxes?state=archived")) == [made[0]])
            #expect(ids(try await api.get("/boxes?state=idle,archived&sort=asc")) == [made[0], made[1]])
            #expect(ids(try await api.get("/boxes?state=error")) == [])
            #expect(
                ids(
                    try await api.get(
                        "/boxes?state=init,provisioning,provisioned,cloning,ready,idle,running,archiving,archived,error"
                    )
                ).count == 3)
            #expect(ids(try await api.get("/boxes?state=")).count == 3)
        }
    }

    @Test func boxesOfOthersAreNotListed() async throws {
        try await withServer { api in
            _ = try await boxes(api, 2)
            let bob = try await api.other("bob")
            let his = try await bob.ready()
            #expect(ids(try await bob.get("/boxes")) == [his])
            #expect(!ids(try await api.get("/boxes")).contains(his))
        }
    }
}
