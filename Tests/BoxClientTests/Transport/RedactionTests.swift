import Synchronization
import Testing

@testable import BoxClient

/// How traces show a URL.
@Suite struct RedactionTests {
    @Test(arguments: [
        ("http://a/boxes", "http://a/boxes"), ("http://a/boxes?limit=2&cursor=x", "http://a/boxes?limit=2&cursor=x"),
        ("http://a/s?_token=abc&theme=dark", "http://a/s?_token=…&theme=dark"),
        ("http://a/s?hostId=1&TOKEN=abc#token=d", "http://a/s?hostId=1&TOKEN=…"),
        ("http://a/s?api_key=", "http://a/s?api_key=…"),
        ("http://a/s?flag&sig=1&client_secret=a=b", "http://a/s?flag&sig=…&client_secret=…"),
        ("http://a/?", "http://a/?"),
    ])
    func url(_ url: String, _ shown: String) { #expect(Redaction.url(url) == shown) }

    @Test func tracesHaveNoSecretsInTheirURLs() async throws {
        let urls = Mutex<[String]>([])
        let transport = ScriptedTransport().on("GET /x?_token=s3cret", "{}")
        let client = BoxClient(
            .init(apiKey: "box_key", onExchange: { exchange in urls.withLock { $0.append(exchange.url) } }),
            transport: transport)
        _ = try await client.send(APICall(method: .get, path: "/x", query: [("_token", "s3cret")]))
        #expect(urls.withLock(\.self) == ["https://ascii.dev/api/box/v1/x?_token=…"])
    }
}
