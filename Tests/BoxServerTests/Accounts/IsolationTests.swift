import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Requests for another account's resources get the same response as those for unknown ones.
struct IsolationTests {
    /// Every operation on a box: method, path below the box, body.
    static let operations: [(HTTPRequest.Method, String, String?)] = [
        (.get, "", nil), (.head, "", nil), (.patch, "", #"{"name":"mine"}"#), (.patch, "", #"{"ttlSeconds":null}"#),
        (.delete, "", nil), (.post, "/stop", nil), (.post, "/stop", #"{"force":true}"#), (.post, "/resume", nil),
        (.post, "/fork", nil), (.post, "/interrupt", nil), (.get, "/events", nil), (.get, "/prompts/p", nil),
        (.post, "/prompt", #"{"provider":"codex","prompt":"x"}"#), (.post, "/desktop?vnc=1", nil),
        (.post, "/desktop", nil), (.get, "/files?path=a", nil), (.put, "/files", #"{"path":"a","content":"x"}"#),
        (.post, "/commands", #"{"command":"true"}"#), (.get, "/artifacts?path=a", nil),
        (
            .post, "/sshkey",
            #"{"key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a"}"#
        ),
    ]

    @Test(arguments: operations.indices)
    func anothersBoxIsNotFound(index: Int) async throws {
        let (method, path, body) = Self.operations[index]
        try await withServer { api async throws in
            let bob = try await api.other("bob")
            for id in [try await api.ready(), try await api.archived()] {
                _ = try await api.server.events.store.append(box: id, id: "p", type: "prompt", task: "p", data: [:])
                let before = try await api.row(id)
                let theirs = try await bob.send(method, "/boxes/\(id)\(path)", body)
                let nobodys = try await bob.send(method, "/boxes/bx_22222222\(path)", body)
                await api.settle()
                #expect(theirs.status == 404, "\(theirs.text)")
                #expect(nobodys.status == 404, "\(nobodys.text)")
                #expect(theirs.code == nobodys.code)
                #expect(theirs.message == nobodys.message.replacingID("bx_22222222", by: id))
                #expect(try await api.row(id) == before, "nothing has changed")
            }
            #expect(try await bob.get("/boxes").json["boxes"] == [])
        }
    }

    @Test func aConfirmedDeleteOfAnothersBoxIsNotFound() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let bob = try await api.other("bob")
            #expect(try await bob.delete("/boxes/\(id)", headers: ["X-Ascii-Confirm-Delete": id]).status == 404)
            #expect(try await api.state(id) == "ready")
        }
    }

    @Test func anIdempotencyKeyIsAnAccountsOwn() async throws {
        try await withServer { api async throws in
            let bob = try await api.other("bob")
            let header = ["Idempotency-Key": "same"]
            let mine = try await api.post("/boxes", headers: header).box["id"]?.string
            let theirs = try await bob.post("/boxes", headers: header).box["id"]?.string
            #expect(mine != nil && theirs != nil && mine != theirs)
        }
    }

    @Test func secretsAreAnAccountsOwn() async throws {
        try await withServer { api async throws in
            let bob = try await api.other("bob")
            #expect(try await api.post("/secrets", #"{"envContents":"A=hidden"}"#).status == 200)
            let theirs = try await bob.get("/secrets")
            #expect(theirs.status == 200)
            #expect(!theirs.text.contains("hidden"))
            #expect(try await api.get("/secrets").json["envContents"]?.string?.contains("A=hidden") == true)
        }
    }

    @Test func listsShowOnlyTheirAccounts() async throws {
        try await withServer { api async throws in
            let bob = try await api.other("bob")
            let (mine, theirs) = (try await api.ready(), try await bob.ready())
            for (who, own) in [(api, mine), (bob, theirs)] {
                let boxes = try await who.get("/boxes").json["boxes"]?.array ?? []
                #expect(boxes.compactMap { $0["id"]?.string } == [own])
                #expect(try await who.get("/api-keys").json["apiKeys"]?.array?.count == 1)
                #expect(try await who.get("/limits").json["activeBoxes"] == 1)
            }
            #expect(try await api.get("/me").json["user"]?["login"] == "alice")
            #expect(try await bob.get("/me").json["user"]?["login"] == "bob")
        }
    }
}

extension String {
    fileprivate func replacingID(_ old: String, by new: String) -> String {
        split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    }
}
