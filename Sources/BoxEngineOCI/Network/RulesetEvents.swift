import CLinux
import Glibc

/// The kernel's reports of changes to the host's nftables rules by any program.
final class RulesetEvents: Sendable {
    private let socket = clinux_ruleset_events()

    /// Whether tables, chains, rules or sets changed since the last call. Always true on a kernel that sends no
    /// reports.
    func changed() -> Bool { socket < 0 || clinux_ruleset_changed(socket) != 0 }

    deinit { if socket >= 0 { close(socket) } }
}
