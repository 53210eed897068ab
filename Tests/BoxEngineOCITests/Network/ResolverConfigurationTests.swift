import Testing

@testable import BoxEngineOCI

struct ResolverConfigurationTests {
    @Test(arguments: [
        "nameserver 192.0.2.53", "nameserver\t192.0.2.53", "nameserver  \t 192.0.2.53  \t", "nameserver 192.0.2.53\r\n",
        "nameserver 192.0.2.53 # the office's",
        "# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver 192.0.2.53\n",
        "\n\nnameserver 192.0.2.53\n\n", "options edns0\nnameserver 192.0.2.53\nsearch example.org",
        "nameserver 192.0.2.53\nnameserver 192.0.2.53", "name server 192.0.2.1\nnameserver 192.0.2.53",
        "nameservers 192.0.2.1\nnameserver 192.0.2.53", "nameserver\nnameserver 192.0.2.53",
        // glibc accepts keywords only at the start of a line.
        " nameserver 192.0.2.1\nnameserver 192.0.2.53",
    ])
    func oneNameServer(_ text: String) { #expect(ResolverConfiguration(text).nameServers == ["192.0.2.53"]) }

    @Test func theOrderIsTheHosts() {
        let text = "nameserver 192.0.2.3\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.4\n"
        #expect(
            ResolverConfiguration(text).nameServers == ["192.0.2.3", "192.0.2.1", "192.0.2.2"], "glibc takes three")
    }

    @Test func whatBoxesCannotReachIsApart() {
        let resolver = ResolverConfiguration(
            "nameserver fe80::1%eth0\nnameserver 2001:db8::53\nnameserver 192.0.2.53\n")
        #expect(resolver.nameServers == ["192.0.2.53"])
        #expect(resolver.unusable == ["fe80::1%eth0", "2001:db8::53"])
    }

    @Test(arguments: [
        "", "\n", "search example.org\n", "nameserver 2001:db8::1", "nameserver 300.1.1.1", "nameserver x",
    ])
    func noneIsInvented(_ text: String) { #expect(ResolverConfiguration(text).nameServers == []) }

    @Test(arguments: ["127.0.0.53", "127.0.0.54"])
    func aStubStandsForItsUpstreams(_ stub: String) {
        let text = "nameserver \(stub)\noptions edns0 trust-ad\nsearch example.org\n"
        let resolver = ResolverConfiguration(
            text, upstreams: "nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch other\n")
        #expect(resolver.nameServers == ["192.0.2.53"])
        #expect(resolver.otherLines == ["options edns0 trust-ad", "search example.org"])
        #expect(ResolverConfiguration(text).nameServers == [])
    }

    @Test func upstreamsCountForAStubOnly() {
        let upstreams = "nameserver 192.0.2.53"
        #expect(ResolverConfiguration("nameserver 127.0.0.1", upstreams: upstreams).nameServers == ["127.0.0.1"])
        #expect(ResolverConfiguration("nameserver 192.0.2.1", upstreams: upstreams).nameServers == ["192.0.2.1"])
        #expect(
            ResolverConfiguration("nameserver 127.0.0.53\nnameserver 192.0.2.1", upstreams: upstreams).nameServers
                == ["192.0.2.1"])
        #expect(ResolverConfiguration("", upstreams: upstreams).nameServers == [])
    }

    @Test func theUnspecifiedAddressIsTheHostItself() {
        #expect(ResolverConfiguration("nameserver 0.0.0.0").nameServers == ["127.0.0.1"])
    }

    @Test func aBoxAsksTheHostAndKeepsTheOtherLines() {
        let resolver = ResolverConfiguration(
            "search  a.example\tb.example # ours\r\nnameserver 192.0.2.53\noptions\ttimeout:1 ndots:2\nsortlist 1.2.3.4\n"
        )
        #expect(
            resolver.text(nameServers: ["10.201.0.1", "10.201.15.254"]) == """
                nameserver 10.201.0.1
                nameserver 10.201.15.254
                search a.example b.example
                options timeout:1 ndots:2

                """)
        #expect(ResolverConfiguration("").text(nameServers: ["10.201.0.1"]) == "nameserver 10.201.0.1\n")
    }
}
