import BoxEngine
import BoxModel
import BoxStore

/// The changes that deliver an account's secrets to one running machine.
struct SecretDelivery: Sendable {
    let row: BoxRow
    let setup: SecretsSetup

    /// - Parameters:
    ///   - setup: the account's setup. A box with `noEnv` gets none of it.
    init(_ row: BoxRow, _ setup: SecretsSetup) { (self.row, self.setup) = (row, row.noEnv ? .none : setup) }

    /// The account's variables and the box's own, which replace those of the same name.
    func environment(own: [(name: String, value: String)]) -> [(name: String, value: String)] {
        let names = Set(own.map(\.name))
        return setup.variables.filter { !names.contains($0.name) } + own
    }

    /// The files to write, and the files to remove. The latter are from an earlier setup, of this box or of the one it
    /// was forked from.
    var change: FileChange {
        FileChange(
            removing: outdated,
            writing: setup.files.map { .init(path: $0.path, contents: Array($0.contents.utf8), mode: 0o600) })
    }

    /// Compared by bytes, as Linux does: names that are equal to Swift can be two files.
    private var outdated: [String] {
        let wanted = Set(setup.files.map { Array($0.path.utf8) })
        return row.deliveredFiles.filter { !wanted.contains(Array($0.utf8)) }
    }

    /// Every path that the disk may have during the change.
    var possible: [String] { setup.files.map(\.path) + outdated }

    /// Every path that the disk may have afterwards, including those that couldn't be removed.
    func delivered(after failures: [String: String]) -> [String] {
        setup.files.map(\.path).filter { failures[$0] == nil || row.deliveredFiles.contains($0) }
            + outdated.filter { failures[$0] != nil }
    }
}
