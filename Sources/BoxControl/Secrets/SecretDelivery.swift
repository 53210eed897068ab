import BoxEngine
import BoxModel
import BoxStore

/// Brings an account's secrets into one running machine.
struct SecretDelivery: Sendable {
    let row: BoxRow
    let setup: SecretsSetup

    /// - Parameters:
    ///   - setup: the account's; a box that shall have none of it gets none.
    init(_ row: BoxRow, _ setup: SecretsSetup) { (self.row, self.setup) = (row, row.noEnv ? .none : setup) }

    /// The account's variables with the box's own, which come last and count.
    func environment(own: [(name: String, value: String)]) -> [(name: String, value: String)] {
        let names = Set(own.map(\.name))
        return setup.variables.filter { !names.contains($0.name) } + own
    }

    /// What the machine's disk lacks, and what it has from an earlier setup, its own or that of the box it is a fork of.
    var change: FileChange {
        FileChange(
            removing: outdated,
            writing: setup.files.map { .init(path: $0.path, contents: Array($0.contents.utf8), mode: 0o600) })
    }

    /// Compared as Linux does: names that Swift calls equal can be two files.
    private var outdated: [String] {
        let wanted = Set(setup.files.map { Array($0.path.utf8) })
        return row.deliveredFiles.filter { !wanted.contains(Array($0.utf8)) }
    }

    /// Every path that the disk may have while the change is under way.
    var possible: [String] { setup.files.map(\.path) + outdated }

    /// Every path that the disk may have afterwards: also what could not be removed.
    func delivered(after failures: [String: String]) -> [String] {
        setup.files.map(\.path).filter { failures[$0] == nil || row.deliveredFiles.contains($0) }
            + outdated.filter { failures[$0] != nil }
    }
}
