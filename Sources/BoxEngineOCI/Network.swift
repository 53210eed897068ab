import BoxEngine
import Glibc
import HostTools

/// The host's side of the boxes' network: a bridge, NAT, and walls between boxes and around the host.
struct Network: Sendable {
    /// Connections of one box that the host tracks at a time: the table is the whole host's.
    static let connectionLimit = 8192

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
                    link add name \(bridge) address 02:b0:00:01:00:00 mtu \(Self.uplinkMTU()) type bridge stp_state 0 forward_delay 0
                    address add \(subnet.gateway)/\(Subnet.prefixLength) dev \(bridge)
                    link set \(bridge) up

                    """)
        }
        try Self.setSysctl("net/ipv6/conf/\(bridge)/disable_ipv6", "1", required: false)
        try Self.setSysctl("net/ipv4/ip_forward", "1", required: true)
        for (name, least) in KernelLimits.hostMinimums {
            let current = HostFiles.read("/proc/sys/\(name)").flatMap { Int($0.filter(\.isNumber)) } ?? least
            if current < least { try Self.setSysctl(name, String(least), required: false) }
        }
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
                link add \(interface) mtu \(mtu) type veth peer name eth0 address \(hardwareAddress(slot)) mtu \(mtu) netns \(process)
                link set \(interface) master \(configuration.bridge)
                link set \(interface) type bridge_slave isolated on learning off flood off mcast_flood off
                link set \(interface) up

                """)
        // The bridge learns nothing from boxes, so that none can pass for another: it is told.
        async let told = Tool.run(
            "bridge", ["fdb", "replace", hardwareAddress(slot), "dev", interface, "master", "static"])
        try await Tool.run(
            "nsenter",
            ["--target", "\(process)", "--user", "--net", "ip", "-batch", "-"],
            input: """
                link set lo up
                address add \(subnet.address(of: slot))/\(Subnet.prefixLength) dev eth0
                link set eth0 up
                route add default via \(subnet.gateway)

                """)
        _ = try await told
        try await waitUntilForwarding(interface)
    }

    /// The kernel takes a new cable's carrier into account a little later, and that of a bridge which had no other cable later still. What is
    /// sent to the machine before that is lost, and TCP and ARP try again only after a second.
    private func waitUntilForwarding(_ interface: String) async throws {
        let deadline = ContinuousClock.now + .seconds(1)
        for (file, value) in [
            // BR_STATE_FORWARDING (linux/if_bridge.h) and IF_OPER_UP (RFC 2863).
            ("\(interface)/brport/state", "3"), ("\(configuration.bridge)/operstate", "up"),
        ] {
            while HostFiles.read("/sys/class/net/\(file)")?.hasPrefix(value) != true, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    /// A machine's hardware address is its own for life like its IP address, so that nobody's neighbour table is ever out of date.
    /// The second bit of the first byte says that it is a locally administered one.
    private func hardwareAddress(_ slot: Int) -> String {
        "02:b0:00:00:"
            + [slot >> 8, slot & 0xFF].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// Lets the machine's interface send from its own addresses, and from no other.
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
        "\"\(configuration.hostInterface(of: id))\" . \(hardwareAddress(slot)) . \(subnet.address(of: slot))"
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
                set connections {
                    type ipv4_addr
                    size 8192
                    flags dynamic
                }
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
                    iifname "\(bridge)" ct state new add @connections { ip saddr ct count over \(Self.connectionLimit) } drop
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
                    type ifname . ether_addr . ipv4_addr
                    \(elements.isEmpty ? "" : "elements = { \(elements) }")
                }
                chain prerouting {
                    type filter hook prerouting priority -300; policy accept;
                    iifname "\(configuration.instance)-*" ether type ip iifname . ether saddr . ip saddr @boxes accept
                    iifname "\(configuration.instance)-*" ether type arp iifname . ether saddr . arp saddr ip @boxes accept
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
