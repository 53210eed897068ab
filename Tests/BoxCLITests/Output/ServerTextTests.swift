import Testing

@testable import BoxCLI

/// How errors show the addresses and sentences of a server.
@Suite struct ServerTextTests {
    @Test(
        arguments: [
            ("https://d.example/b", "https://d.example/b"),
            ("https://d.example/b?box_token=s", "https://d.example/b"),
            ("https://d.example/b?tab=agents", "https://d.example/b?tab=agents"),
            ("https://d.example/b?a=1&tab=agents&_token=s#s", "https://d.example/b?tab=agents"),
            ("https://d.example/b?tab=agents%26token=s", "https://d.example/b"),
            ("https://d.example/b?tab=", "https://d.example/b"),
            ("https://d.example/b?tab=0123456789", "https://d.example/b"),
            ("https://me:s@d.example/b@c?s", "https://d.example/b@c"),
            ("https://me:s@d.example?tab=x", "https://d.example?tab=x"),
            ("javascript:alert(1)", nil), ("", nil),
        ] as [(String, String?)])
    func pages(_ address: String, _ shown: String?) {
        #expect(ServerText.page(address) == shown)
    }

    @Test(arguments: [
        ("nothing secret, no token here", "nothing secret, no token here"),
        ("see https://d/b?box_token=abc&x=1 now", "see https://d/b?box_token=…&x=1 now"),
        ("BOX_TOKEN=abc_-./+%41", "BOX_TOKEN=…"), ("_token= abc", "_token= abc"),
        ("token=a token=b \"token=c\"", "token=… token=… \"token=…\""), ("toke", "toke"), ("token=", "token="),
        ("ünï token=a ünï", "ünï token=… ünï"),
    ])
    func sentences(_ text: String, _ shown: String) {
        #expect(ServerText.sentence(text) == shown)
    }
}
