/// The nftables rules of the boxes' network, as text for `nft -f`.
///
/// They match interfaces by the instance's prefix, so attaching or detaching a box changes only one element of a set.
struct NetworkRules: Sendable {
    /// How many connections of one box the host tracks at a time. The table of connections is shared by the whole host.
    static let connectionLimit = 8192

    /// Link-local addresses, where most clouds serve machines' secrets, and Alibaba's address. Azure's (168.63.129.16)
    /// has a rule of its own, because it is a name server too.
    private static let metadataAddresses = "169.254.0.0/16, 100.100.100.200"

    let configuration: OCIEngineConfiguration
    let subnet: Subnet
    /// The host's name servers; see ``ResolverConfiguration/nameServers``.
    var nameServers: [String] = []

    /// Whether a name server is one of the host's loopback addresses.
    var leadToLoopback: Bool { nameServers.contains { $0.hasPrefix("127.") } }

    private var table: String { configuration.nftTable }
    /// All of the instance's interfaces: the boxes' and the bridge.
    private var boxes: String { "iifname \"\(configuration.instance)-*\"" }
    private var toBoxes: String { "oifname \"\(configuration.instance)-*\"" }
    private var resolver: String { "{ \(subnet.resolverAddresses.joined(separator: ", ")) }" }
    private let queries = "meta l4proto { tcp, udp } th dport 53"

    init(configuration: OCIEngineConfiguration, subnet: Subnet) {
        (self.configuration, self.subnet) = (configuration, subnet)
    }

    /// A set element: the interface, hardware address and IP address that belong together.
    func element(_ id: String, slot: Int) -> String {
        "\"\(configuration.hostInterface(of: id))\" . \(subnet.hardwareAddress(of: slot)) . \(subnet.address(of: slot))"
    }

    var removal: String {
        """
        add table inet \(table)
        delete table inet \(table)
        add table bridge \(table)
        delete table bridge \(table)

        """
    }

    /// All rules, recreated in one transaction. Connections keep flowing meanwhile.
    ///
    /// - Parameter bridged: machines that an earlier boxd attached to the bridge.
    func text(machines: [String: Int], bridged: [String: Int]) -> String {
        removal + walls(machines) + resolverText + (bridged.isEmpty ? "" : bridgeTable(bridged))
    }

    /// The rules that isolate boxes. Boxes reach other networks through NAT and the host's resolver, but nothing else
    /// on the host and not each other.
    private func walls(_ machines: [String: Int]) -> String {
        """
        table inet \(table) {
            set boxes {
                type ifname . ether_addr . ipv4_addr
                \(elements(machines))
            }
            set connections {
                type ipv4_addr
                size 8192
                flags dynamic
            }
            chain source {
                type filter hook prerouting priority -300; policy accept;
                \(boxes) ip daddr 127.0.0.0/8 drop
                iifname "\(configuration.bridge)" accept
                \(boxes) iifname . ether saddr . ip saddr @boxes accept
                \(boxes) drop
            }
            chain count {
                type filter hook prerouting priority -150; policy accept;
                \(boxes) ct state new add @connections { ip saddr ct count over \(Self.connectionLimit) } drop
            }
            chain resolver {
                type nat hook prerouting priority -101; policy accept;
            }
            chain resolver_source {
                type nat hook input priority 100; policy accept;
            }
            chain input {
                type filter hook input priority -5; policy accept;
                \(boxes) ct state established,related accept
                \(boxes) icmp type echo-request accept
                \(boxes) ct status dnat ct original ip daddr \(resolver) \(queries) accept
                \(boxes) ip daddr \(resolver) \(queries) reject
                \(boxes) drop
            }
            chain forward {
                type filter hook forward priority -5; policy accept;
                \(boxes) \(toBoxes) drop
                \(boxes) ct status dnat ct original ip daddr \(resolver) \(queries) accept
                \(boxes) ip daddr { \(Self.metadataAddresses) } drop
                \(boxes) ip daddr 168.63.129.16 meta l4proto { tcp, udp } th dport != 53 drop
                \(toBoxes) ct state established,related accept
                \(toBoxes) drop
            }
            chain postrouting {
                type nat hook postrouting priority 100; policy accept;
                ip saddr \(subnet) \(toBoxes.replacing("oifname", with: "oifname !=")) masquerade
            }
        }

        """
    }

    /// The rules that redirect boxes' DNS queries, in one transaction. They come before other programs' rules for the
    /// host's addresses (priority -100), because the first redirect counts.
    ///
    /// A resolver on the host gets the queries from its own address, since most such resolvers answer no other.
    var resolverText: String {
        var lines = ["flush chain inet \(table) resolver", "flush chain inet \(table) resolver_source"]
        let targets = [nameServers.prefix(1), nameServers.dropFirst()].map { $0.isEmpty ? nameServers.prefix(1) : $0 }
        for (address, servers) in zip(subnet.resolverAddresses, targets) where !servers.isEmpty {
            let map = servers.enumerated().map { "\($0.offset) : \($0.element)" }.joined(separator: ", ")
            let target =
                servers.count == 1 ? servers[servers.startIndex] : "numgen inc mod \(servers.count) map { \(map) }"
            lines.append("add rule inet \(table) resolver \(boxes) ip daddr \(address) \(queries) dnat ip to \(target)")
        }
        for server in nameServers {
            lines.append(
                "add rule inet \(table) resolver_source \(boxes) ct status dnat ip daddr \(server) \(queries) snat ip to \(server)"
            )
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The same isolation as in the chain `source`, for machines on the bridge, whose packets arrive over the bridge
    /// itself.
    private func bridgeTable(_ machines: [String: Int]) -> String {
        """
        table bridge \(table) {
            set boxes {
                type ifname . ether_addr . ipv4_addr
                \(elements(machines))
            }
            chain prerouting {
                type filter hook prerouting priority -300; policy accept;
                \(boxes) ether type ip iifname . ether saddr . ip saddr @boxes accept
                \(boxes) ether type arp iifname . ether saddr . arp saddr ip @boxes accept
                \(boxes) drop
            }
        }

        """
    }

    private func elements(_ machines: [String: Int]) -> String {
        let all = machines.sorted { $0.value < $1.value }.map { element($0.key, slot: $0.value) }
        return all.isEmpty ? "" : "elements = { \(all.joined(separator: ", ")) }"
    }
}
