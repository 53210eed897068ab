import Testing

@testable import BoxEngineOCI

struct IptablesTests {
    private let iptables = Iptables(
        program: "iptables", configuration: OCIEngineConfiguration(dataDirectory: "/data", instance: "box"))
    private let open = "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n"
    private let forward = [
        "-o box-+ -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment boxd_box -j ACCEPT",
        "-i box-+ -m comment --comment boxd_box -j ACCEPT",
    ]

    private func changes(_ listing: String) -> [String] {
        iptables.changes(to: listing).map { $0.joined(separator: " ") }
    }

    @Test func chainsThatLetEverythingPassAreLeftAlone() {
        #expect(changes(open) == [])
        #expect(changes("") == [])
        #expect(changes(open + "-N OTHER\n-A OTHER -j DROP\n") == [])
    }

    @Test(arguments: [
        "-P FORWARD DROP\n", "-P FORWARD ACCEPT\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n",
        "-P FORWARD DROP\n-N ufw-before-forward\n-A FORWARD -j ufw-before-forward\n",
        // Docker was removed, but its chain still exists.
        "-P FORWARD DROP\n-N DOCKER-USER\n",
    ])
    func aChainThatMayDropGetsTheRules(_ listing: String) {
        #expect(changes(listing) == forward.map { "-I FORWARD 1 " + $0 })
    }

    @Test func dockerHasAChainForOthers() {
        let listing = "-P FORWARD DROP\n-N DOCKER-USER\n-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -j RETURN\n"
        #expect(changes(listing) == forward.map { "-I DOCKER-USER 1 " + $0 })
        // Rules that were inserted before Docker are sufficient, too.
        #expect(changes(listing + forward.map { "-A FORWARD \($0)\n" }.joined()) == [])
    }

    @Test func whatIsThereIsNotInsertedAgain() {
        #expect(changes("-P FORWARD DROP\n" + forward.map { "-A FORWARD \($0)\n" }.joined()) == [])
        #expect(changes("-P FORWARD DROP\n-A FORWARD \(forward[1])\n") == ["-I FORWARD 1 " + forward[0]])
        // The rules of another instance don't count.
        let others = forward.map {
            "-A FORWARD \($0.replacing("box-", with: "boy-").replacing("d_box", with: "d_boy"))\n"
        }
        #expect(changes("-P FORWARD DROP\n" + others.joined()).count == 2)
    }

    @Test func queriesToTheHostsOwnResolverPass() {
        let rule = "-i box-+ -m conntrack --ctstate DNAT --ctorigdstport 53 -m comment --comment boxd_box -j ACCEPT"
        #expect(changes("-P INPUT DROP\n-P FORWARD ACCEPT\n") == ["-I INPUT 1 " + rule])
        #expect(changes("-P INPUT DROP\n-P FORWARD ACCEPT\n-A INPUT \(rule)\n") == [])
    }

    @Test func onlyOwnRulesAreRemoved() {
        let listing =
            "-P FORWARD DROP\n-A FORWARD -i box-+ -j ACCEPT\n-A FORWARD \(forward[1])\n-A DOCKER-USER \(forward[0])\n"
            + "-A FORWARD \(forward[1].replacing("boxd_box", with: "boxd_box2"))\n"
        #expect(
            iptables.removals(from: listing).map { $0.joined(separator: " ") } == [
                "-D FORWARD " + forward[1], "-D DOCKER-USER " + forward[0],
            ])
    }
}

struct HostFirewallTests {
    @Test func chainsAreFound() {
        let json = """
            {"nftables": [{"metainfo": {"version": "1.0.6"}},
            {"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "handle": 1, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}},
            {"chain": {"family": "inet", "table": "firewalld", "name": "filter_FORWARD", "handle": 7, "type": "filter", "hook": "forward", "prio": 10, "policy": "accept"}},
            {"chain": {"family": "inet", "table": "f", "name": "input", "handle": 7, "type": "filter", "hook": "input", "prio": 10, "policy": "drop"}},
            {"chain": {"family": "inet", "table": "f", "name": "helper", "handle": 8}},
            {"chain": {"family": "ip6", "table": "f", "name": "forward", "handle": 9, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}},
            {"chain": {"family": "inet", "table": "n", "name": "input", "handle": 9, "type": "nat", "hook": "input", "prio": 0, "policy": "accept"}}]}
            """
        let chains = HostFirewall.Chain.list(json)
        #expect(
            chains.map { "\($0.table) \($0.name) \($0.hook) \($0.drops)" } == [
                "filter FORWARD forward true", "firewalld filter_FORWARD forward false", "f input input true",
            ])
        #expect(chains.map(\.isIptables) == [true, false, false])
        #expect(chains.map(\.isFirewalld) == [false, true, false])
        #expect(HostFirewall.Chain.list("") == [])
    }
}
