import Testing

@testable import BoxModel

/// The valid forms of a server's values, which are checked before any other use.
struct ServerFormTests {
    static let hostile = [
        "", "-oProxyCommand=id", "a b", "a\nb", "a\tb", "a\r", "a;id", "$(id)", "`id`", "a'b", "a\"b", "a\\b", "a%h",
        "a*", "a?", "a/b",
        "../a", ".", "..", "a\0b", "é", "a\u{202E}b", "a\u{9B}b", "a=b", "a|b", "a&b", "a<b", "~", "a#b", "a,b", "!a",
        "a@b", "{a}",
    ]

    @Test(arguments: hostile) func nothingElsePassesForAName(_ text: String) {
        #expect(!ServerForm.isID(text))
        #expect(!ServerForm.isUser(text))
        #expect(!ServerForm.isHost(text))
        #expect(!ServerForm.isWebURL(text))
    }

    @Test func ids() {
        for id in [
            "bx_8pqt6dup", "bx_1", "7", "A-b_c", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
            String(repeating: "x", count: 64),
        ] {
            #expect(ServerForm.isID(id), "\(id)")
        }
        for id in ["_a", "-a", "a.b", "a:b", String(repeating: "x", count: 65)] {
            #expect(!ServerForm.isID(id), "\(id)")
        }
    }

    @Test func hosts() {
        for host in [
            "10.98.0.2", "203.0.113.10", "::1", "fd00::7", "::ffff:10.0.0.1", "box.example.com", "localhost", "a-b",
        ] {
            #expect(ServerForm.isHost(host), "\(host)")
        }
        for host in [
            "fe80::1%eth0", "[::1]", "a_b", ".a", "-a.b", "a:22", "1.2.3.4\n", String(repeating: "a", count: 254),
        ] {
            #expect(!ServerForm.isHost(host), "\(host)")
        }
    }

    @Test func users() {
        for user in ["user", "root", "a.b-c_d", "x1"] { #expect(ServerForm.isUser(user), "\(user)") }
        for user in [".a", "-l", "_", "a:b", String(repeating: "a", count: 33)] {
            #expect(!ServerForm.isUser(user), "\(user)")
        }
    }

    @Test func webURLs() {
        for url in ["https://example.org", "http://127.0.0.1:7070/x?hostId=1&token=a%20b#c", "https://[::1]/"] {
            #expect(ServerForm.isWebURL(url), "\(url)")
        }
        for url in [
            "javascript:alert(1)", "file:///etc/passwd", "https:x", "-https://a", " https://a", "https://a b",
            "https://a\u{9B}", "HTTPS",
        ] {
            #expect(!ServerForm.isWebURL(url), "\(url)")
        }
    }

    @Test(arguments: [
        (#"{"id":"bx_1","box":{"id":"a\nb"}}"#, "its id \"a\nb\" is not a valid id"),
        (#"{"boxes":[{"id":"bx_1"},{"id":"../x"}]}"#, "its id \"../x\" is not a valid id"),
        (#"{"box":{"id":"\ud800"}}"#, "its id is not a valid id"),
        (#"{"box":{"id":"bx_1","ip":"-oX"}}"#, "its ip \"-oX\" is not a valid IP address or host name"),
        (#"{"box":{"id":"bx_1","url":"-x"}}"#, "its url \"-x\" is not a valid http or https URL"),
        (#"{"desktopUrl":"file:///"}"#, "its desktopUrl \"file:///\" is not a valid http or https URL"),
        (
            #"{"machineIp":"1.2.3.4 -l root"}"#,
            "its machineIp \"1.2.3.4 -l root\" is not a valid IP address or host name"
        ),
        (#"{"sshUser":"-l"}"#, "its sshUser \"-l\" is not a valid user name"),
        (#"{"id":"bx_1","ip":null,"url":"","box":{"id":"bx_2","ip":"","desktopUrl":null},"boxes":[7]}"#, nil),
    ])
    func answers(_ text: String, _ problem: String?) throws {
        #expect(ServerForm.problem(inAnswer: try JSON.parse(text)) == problem)
    }

    @Test func aBoxHasValidValuesOrIsNone() throws {
        #expect(Box(json: ["id": "bx_1", "ip": "10.0.0.1"]) != nil)
        #expect(Box(json: ["id": "a\nMatch exec \"id\""]) == nil)
        #expect(Box(json: ["id": "bx_1", "ip": "-oProxyCommand=id"]) == nil)
        #expect(Box(json: ["id": ""]) == nil)
    }
}
