import BoxClient
import BoxModel
import Testing

@Suite struct ErrorTests {
    let transport = ScriptedTransport()

    private func failure(_ status: Int, _ body: String, headers: [HTTPHeader] = []) async throws -> BoxError? {
        transport.on("DELETE /boxes/bx_1", status, body, headers: headers)
        let client = try BoxClient.scripted(transport)
        return await boxError { try await client.remove("bx_1") }
    }

    @Test func theEnvelope() async throws {
        let body =
            #"{"ok":false,"type":"box.error","status":409,"code":"provider_not_configured","message":"Locked.","error":{"code":"provider_not_configured","message":"Locked.","status":409,"details":{"provider":"codex","setupUrl":"https://x/y"}},"requestId":"req_1"}"#
        guard case .api(let failure) = try await failure(409, body) else { Issue.record("not an API error"); return }
        #expect(failure.code.rawValue == "provider_not_configured")
        #expect(failure.status == 409)
        #expect(failure.message == "Locked.")
        #expect(failure.requestID == "req_1")
        #expect(failure.details?["setupUrl"]?.string == "https://x/y")
        #expect(failure.body.compact == body)
    }

    @Test(arguments: [
        (#"{"error":"not_found"}"#, "not_found", nil as String?),
        (
            #"{"error":"limit_reached","status":"blocked","message":"Too many.","billingUrl":"https://b"}"#,
            "limit_reached", "Too many."
        ),
        (#"{"success":false,"error":"invalid_ssh_key","message":""}"#, "invalid_ssh_key", nil),
        (#"{"error":{"code":"odd","message":"Nested."}}"#, "odd", "Nested."),
        (#"{"message":"No code."}"#, "http_400", "No code."),
        (#"{}"#, "http_400", nil),
    ])
    func bareForms(_ body: String, _ code: String, _ message: String?) async throws {
        let headers = [HTTPHeader("x-request-id", "req_9"), HTTPHeader("Retry-After", "7")]
        guard case .api(let failure) = try await failure(400, body, headers: headers) else {
            Issue.record("not an API error")
            return
        }
        #expect(failure.code.rawValue == code)
        #expect(failure.message == message)
        #expect(failure.status == 400)
        #expect(failure.requestID == "req_9")
        #expect(failure.retryAfter == 7)
    }

    @Test func aFailureWithASuccessfulStatusIsAFailure() async throws {
        let error = try await failure(200, #"{"ok":false,"code":"stop_failed","message":"No."}"#)
        guard case .api(let failure) = error else { Issue.record("\(error as Any)"); return }
        #expect(failure.code == .stopFailed)
    }

    @Test(arguments: [
        (200, "", "it is empty"),
        (200, "<html>", "it is not JSON (expected a JSON value at byte 0)"),
        (200, #"{"ok":tr"#, "it is not JSON (expected a JSON value at byte 6)"),
        (200, "[]", "it is not a JSON object"),
        (500, "[]", "it is not a JSON object"),
        (404, "Not Found", "it is not JSON (expected a JSON value at byte 0)"),
    ])
    func answersThatAreNotTheAPIs(_ status: Int, _ body: String, _ reason: String) async throws {
        let error = try await failure(status, body)
        #expect(error == .invalidResponse(origin: "http://127.0.0.1:7070", status: status, reason: reason))
    }

    @Test func redirectsAreNotFollowed() async throws {
        let headers = [HTTPHeader("Location", "https://elsewhere/x?token=1")]
        let error = try await failure(301, "", headers: headers)
        #expect(
            error
                == .invalidResponse(
                    origin: "http://127.0.0.1:7070", status: 301,
                    reason: "it is a redirect to https://elsewhere/x, and redirects are not followed"))
    }

    @Test func aSuccessOfAnotherShapeIsNotTaken() async throws {
        transport.on("GET /boxes/bx_1", "{\"ok\":true}").on("GET /boxes", "{\"ok\":true}").on(
            "POST /boxes", "{\"ok\":true}")
        let client = try BoxClient.scripted(transport)
        for error in [
            await boxError { try await client.get("bx_1") }, await boxError { try await client.boxes() },
            await boxError { try await client.create() },
        ] {
            guard case .invalidResponse = error else { Issue.record("\(error as Any)"); return }
        }
    }

    @Test func withoutAKeyNothingIsSent() async throws {
        for key in [nil, ""] {
            let client = try BoxClient.scripted(transport, apiKey: key)
            #expect(await boxError { try await client.me() } == .notLoggedIn)
        }
        #expect(transport.sent.isEmpty)
    }
}
