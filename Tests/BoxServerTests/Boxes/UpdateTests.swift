import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct UpdateTests {
    @Test func infoIsTheBoxInItsEnvelope() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let answer = try await api.get("/boxes/\(id)")
            #expect(answer.status == 200)
            #expect(answer.json.object?.members.map(\.key) == ["ok", "type", "box"])
            #expect(answer.json["type"] == "box.info")
            #expect(answer.box["id"] == .string(id))
        }
    }

    @Test(arguments: [
        "bx_22222222", "nope", "bx_", "bx_2222222", "bx_222222222", "BX_22222222", "bx_2222222%2f", "%00",
        "bx_22222222%20", "..%2fme",
        "%F0%9F%98%80", "current", "1%20OR%201=1",
    ])
    func idsThatNoBoxHasAreNotFound(_ id: String) async throws {
        try await withServer { api in
            for (method, path) in [
                (.get, "/boxes/\(id)"), (.patch, "/boxes/\(id)"), (.delete, "/boxes/\(id)"),
                (.post, "/boxes/\(id)/stop"),
                (.post, "/boxes/\(id)/resume"), (.post, "/boxes/\(id)/fork"),
            ] as [(HTTPRequest.Method, String)] {
                let answer = try await api.send(method, path, method == .patch ? #"{"name":"x"}"# : nil)
                #expect(answer.status == 404, "\(method) \(path): \(answer.text)")
                #expect(answer.code == "not_found")
                #expect(answer.message.contains("not found"))
            }
        }
    }

    @Test func renaming() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let before = try await api.box(id)
            let answer = try await api.patch("/boxes/\(id)", #"{"name":"  new name "}"#)
            #expect(answer.status == 200)
            #expect(answer.json["type"] == "box.info")
            #expect(answer.box["name"] == "new name")
            #expect(answer.box["archiveAfter"] == before["archiveAfter"])
            #expect(try await api.box(id)["name"] == "new name")
        }
    }

    @Test func theTimeToLiveCountsFromNow() async throws {
        try await withServer { api in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.createdAt -= 86_400_000 }
            let before = Timestamp.now
            let answer = try await api.patch("/boxes/\(id)", #"{"ttlSeconds":60}"#)
            let after = Timestamp.now
            let end = try #require(answer.box["archiveAfter"]?.string.flatMap(Timestamp.init(iso8601:)))
            #expect(before.advanced(bySeconds: 60) <= end && end <= after.advanced(bySeconds: 60))
        }
    }

    @Test func aNullTimeToLiveIsForever() async throws {
        try await withServer { api in
            let id = try await api.ready()
            #expect(try await api.patch("/boxes/\(id)", #"{"ttlSeconds":null}"#).box["archiveAfter"] == .null)
            #expect(try await api.patch("/boxes/\(id)", #"{"ttlSeconds":60}"#).box["archiveAfter"]?.string != nil)
            #expect(
                try await api.patch("/boxes/\(id)", #"{"name":null,"ttlSeconds":"infinite"}"#).box["archiveAfter"]
                    == .null)
        }
    }

    @Test(arguments: [nil, "", "  ", "{}", #"{"name":null}"#, #"{"state":"ready"}"#])
    func aBodyThatChangesNothing(_ body: String?) async throws {
        try await withServer { api in
            let answer = try await api.patch("/boxes/\(api.ready())", body)
            #expect(answer.status == 400)
            #expect(answer.code == "no_changes")
        }
    }

    @Test(arguments: [
        (#"{"name":""}"#, "invalid_name"), (#"{"name":"  "}"#, "invalid_name"), (#"{"ttlSeconds":0}"#, "invalid_ttl"),
        (#"{"name":"ok","ttlSeconds":-5}"#, "invalid_ttl"), ("[1]", "invalid_json"),
    ])
    func badValuesChangeNothing(_ body: String, _ code: String) async throws {
        try await withServer { api in
            let id = try await api.ready()
            let before = try await api.box(id)
            let answer = try await api.patch("/boxes/\(id)", body)
            #expect(answer.status == 400)
            #expect(answer.code == code)
            #expect(try await api.box(id) == before)
        }
    }

    @Test func nobodySeesOrTouchesTheBoxOfAnother() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let bob = try await api.other("bob")
            let before = try await api.row(id)
            for answer in [
                try await bob.get("/boxes/\(id)"), try await bob.patch("/boxes/\(id)", #"{"name":"mine"}"#),
                try await bob.delete("/boxes/\(id)"),
                try await bob.delete("/boxes/\(id)", headers: ["X-Ascii-Confirm-Delete": id]),
                try await bob.post("/boxes/\(id)/stop"), try await bob.post("/boxes/\(id)/resume"),
                try await bob.post("/boxes/\(id)/fork"),
                try await bob.post("/boxes/\(id)/sshkey", #"{"key":"\#(SSHKeyTests.key)"}"#),
            ] {
                #expect(answer.status == 404)
                #expect(answer.code == "not_found")
                #expect(!answer.text.contains("alice"))
            }
            #expect(try await api.row(id) == before)
        }
    }
}
