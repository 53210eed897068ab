import Testing

@testable import BoxEngineOCI

struct NetworkRulesTests {
    private func rules(_ nameServers: [String]) throws -> NetworkRules {
        var rules = NetworkRules(
            configuration: OCIEngineConfiguration(dataDirectory: "/data", instance: "box"),
            subnet: try #require(Subnet("10.201.0.0/20")))
        rules.nameServers = nameServers
        return rules
    }

    /// Where the rules send queries to the gateway and to the second address.
    private func targets(_ nameServers: [String]) throws -> [String] {
        try rules(nameServers).resolverText.split(separator: "\n").compactMap { line in
            line.firstRange(of: "dnat ip to ").map { String(line[$0.upperBound...]) }
        }
    }

    @Test func queriesGoToTheHostsNameServersInTheirOrder() throws {
        #expect(try targets([]) == [])
        #expect(try targets(["192.0.2.1"]) == ["192.0.2.1", "192.0.2.1"])
        #expect(try targets(["192.0.2.1", "192.0.2.2"]) == ["192.0.2.1", "192.0.2.2"])
        #expect(
            try targets(["192.0.2.1", "192.0.2.2", "192.0.2.3"]) == [
                "192.0.2.1", "numgen inc mod 2 map { 0 : 192.0.2.2, 1 : 192.0.2.3 }",
            ])
    }

    @Test func loopbackIsLedToOnlyWhenTheHostAsksItself() throws {
        #expect(try rules(["127.0.0.1"]).leadToLoopback)
        #expect(try rules(["192.0.2.1", "127.0.0.1"]).leadToLoopback)
        #expect(try !rules(["192.0.2.127"]).leadToLoopback)
    }

    @Test func everyMachineIsAnElement() throws {
        let text = try rules([]).text(machines: ["bx_aaaaaaaa": 300, "bx_bbbbbbbb": 1], bridged: [:])
        #expect(
            text.contains(
                """
                elements = { "box-bbbbbbbb" . 02:b0:00:00:00:01 . 10.201.0.2, "box-aaaaaaaa" . 02:b0:00:00:01:2c . 10.201.1.45 }
                """))
        #expect(!text.contains("table bridge boxd_box {"))
        let bridged = try rules([]).text(machines: ["bx_aaaaaaaa": 300], bridged: ["bx_aaaaaaaa": 300])
        #expect(bridged.contains("table bridge boxd_box {"))
    }

    @Test func noMachineHasAnAddressOfTheResolver() throws {
        let subnet = try #require(Subnet("10.201.0.0/20"))
        #expect(subnet.resolverAddresses == ["10.201.0.1", "10.201.15.254"])
        #expect(Set(Slots.all.map(subnet.address(of:))).isDisjoint(with: subnet.resolverAddresses))
    }
}
