import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// The output of programs on the host is for the server's log. Clients get messages without it.
struct HostToolTests {
    /// Port 9 of loopback, on which no process listens.
    private static let closed = GitHubAccess(token: "gh-secret", apiURL: "http://127.0.0.1:9")

    @Test func aGitHubThatCantBeReachedIsSaidInWords() async throws {
        let error = await #expect(throws: APIError.self) {
            _ = try await GitHub(access: Self.closed).repositories(account: "a")
        }
        #expect(error?.message == "GitHub can't be reached from the server: nothing answers there")
        #expect(error?.diagnostics.contains("curl: (7)") == true)
        #expect(error?.json(requestID: "req_1").compact.contains("curl") == false)
    }

    @Test(arguments: [
        ("curl --disable --config -: curl: (6) Could not resolve host: x", "its name can't be resolved"),
        ("curl: (28) Operation timed out", "it took too long"),
        ("curl --disable: 30.0 seconds", "the server's log says why"),
        ("curl: (60) SSL certificate problem", "there is no TLS connection that can be trusted"),
        ("", "the server's log says why"),
        ("curl: (x)", "the server's log says why"),
    ])
    func numbersOfCurl(_ said: String, _ reason: String) { #expect(GitHub.reason(said) == reason) }
}
