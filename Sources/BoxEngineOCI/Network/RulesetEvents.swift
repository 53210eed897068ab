import CLinux
import Glibc

/// What the kernel reports of changes to the host's nftables rules, whoever makes them.
final class RulesetEvents: Sendable {
    private let socket = clinux_ruleset_events()

    /// Whether tables, chains, rules or sets changed since the last call. A kernel that reports nothing counts as changed.
    func changed() -> Bool { socket < 0 || clinux_ruleset_changed(socket) != 0 }

    deinit { if socket >= 0 { close(socket) } }
}
