import BoxClient
import Testing

@Suite struct OriginTests {
    @Test(arguments: [
        ("https://ascii.dev", "https://ascii.dev"),
        ("https://ascii.dev/", "https://ascii.dev"),
        ("HTTPS://ASCII.dev:443", "https://ascii.dev"),
        ("http://127.0.0.1:7070", "http://127.0.0.1:7070"),
        ("http://127.0.0.1:7070/api/box/v1", "http://127.0.0.1:7070"),
        ("http://127.0.0.1:7070/api/box/v1/", "http://127.0.0.1:7070"),
        ("http://[::1]:7070", "http://[::1]:7070"),
        ("http://box.local:80", "http://box.local"),
    ])
    func accepts(_ text: String, _ expected: String) throws {
        #expect(try Origin(text).description == expected)
    }

    @Test(arguments: [
        ("ascii.dev", "it has no http:// or https://"),
        ("", "it has no http:// or https://"),
        ("ftp://ascii.dev", "its scheme is not http or https"),
        ("https://ascii.dev?x=1", "it has a query or a fragment"),
        ("https://ascii.dev/#a", "it has a query or a fragment"),
        ("https://ascii.dev/box", "it has a path"),
        ("https://", "its host is not valid"),
        ("http://a b", "its host is not valid"),
        ("http://h:0", "its port is not a number from 1 to 65535"),
        ("http://h:99999", "its port is not a number from 1 to 65535"),
        ("http://h:", "its port is not a number from 1 to 65535"),
        ("http://[::1", "its host is not valid"),
    ])
    func refuses(_ text: String, _ reason: String) {
        let expected =
            "invalid API URL \"\(text)\": \(reason). Use an origin such as https://ascii.dev or http://127.0.0.1:7070"
        #expect(throws: BoxError.invalidOrigin(expected)) { try Origin(text) }
    }

    @Test func aPasswordIsNotRepeated() {
        do {
            _ = try Origin("https://me:secret@ascii.dev")
            Issue.record("no error")
        } catch {
            guard case .invalidOrigin(let message) = error else { Issue.record("\(error)"); return }
            #expect(message.hasPrefix("invalid API URL \"https://…@ascii.dev\": it has a user name."))
        }
    }

    @Test(arguments: [
        ("http://127.0.0.1:7070", true), ("http://127.1.2.3", true), ("http://localhost", true), ("http://[::1]", true),
        ("http://127.0.0.1.example.com", false), ("http://10.0.0.1", false), ("https://ascii.dev", false),
        ("http://127.0.0.+1", false), ("http://0.0.0.0", false), ("http://127.1", false),
    ])
    func knowsLoopback(_ text: String, _ expected: Bool) throws {
        #expect(try Origin(text).isLoopback == expected)
        #expect(try Origin(text).isConfidential == (expected || text.hasPrefix("https:")))
    }
}
