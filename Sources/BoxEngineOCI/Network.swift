import BoxEngine
import Glibc

/// The host's side of the boxes' network: a bridge, NAT, and walls between boxes and around the host.
struct Network: Sendable {
    let configuration: OCIEngineConfiguration
    let subnet: Subnet

    /// Makes the bridge and the rules, or brings existing ones up to date. Packets of running boxes keep flowing:
    /// nft replaces a table in one transaction.
    func setUp(running: [(id: String, slot: Int)]) async throws {
        let bridge = configuration.bridge
        if !HostFiles.exists("/sys/class/net/\(bridge)") {
            try await Tool.run(
                "ip", ["-batch", "-"],
                input: """
                    link add name \(bridge) mtu \(Self.uplinkMTU()) type bridge stp_state 0 forward_delay 0
                    address add \(subnet.gateway)/\(Subnet.prefixLength) dev \(bridge)
                    link set \(bridge) up

                    """)
        }
        try Self.setSysctl("net/ipv6/conf/\(bridge)/disable_ipv6", "1", required: false)
        try Self.setSysctl("net/ipv4/ip_forward", "1", required: true)
        try await Tool.run("nft", ["-f", "-"], input: rules(running: running))
    }

    /// Removes the bridge and the rules. Harmless when they are gone.
    func tearDown() async {
        _ = try? await Tool.run("nft", ["-f", "-"], input: removal)
        if HostFiles.exists("/sys/class/net/\(configuration.bridge)") {
            _ = try? await Tool.run("ip", ["link", "delete", configuration.bridge])
        }
    }

    /// Plugs a machine in: a cable from the bridge into the network namespace of `process`.
    ///
    /// The namespace has to belong to the machine's user namespace, so the machine's process exists before its cable.
    func connect(_ id: String, slot: Int, process: pid_t) async throws {
        let interface = configuration.hostInterface(of: id)
        let mtu = Self.uplinkMTU()
        try await Tool.run(
            "ip", ["-batch", "-"],
            input: """
                link add \(interface) mtu \(mtu) type veth peer name eth0 mtu \(mtu) netns \(process)
                link set \(interface) master \(configuration.bridge) up
                link set \(interface) type bridge_slave isolated on

                """)
        try await Tool.run(
            "nsenter", ["--net=/proc/\(process)/ns/net", "ip", "-batch", "-"],
            input: """
                link set lo up
                address add \(subnet.address(of: slot))/\(Subnet.prefixLength) dev eth0
                link set eth0 up
                route add default via \(subnet.gateway)

                """)
    }

    /// Lets the machine's interface send from its own address, and from no other.
    func admit(_ id: String, slot: Int) async throws {
        try await Tool.run(
            "nft", ["add", "element", "bridge", configuration.nftTable, "boxes", "{ \(element(id, slot)) }"])
    }

    /// Unplugs a machine. Harmless when it isn't plugged in: the cable goes with the machine's namespace.
    func disconnect(_ id: String, slot: Int) async {
        let interface = configuration.hostInterface(of: id)
        if HostFiles.exists("/sys/class/net/\(interface)") {
            _ = try? await Tool.run("ip", ["link", "delete", interface])
        }
        _ = try? await Tool.run(
            "nft", ["delete", "element", "bridge", configuration.nftTable, "boxes", "{ \(element(id, slot)) }"])
    }

    private func element(_ id: String, _ slot: Int) -> String {
        "\"\(configuration.hostInterface(of: id))\" . \(subnet.address(of: slot))"
    }

    private var removal: String {
        let table = configuration.nftTable
        return """
            add table inet \(table)
            delete table inet \(table)
            add table bridge \(table)
            delete table bridge \(table)

            """
    }

    /// Who may talk to whom. Boxes reach the world through NAT; nothing else of the host's, and not each other.
    /// Box to box over the bridge is stopped by port isolation; the forward rule stops the way through the gateway.
    private func rules(running: [(id: String, slot: Int)]) -> String {
        let (table, bridge) = (configuration.nftTable, configuration.bridge)
        let elements = running.map { element($0.id, $0.slot) }.joined(separator: ", ")
        return removal + """
            table inet \(table) {
                chain input {
                    type filter hook input priority -5; policy accept;
                    iifname "\(bridge)" ct state established,related accept
                    iifname "\(bridge)" icmp type echo-request accept
                    iifname "\(bridge)" drop
                }
                chain forward {
                    type filter hook forward priority -5; policy accept;
                    iifname "\(bridge)" oifname "\(bridge)" drop
                    iifname "\(bridge)" ip daddr 169.254.0.0/16 drop
                    oifname "\(bridge)" ct state established,related accept
                    oifname "\(bridge)" drop
                }
                chain postrouting {
                    type nat hook postrouting priority 100; policy accept;
                    ip saddr \(subnet) oifname != "\(bridge)" masquerade
                }
            }
            table bridge \(table) {
                set boxes {
                    type ifname . ipv4_addr
                    \(elements.isEmpty ? "" : "elements = { \(elements) }")
                }
                chain prerouting {
                    type filter hook prerouting priority -300; policy accept;
                    iifname "\(configuration.instance)-*" ether type ip iifname . ip saddr @boxes accept
                    iifname "\(configuration.instance)-*" ether type arp iifname . arp saddr ip @boxes accept
                    iifname "\(configuration.instance)-*" drop
                }
            }

            """
    }

    /// The MTU of the way out, so that boxes don't send packets that the host would have to refuse.
    static func uplinkMTU() -> Int {
        let routes = HostFiles.read("/proc/net/route") ?? ""
        for line in routes.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: "\t")
            guard fields.count > 2, fields[1] == "00000000" else { continue }
            let text = HostFiles.read("/sys/class/net/\(fields[0])/mtu")?.filter(\.isNumber)
            if let mtu = text.flatMap({ Int($0) }), mtu >= 1280 { return min(mtu, 9000) }
        }
        return 1500
    }

    private static func setSysctl(_ name: String, _ value: String, required: Bool) throws {
        let path = "/proc/sys/\(name)"
        if HostFiles.read(path)?.hasPrefix(value) == true { return }
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        let written =
            descriptor >= 0
            && Array(value.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } > 0
        if required && !written { throw HostFiles.failure("write", path) }
    }
}
