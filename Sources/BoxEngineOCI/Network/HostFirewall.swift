import BoxModel
import HostTools

/// The host's firewalls, which may drop what the host forwards, and so the boxes' packets.
struct HostFirewall: Sendable {
    let configuration: OCIEngineConfiguration

    /// An nftables chain that filters packets which are forwarded or addressed to the host itself.
    struct Chain: Sendable, Equatable {
        let family: String
        let table: String
        let name: String
        let hook: String
        let drops: Bool

        /// Whether it is one of iptables' own chains, which iptables' programs can change.
        var isIptables: Bool { family == "ip" && table == "filter" && ["FORWARD", "INPUT"].contains(name) }
        var isFirewalld: Bool { table == "firewalld" }

        /// - Parameter json: the output of `nft -j list chains`.
        static func list(_ json: String) -> [Chain] {
            let entries = (try? JSON.parse(json))?["nftables"]?.array ?? []
            return entries.compactMap { entry in
                guard let chain = entry["chain"], chain["type"]?.string == "filter", let hook = chain["hook"]?.string,
                    ["forward", "input"].contains(hook), let family = chain["family"]?.string,
                    ["ip", "inet"].contains(family), let table = chain["table"]?.string,
                    let name = chain["name"]?.string
                else { return nil }
                let drops = chain["policy"]?.string == "drop"
                return Chain(family: family, table: table, name: name, hook: hook, drops: drops)
            }
        }
    }

    /// Lets boxes' packets through the firewalls that boxd supports. Harmless when they already pass.
    ///
    /// - Parameter nameServers: where boxes' DNS queries are sent.
    /// - Returns: what still drops the packets, with the command that changes it.
    func open(nameServers: [String]) async -> [HostProblem] {
        await problems(opening: true, nameServers: nameServers)
    }

    /// The firewalls that drop boxes' packets and that boxd can't change.
    func problems(nameServers: [String]) async -> [HostProblem] {
        await problems(opening: false, nameServers: nameServers)
    }

    /// Reverts what ``open(nameServers:)`` did.
    func close() async {
        let chains = await chains()
        for iptables in iptables(chains) { try? await iptables.close() }
        if chains.contains(where: \.isFirewalld), await firewalldTrusts() {
            _ = try? await Tool.run("firewall-cmd", [Self.trusted, "--remove-interface=\(interfaces)"])
        }
    }

    /// Whether there are rules of the legacy iptables, whose changes no netlink message reports.
    var hasLegacyTables: Bool {
        (HostFiles.read("/proc/net/ip_tables_names") ?? "").split(separator: "\n").contains("filter")
    }

    private static let trusted = "--zone=trusted"
    /// The interfaces' prefix, followed by the `+` of iptables and firewalld for any suffix.
    private var interfaces: String { "\(configuration.instance)-+" }

    private func problems(opening: Bool, nameServers: [String]) async -> [HostProblem] {
        let chains = await chains()
        var problems: [HostProblem] = []
        for iptables in iptables(chains) where opening {
            do { try await iptables.open() } catch {
                problems.append(
                    .init(
                        what: "\(iptables.name) can't be told to forward boxes' packets",
                        remedy:
                            "iptables -I FORWARD -i \(interfaces) -j ACCEPT && iptables -I FORWARD -o \(interfaces) "
                            + "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                        diagnostics: "\(error)"))
            }
        }
        if chains.contains(where: \.isFirewalld), let problem = await firewalld(opening: opening) {
            problems.append(problem)
        }
        let answersItself = nameServers.contains { $0.hasPrefix("127.") }
        for chain in chains where chain.drops && !chain.isFirewalld && !(chain.isIptables && iptablesForNft != nil) {
            // On the host itself boxes may only use DNS.
            guard chain.hook == "forward" || answersItself else { continue }
            if let problem = await foreign(chain) { problems.append(problem) }
        }
        return problems
    }

    private func chains() async -> [Chain] {
        Chain.list((try? await Tool.run("nft", ["-j", "list", "chains"])) ?? "")
    }

    private var iptablesForNft: String? { HostPrograms.find("iptables-nft") ?? HostPrograms.find("iptables") }

    /// The iptables programs that have rules on this host.
    private func iptables(_ chains: [Chain]) -> [Iptables] {
        var programs: [String] = []
        if chains.contains(where: \.isIptables), let program = iptablesForNft { programs.append(program) }
        // Listing legacy iptables creates its tables, so it is done only when they exist.
        if hasLegacyTables, let program = HostPrograms.find("iptables-legacy") ?? HostPrograms.find("iptables") {
            programs.append(program)
        }
        return programs.map { Iptables(program: $0, configuration: configuration) }
    }

    /// Opens firewalld, which refuses forwarding between zones except for trusted interfaces. boxd's own table still
    /// decides what boxes may reach on the host.
    private func firewalld(opening: Bool) async -> HostProblem? {
        let command = "firewall-cmd \(Self.trusted) --add-interface=\(interfaces)"
        guard HostPrograms.find("firewall-cmd") != nil else {
            return .init(what: "firewalld drops boxes' packets, and firewall-cmd is missing", remedy: "run \(command)")
        }
        guard opening, await !firewalldTrusts() else { return nil }
        do { try await Tool.run("firewall-cmd", [Self.trusted, "--add-interface=\(interfaces)"]) } catch {
            return .init(
                what: "firewalld drops boxes' packets", remedy: "run \(command)", diagnostics: "\(error)")
        }
        return nil
    }

    private func firewalldTrusts() async -> Bool {
        await (try? Tool.run("firewall-cmd", [Self.trusted, "--query-interface=\(interfaces)"])) != nil
    }

    /// Checks another program's chain that drops by policy. A rule for the instance's interfaces counts as enough; the
    /// rest of the chain isn't evaluated.
    private func foreign(_ chain: Chain) async -> HostProblem? {
        let name = "\(chain.family) \(chain.table) \(chain.name)"
        let arguments = ["list", "chain", chain.family, chain.table, chain.name]
        let rules = (try? await Tool.run("nft", arguments)) ?? ""
        let prefix = "\"\(configuration.instance)-*\""
        if rules.split(separator: "\n").contains(where: { $0.contains(prefix) && $0.contains("accept") }) { return nil }
        let isForward = chain.hook == "forward"
        let missing =
            isForward
            ? ["iifname \(prefix) accept", "oifname \(prefix) ct state established,related accept"]
            : ["iifname \(prefix) ct status dnat accept"]
        let command = missing.map { "insert rule \(name) \($0)" }.joined(separator: "; ")
        return .init(
            what: "the nftables chain \(name) drops boxes' \(isForward ? "packets" : "DNS queries")",
            remedy: "run nft '\(command)', and keep it where that chain comes from")
    }
}
