import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// A server on loopback accepts its own names only, because a web page can make any other name resolve to it.
@Suite(.serialized) struct HostTests {
    private func names(_ host: String = "127.0.0.1", _ names: String...) -> HostNames {
        HostNames(listeningOn: host, names: names)
    }

    private func accepts(_ names: HostNames, _ authority: String?) -> Bool {
        let request = HTTPRequest(method: .get, scheme: "http", authority: authority, path: "/")
        return (try? names.check(request)) != nil
    }

    @Test(arguments: [
        "localhost", "LOCALHOST:7070", "localhost.", "api.localhost:1", "127.0.0.1", "127.0.0.1:80", "127.9.8.7",
        "[::1]",
        "[::1]:7070", "[::ffff:127.0.0.1]:1",
    ])
    func namesOfLoopbackAreAccepted(authority: String) {
        #expect(accepts(names(), authority))
        #expect(accepts(names("::1"), authority))
    }

    @Test(arguments: [
        "example.com", "example.com:7070", "localhost.example.com", "127.0.0.1.example.com", "127.1", "128.0.0.1",
        "0.0.0.0",
        "[::2]", "[::]", "notlocalhost", "localhost:80:80", "[localhost", "a\"b", "", nil,
    ])
    func othersAreNot(authority: String?) { #expect(!accepts(names(), authority)) }

    @Test func theOperatorAddsNames() {
        let names = names("127.0.0.1", "Boxes.Example.com", "other.example.com:8443")
        for authority in ["boxes.example.com", "BOXES.example.com:443", "other.example.com", "localhost"] {
            #expect(accepts(names, authority), "\(authority)")
        }
        #expect(!accepts(names, "x.boxes.example.com"))
    }

    @Test func aServerThatIsReachedFromElsewhereTakesAnyNameUnlessItHasSome() {
        for authority in ["example.com", "10.0.0.1", nil] { #expect(accepts(names("0.0.0.0"), authority)) }
        let named = names("10.0.0.1", "boxes.example.com")
        #expect(accepts(named, "boxes.example.com") && accepts(named, "10.0.0.1:7070") && accepts(named, "127.0.0.1"))
        #expect(!accepts(named, "example.com"))
    }

    /// The status line and the whole response.
    private func answer(_ api: API, _ request: String) async throws -> (line: String, text: String) {
        let client = try RawClient(port: api.client.port)
        defer { client.close() }
        client.send(request + "Connection: close\r\n\r\n")
        let text = try await client.readToEnd().text
        return (text.split(separator: "\r\n").first.map(String.init) ?? "", text)
    }

    @Test(arguments: ["/metrics", "/healthz", "/api/box/auth/confirm?state=x", "/api/box/v1/me", "/nothing"])
    func aPageThatLetItsNameLeadHereGetsNothing(path: String) async throws {
        try await withServer { api async throws in
            for head in [
                "GET \(path) HTTP/1.1\r\nHost: evil.example:7070\r\n",
                "GET http://evil.example\(path) HTTP/1.1\r\nHost: localhost\r\n",
                "GET http://localhost@evil.example\(path) HTTP/1.1\r\nHost: localhost\r\n",
            ] {
                let (line, text) = try await answer(api, head)
                #expect(line.hasPrefix("HTTP/1.1 421"), "\(head): \(text)")
                #expect(text.contains(#""code":"misdirected_request""#))
                #expect(text.contains("start boxd with --host evil.example where a proxy"), "\(text)")
            }
            for head in [
                "GET \(path) HTTP/1.1\r\n", "GET \(path) HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
                "GET \(path) HTTP/1.1\r\nHost:\r\n",
            ] {
                let (line, text) = try await answer(api, head)
                #expect(line.hasPrefix("HTTP/1.1 400"), "\(head): \(text)")
            }
        }
    }

    @Test func aTargetWithTheRightNameIsServed() async throws {
        try await withServer { api async throws in
            for target in [
                "http://localhost/healthz", "http://127.0.0.1:1/healthz", "HTTP://[::1]/healthz", "/healthz?a://b",
            ] {
                let (line, text) = try await answer(api, "GET \(target) HTTP/1.1\r\nHost: localhost\r\n")
                #expect(line.hasPrefix("HTTP/1.1 200"), "\(target): \(text)")
            }
        }
    }
}
