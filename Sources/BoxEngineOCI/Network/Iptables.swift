import HostTools

/// boxd's rules in iptables, where Docker, ufw and administrators drop forwarded packets.
///
/// A packet that one program's chain accepts can still be dropped by another's, so the rule must be in the chain that
/// drops. The rules match only the instance's interfaces, so they don't change other packets.
struct Iptables: Sendable {
    /// `iptables-nft` or `iptables-legacy`: their rules are separate, and both apply.
    let program: String
    let configuration: OCIEngineConfiguration

    /// The program's name without its directory, for messages.
    var name: Substring { program.split(separator: "/").last ?? "" }

    /// Inserts the missing rules. Harmless when none is missing.
    func open() async throws {
        for arguments in changes(to: try await listing()) { try await run(arguments) }
    }

    /// Deletes all of the instance's rules.
    func close() async throws {
        for arguments in removals(from: try await listing()) { try await run(arguments) }
    }

    private func listing() async throws -> String { try await run(["-S"]) }

    @discardableResult
    private func run(_ arguments: [String]) async throws -> String {
        try await Tool.run(program, ["-w", "10"] + arguments)
    }

    // MARK: What to change

    private var interfaces: String { "\(configuration.instance)-+" }
    private var marker: [String] { ["-m", "comment", "--comment", configuration.nftTable] }

    private func rule(_ matches: String...) -> [String] { matches + marker + ["-j", "ACCEPT"] }

    private var forwardRules: [[String]] {
        [
            rule("-i", interfaces),
            rule("-o", interfaces, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"),
        ]
    }

    /// For a name server on the host itself; see ``NetworkRules/resolverText``.
    private var inputRules: [[String]] {
        [rule("-i", interfaces, "-m", "conntrack", "--ctstate", "DNAT", "--ctorigdstport", "53")]
    }

    /// The arguments of the calls that let boxes' packets pass.
    ///
    /// Docker reserves DOCKER-USER for other programs' rules and evaluates it first.
    func changes(to listing: String) -> [[String]] {
        let lines = Set(listing.split(separator: "\n").map(String.init))
        let hasDocker = lines.contains("-N DOCKER-USER") && lines.contains("-A FORWARD -j DOCKER-USER")
        let chains = (hasDocker ? ["DOCKER-USER"] : []) + ["FORWARD"]
        return insertions(of: forwardRules, into: chains, of: "FORWARD", lines)
            + insertions(of: inputRules, into: ["INPUT"], of: "INPUT", lines)
    }

    /// - Parameter chains: where a rule may already be. A missing rule is inserted into the first chain.
    private func insertions(of rules: [[String]], into chains: [String], of base: String, _ lines: Set<String>)
        -> [[String]]
    {
        let isOpen = !lines.contains("-P \(base) DROP") && !lines.contains { $0.hasPrefix("-A \(base) ") && !isOwn($0) }
        if isOpen { return [] }
        return rules.reversed()
            .filter { rule in !chains.contains { lines.contains(text(["-A", $0] + rule)) } }
            .map { ["-I", chains[0], "1"] + $0 }
    }

    func removals(from listing: String) -> [[String]] {
        listing.split(separator: "\n").filter { $0.hasPrefix("-A ") && isOwn(String($0)) }
            .map { ["-D"] + $0.split(separator: " ").dropFirst().map(String.init) }
    }

    private func isOwn(_ line: String) -> Bool { line.contains(" \(text(marker)) ") }

    private func text(_ arguments: [String]) -> String { arguments.joined(separator: " ") }
}
