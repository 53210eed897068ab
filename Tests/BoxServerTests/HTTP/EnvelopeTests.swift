import BoxModel
import HTTPTypes
import Hummingbird
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct EnvelopeTests {
    /// Checks the members of every failure, with the names spelled out as clients read them.
    private func expectEnvelope(_ answer: Answer, _ status: Int, _ code: String) {
        #expect(answer.status == status, "\(answer.text)")
        #expect(answer.header("Content-Type") == "application/json; charset=utf-8")
        #expect(answer.json["ok"] == false)
        #expect(answer.json["type"] == "box.error")
        #expect(answer.json["status"]?.int == status)
        #expect(answer.json["code"]?.string == code)
        #expect(answer.json["message"]?.string?.isEmpty == false)
        #expect(answer.json["error"]?["code"]?.string == code)
        #expect(answer.json["error"]?["status"]?.int == status)
        #expect(answer.json["error"]?["message"] == answer.json["message"])
        #expect(answer.json["error"]?["details"]?.object != nil)
        #expect(answer.json["requestId"]?.string?.wholeMatch(of: /req_[0-9a-f]{8,}/) != nil)
        #expect(answer.header("X-Request-Id") == answer.json["requestId"]?.string)
    }

    @Test func meIsAnsweredInTheEnvelope() async throws {
        try await withServer { api async throws in
            let answer = try await api.get("/me")
            #expect(answer.status == 200)
            #expect(answer.json["ok"] == true)
            #expect(answer.json["type"] == "user.info")
            #expect(answer.json["user"]?["login"] == "alice")
            #expect(answer.json["user"]?["email"]?.string != nil)
            #expect(answer.header("Content-Type") == "application/json; charset=utf-8")
            #expect(answer.header("Cache-Control") == "no-store")
        }
    }

    @Test func everyAnswerHasARequestIdOfItsOwn() async throws {
        try await withServer { api async throws in
            var ids: Set<String> = []
            for path in ["/me", "/limits", "/boxes", "/boxes/bx_22222222", "/nothing", "/boxes?limit=0"] {
                let answer = try await api.get(path)
                ids.insert(try #require(answer.header("X-Request-Id")))
            }
            #expect(ids.count == 6)
            #expect(ids.allSatisfy { $0.hasPrefix("req_") })
        }
    }

    @Test func withoutAValidKeyEveryRouteIsRefused() async throws {
        try await withServer { api async throws in
            let secret = api.secret
            let headers: [String?] = [
                nil, "", "Bearer", "Bearer ", secret, "Basic \(secret)", "Bearer box_", "Bearer \(secret)0",
                "Bearer \(secret.dropLast())",
                "Bearer \(secret.uppercased())", "Bearer \(secret) \(secret)", "Bearer sk_live_0", "Token \(secret)",
                "Bearer box_" + String(repeating: "a", count: 10_000), "Bearer ' OR 1=1 --",
            ]
            for header in headers {
                for path in ["/me", "/boxes", "/boxes/bx_22222222"] {
                    let answer = try await api.send(.get, path, authorization: header)
                    expectEnvelope(answer, 401, "unauthorized")
                    #expect(answer.header("WWW-Authenticate") == "Bearer")
                    #expect(!answer.text.contains(secret))
                }
            }
            for (method, path) in [(.post, "/boxes"), (.delete, "/boxes/bx_22222222"), (.put, "/boxes")]
                as [(HTTPRequest.Method, String)]
            {
                expectEnvelope(try await api.send(method, path, authorization: nil), 401, "unauthorized")
            }
        }
    }

    @Test(arguments: ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
    func theSchemeIsReadInAnyCase(_ scheme: String) async throws {
        try await withServer { api async throws in
            #expect(try await api.send(.get, "/me", authorization: scheme + api.secret).status == 200)
        }
    }

    @Test func unknownRoutesAreNotFound() async throws {
        try await withServer { api async throws in
            for path in [
                "/nothing", "/boxes/bx_22222222/nothing", "/", "/me/x", "/Boxes", "/boxes/bx_22222222/stop/x",
                "/%2e%2e/me",
            ] {
                expectEnvelope(try await api.get(path), 404, "not_found")
            }
            for path in ["/", "/api", "/api/box/v2/me", "/favicon.ico"] {
                let answer = try await api.raw(.get, path)
                expectEnvelope(answer, 404, "not_found")
            }
        }
    }

    @Test(
        arguments: [
            (.put, "/boxes", "GET, HEAD, OPTIONS, POST"), (.delete, "/boxes", "GET, HEAD, OPTIONS, POST"),
            (.post, "/me", "GET, HEAD, OPTIONS"),
            (.put, "/boxes/bx_22222222", "DELETE, GET, HEAD, OPTIONS, PATCH"),
            (.post, "/boxes/bx_22222222", "DELETE, GET, HEAD, OPTIONS, PATCH"),
            (.get, "/boxes/bx_22222222/stop", "OPTIONS, POST"), (.delete, "/limits", "GET, HEAD, OPTIONS"),
            (.head, "/boxes/bx_22222222/prompt", "OPTIONS, POST"),
            (.trace, "/me", "GET, HEAD, OPTIONS"), (.patch, "/boxes/bx_22222222/sshkey", "OPTIONS, POST"),
        ] as [(HTTPRequest.Method, String, String)])
    func wrongMethodsNameTheRightOnes(_ method: HTTPRequest.Method, _ path: String, _ allowed: String) async throws {
        try await withServer { api async throws in
            let answer = try await api.send(method, path)
            #expect(answer.header("Allow") == allowed)
            guard method != .head else {
                #expect(answer.status == 405)
                #expect(answer.text.isEmpty)
                return
            }
            expectEnvelope(answer, 405, "method_not_allowed")
            #expect(answer.message.contains(allowed))
        }
    }

    /// Every path with its methods.
    static let paths = [
        ("/api/box/v1/me", "GET, HEAD, OPTIONS"), ("/api/box/v1/limits", "GET, HEAD, OPTIONS"),
        ("/api/box/v1/api-keys", "GET, HEAD, OPTIONS, POST"), ("/api/box/v1/api-keys/sak_1", "DELETE, OPTIONS"),
        ("/api/box/v1/api-keys/sak_1/rotate", "OPTIONS, POST"), ("/api/box/v1/boxes", "GET, HEAD, OPTIONS, POST"),
        ("/api/box/v1/boxes/bx_22222222", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/api/box/v1/boxes/bx_22222222/stop", "OPTIONS, POST"),
        ("/api/box/v1/boxes/bx_22222222/events", "GET, HEAD, OPTIONS"),
        ("/api/box/v1/boxes/bx_22222222/prompt", "OPTIONS, POST"),
        ("/api/box/v1/boxes/bx_22222222/prompts/x", "GET, HEAD, OPTIONS"),
        ("/api/box/v1/boxes/bx_22222222/interrupt", "OPTIONS, POST"),
        ("/api/box/v1/boxes/bx_22222222/desktop", "OPTIONS, POST"),
        ("/api/box/v1/deletion-operations/x", "GET, HEAD, OPTIONS"), ("/healthz", "GET, HEAD, OPTIONS"),
        ("/api/box/auth/confirm", "GET, HEAD, OPTIONS, POST"),
    ]

    @Test func optionsNeedNoKeyAndAllowNoOtherOrigin() async throws {
        try await withServer { api async throws in
            for (path, allowed) in Self.paths {
                let answer = try await api.raw(.options, path, headers: ["Origin": "https://elsewhere.test"])
                #expect(answer.status == 204, "\(path)")
                #expect(answer.text.isEmpty)
                #expect(answer.header("Allow") == allowed, "\(path)")
                #expect(answer.header("Content-Length") == nil)
                #expect(!answer.headers.contains { $0.name.canonicalName.hasPrefix("access-control") })
            }
            #expect(try await api.raw(.options, "/api/box/v1/nothing").status == 404)
            // The connection still works, because the response had no body.
            #expect(try await api.get("/me").status == 200)
        }
    }

    @Test(arguments: [
        "{", "nope", "{\"name\":}", "[]", "null", "7", "\"x\"", "true", "{} {}", "\u{FEFF}{}", "{\"a\":1,}", "{'a':1}",
        "\0",
    ])
    func bodiesThatAreNoJSONObjectAreRefused(_ body: String) async throws {
        try await withServer { api async throws in
            expectEnvelope(try await api.post("/boxes", body), 400, "invalid_json")
            #expect(try await api.get("/boxes").json["boxes"] == [])
        }
    }

    @Test func aDeepBodyIsRefused() async throws {
        try await withServer { api async throws in
            expectEnvelope(try await api.post("/boxes", String(repeating: "[", count: 100_000)), 400, "invalid_json")
            expectEnvelope(
                try await api.post("/boxes", #"{"x":"# + String(repeating: "[", count: 100_000)), 400, "invalid_json")
        }
    }

    @Test func unknownMembersAreIgnored() async throws {
        try await withServer { api async throws in
            let answer = try await api.post("/boxes", #"{"future":{"a":[1,2]},"ttlSeconds":60,"environmentId":null}"#)
            #expect(answer.status == 202)
            #expect(answer.json["ttlSeconds"] == 60)
        }
    }

    @Test func aBodyOverAMegabyteIsTooLarge() async throws {
        try await withServer { api async throws in
            let filler = String(repeating: "x", count: (1 << 20) - 12)
            #expect(try await api.post("/boxes", #"{"future":"\#(filler)"}"#).status == 413)
            let fits = String(repeating: "x", count: (1 << 20) - 13)
            #expect(try await api.post("/boxes", #"{"future":"\#(fits)"}"#).status == 202)
        }
        try await withServer { api async throws in
            let answer = try await api.post("/boxes", String(repeating: " ", count: (1 << 20) + 1))
            expectEnvelope(answer, 413, "body_too_large")
        }
    }

    @Test func headIsGetWithoutABody() async throws {
        try await withServer { api async throws in
            let (got, head) = (try await api.get("/me"), try await api.send(.head, "/me"))
            #expect(head.status == 200)
            #expect(head.text.isEmpty)
            #expect(head.header("Content-Length") == got.header("Content-Length"))
            #expect(try await api.send(.head, "/boxes/bx_22222222").status == 404)
            #expect(try await api.send(.head, "/me", authorization: nil).status == 401)
            #expect(try await api.send(.head, "/boxes/bx_22222222/stop").text.isEmpty)
            // The connection still works, because the response had no body.
            #expect(try await api.get("/me").json["type"] == "user.info")
        }
    }

    @Test func overASocketEverythingIsTheSame() async throws {
        try await withServer { api async throws in
            expectEnvelope(try await api.send(.get, "/me", authorization: nil), 401, "unauthorized")
            expectEnvelope(try await api.get("/nothing"), 404, "not_found")
            expectEnvelope(try await api.send(.put, "/boxes", "{}"), 405, "method_not_allowed")
            expectEnvelope(try await api.post("/boxes", "{"), 400, "invalid_json")
            let id = try await api.ready("")
            #expect(try await api.get("/boxes/\(id)").box["state"] == "ready")
            #expect(try await api.delete("/boxes/\(id)").json["type"] == "box.deleted")
        }
    }

    @Test func healthNeedsNoKeyAndTellsNothing() async throws {
        try await withServer { api async throws in
            let answer = try await api.raw(.get, "/healthz")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"ok":true}"#)
            #expect(answer.header("X-Request-Id")?.hasPrefix("req_") == true)
        }
    }
}
