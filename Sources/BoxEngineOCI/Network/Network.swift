import BoxEngine
import Glibc
import HostTools
import Logging

/// The host's side of the boxes' network: a routed veth pair per box, NAT, DNS, and rules that isolate boxes and the
/// host.
///
/// The actor records the admitted machines, so that the rules can be recreated at any time.
actor Network {
    nonisolated let configuration: OCIEngineConfiguration
    nonisolated let subnet: Subnet
    let logger: Logger
    let firewall: HostFirewall
    var rules: NetworkRules
    /// The slots of the machines whose packets are admitted.
    private(set) var machines: [String: Int] = [:]
    /// Machines that an earlier boxd attached to the bridge. They stay attached until they stop.
    private var bridged: [String: Int] = [:]
    /// The listing of the rules right after they were applied, without the machines.
    private var appliedRules = ""
    /// Problems that block boxes' packets and that only the host's operator can solve.
    private var problems: [HostProblem] = []
    private var resolverProblem: HostProblem?
    private(set) var walls = NetworkWalls()
    private var watching: Task<Void, Never>?

    init(configuration: OCIEngineConfiguration, subnet: Subnet, logger: Logger) {
        self.configuration = configuration
        self.subnet = subnet
        self.logger = logger
        rules = NetworkRules(configuration: configuration, subnet: subnet)
        firewall = HostFirewall(configuration: configuration)
    }

    /// Creates the bridge and the rules, or updates existing ones. Packets of running boxes keep flowing, because nft
    /// replaces a table in one transaction.
    func setUp(running: [(id: String, slot: Int)]) async throws {
        try await makeBridge()
        try Self.setSysctl("net/ipv4/ip_forward", "1", required: true)
        for (name, least) in KernelLimits.hostMinimums {
            let current = HostFiles.read("/proc/sys/\(name)").flatMap { Int($0.filter(\.isNumber)) } ?? least
            if current < least { try Self.setSysctl(name, String(least), required: false) }
        }
        for (id, slot) in running {
            machines[id] = slot
            if HostFiles.exists("/sys/class/net/\(configuration.hostInterface(of: id))/brport") { bridged[id] = slot }
        }
        report(HostResolver.read())
        try await applyRules()
        await openFirewall()
    }

    /// Creates the bridge, which has the gateway's address. Only boxes that run since an earlier boxd are attached to
    /// it.
    private func makeBridge() async throws {
        let bridge = configuration.bridge
        if !HostFiles.exists("/sys/class/net/\(bridge)") {
            try await Tool.run(
                "ip", ["-batch", "-"],
                input: """
                    link add name \(bridge) address 02:b0:00:01:00:00 mtu \(Self.uplinkMTU()) type bridge stp_state 0 forward_delay 0
                    link set \(bridge) up

                    """)
        }
        try Self.setSysctl("net/ipv6/conf/\(bridge)/disable_ipv6", "1", required: false)
        // The host itself has both addresses, so that a query that no rule redirects is refused instead of lost.
        let addresses = subnet.resolverAddresses
        try await Tool.run(
            "ip", ["-batch", "-"],
            input: "address replace \(addresses[0])/\(Subnet.prefixLength) dev \(bridge)\n"
                + addresses.dropFirst().map { "address replace \($0)/32 dev \(bridge)\n" }.joined())
    }

    /// Removes the bridge and the rules. Harmless when they don't exist.
    func tearDown() async {
        await firewall.close()
        _ = try? await Tool.run("nft", ["-f", "-"], input: rules.removal)
        if HostFiles.exists("/sys/class/net/\(configuration.bridge)") {
            _ = try? await Tool.run("ip", ["link", "delete", configuration.bridge])
        }
    }

    // MARK: Machines

    /// Attaches a machine: a veth pair whose other end is in the network namespace of `process`, and a route to it.
    ///
    /// The namespace has to belong to the machine's user namespace, so the machine's process exists before the pair.
    func connect(_ id: String, slot: Int, process: pid_t) async throws {
        let interface = configuration.hostInterface(of: id)
        let (mtu, hardware) = (Self.uplinkMTU(), subnet.hardwareAddress(of: slot))
        // Without ARP, a frame's destination is the sender's own hardware address (the kernel's arp_constructor), so
        // both ends have the same one. So no address must be resolved, and boxes need no entry in the host's neighbour
        // table, which 1,024 of them would fill.
        try await Tool.run(
            "ip", ["-batch", "-"],
            input: """
                link add \(interface) address \(hardware) mtu \(mtu) arp off type veth peer name eth0 address \(hardware) mtu \(mtu) arp off netns \(process)
                link set \(interface) addrgenmode none up
                route replace \(subnet.address(of: slot)) dev \(interface) src \(subnet.gateway)

                """)
        // Otherwise a box could make itself the host's router with a router advertisement, while another program has
        // removed the rules.
        try Self.setSysctl("net/ipv6/conf/\(interface)/disable_ipv6", "1", required: false)
        if rules.leadToLoopback { try Self.setLoopbackRouting(interface, true) }
        try await Tool.run(
            "nsenter",
            ["--target", "\(process)", "--user", "--net", "ip", "-batch", "-"],
            input: """
                link set lo up
                address add \(subnet.address(of: slot))/\(Subnet.prefixLength) dev eth0
                link set eth0 up
                route add default via \(subnet.gateway)

                """)
        try await waitUntilUp(interface)
    }

    /// Waits until the kernel reports the new pair as up, which takes a moment. Packets to the machine before that are
    /// lost, and TCP retransmits only after a second.
    private func waitUntilUp(_ interface: String) async throws {
        let deadline = ContinuousClock.now + .seconds(1)
        // IF_OPER_UP (RFC 2863).
        while HostFiles.read("/sys/class/net/\(interface)/operstate")?.hasPrefix("up") != true,
            ContinuousClock.now < deadline
        {
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Lets the machine's interface send from its own addresses only.
    func admit(_ id: String, slot: Int) async throws {
        machines[id] = slot
        do { try await change("add", "inet", id, slot) } catch {
            // Another program may just have removed the rules.
            guard try await restoreRules() else { throw error }
        }
    }

    /// Detaches a machine. Harmless when it isn't attached: the pair is removed with the machine's namespace.
    func disconnect(_ id: String, slot: Int) async {
        let interface = configuration.hostInterface(of: id)
        machines[id] = nil
        if HostFiles.exists("/sys/class/net/\(interface)") {
            _ = try? await Tool.run("ip", ["link", "delete", interface])
        }
        _ = try? await change("delete", "inet", id, slot)
        if bridged.removeValue(forKey: id) != nil { _ = try? await change("delete", "bridge", id, slot) }
    }

    private func change(_ verb: String, _ family: String, _ id: String, _ slot: Int) async throws {
        try await Tool.run(
            "nft", [verb, "element", family, configuration.nftTable, "boxes", "{ \(rules.element(id, slot: slot)) }"])
    }
}

// MARK: - Rules

extension Network {
    /// Recreates all rules. A machine that is attached or detached meanwhile isn't in the text, so then it repeats.
    private func applyRules() async throws {
        var applied: [String: Int]
        repeat {
            applied = machines
            try await Tool.run("nft", ["-f", "-"], input: rules.text(machines: machines, bridged: bridged))
        } while applied != machines
        for id in machines.keys where bridged[id] == nil {
            try Self.setLoopbackRouting(configuration.hostInterface(of: id), rules.leadToLoopback)
        }
        appliedRules = await currentRules() ?? ""
    }

    /// Restores the rules when another program has removed or changed them.
    ///
    /// - Returns: whether there was something to restore.
    @discardableResult
    private func restoreRules() async throws -> Bool {
        let current = await currentRules()
        guard current != appliedRules else { return false }
        logger.warning(
            "the rules of the boxes' network were \(current == nil ? "removed" : "changed") by another program; putting them back"
        )
        walls.areUp = false
        try await applyRules()
        walls.areUp = true
        walls.restorations += 1
        return true
    }

    /// The table as nft lists it, without elements of sets and counters; nil when there is no table.
    private func currentRules() async -> String? {
        try? await Tool.run("nft", ["--terse", "--stateless", "list", "table", "inet", configuration.nftTable])
    }

    /// Network problems to show to boxes' owners.
    var warnings: [String] { ((resolverProblem.map { [$0] } ?? []) + problems).map(\.description) }

    private func openFirewall() async {
        let current = await firewall.open(nameServers: rules.nameServers)
        for problem in current where !problems.contains(problem) {
            let metadata: Logger.Metadata? = problem.diagnostics.isEmpty ? nil : ["error": "\(problem.diagnostics)"]
            logger.warning("\(problem)", metadata: metadata)
        }
        if current.isEmpty, !problems.isEmpty { logger.notice("nothing drops boxes' packets any more") }
        problems = current
    }

    /// Stores the host's name servers for the next rules, and logs the result.
    private func report(_ resolver: ResolverConfiguration) {
        rules.nameServers = resolver.nameServers
        resolverProblem = resolver.problem
        if let problem = resolverProblem {
            logger.warning("\(problem)")
        } else {
            logger.info(
                "boxes' DNS queries go to the host's name servers",
                metadata: ["servers": "\(resolver.nameServers.joined(separator: " "))"])
        }
    }
}

// MARK: - Watch

extension Network {
    /// Keeps DNS and rules up to date until ``stopWatching()``.
    func startWatching() {
        watching = Task { [weak self] in
            let events = RulesetEvents()
            var resolver = HostResolver()
            var (seconds, mayHaveChanged) = (0, false)
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                guard let self, !Task.isCancelled else { return }
                seconds += 1
                if let new = resolver.readIfChanged() { await self.follow(new) }
                let changed = events.changed()
                if changed { mayHaveChanged = true }
                let isUp = await self.walls.areUp
                if changed || !isUp { await self.restoreOwnRules() }
                // Legacy iptables reports no changes, so its rules are checked every ten seconds. Other programs may
                // change rules all the time, and may have many, so the firewalls are checked at most every three
                // seconds.
                if seconds % 10 == 0, self.firewall.hasLegacyTables { mayHaveChanged = true }
                if mayHaveChanged, seconds % 3 == 0 {
                    mayHaveChanged = false
                    await self.openFirewall()
                }
            }
        }
    }

    func stopWatching() async {
        watching?.cancel()
        await watching?.value
        watching = nil
    }

    private func follow(_ resolver: ResolverConfiguration) async {
        guard resolver.nameServers != rules.nameServers else { return }
        report(resolver)
        do {
            for id in machines.keys where bridged[id] == nil && rules.leadToLoopback {
                try Self.setLoopbackRouting(configuration.hostInterface(of: id), true)
            }
            try await Tool.run("nft", ["-f", "-"], input: rules.resolverText)
            for id in machines.keys where bridged[id] == nil && !rules.leadToLoopback {
                try Self.setLoopbackRouting(configuration.hostInterface(of: id), false)
            }
            appliedRules = await currentRules() ?? ""
            await openFirewall()
        } catch { logger.error("the boxes' DNS can't follow the host's", metadata: ["error": "\(error)"]) }
    }

    private func restoreOwnRules() async {
        do { try await restoreRules() } catch {
            logger.error("the rules of the boxes' network can't be put back", metadata: ["error": "\(error)"])
        }
    }
}

// MARK: - Kernel settings

extension Network {
    /// The MTU of the default route's interface, so that boxes don't send packets that the host would have to refuse.
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

    /// Sets whether packets from the interface may be redirected to the host's loopback addresses. The chain `source`
    /// drops packets that a box itself addresses there.
    private static func setLoopbackRouting(_ interface: String, _ on: Bool) throws {
        try setSysctl("net/ipv4/conf/\(interface)/route_localnet", on ? "1" : "0", required: false)
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
