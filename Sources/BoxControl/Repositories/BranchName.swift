/// Validates the name of a git branch by the rules of git-check-ref-format(1).
package enum BranchName {
    package static func isValid(_ name: String) -> Bool {
        guard (1...250).contains(name.utf8.count), !name.hasPrefix("-"), !name.hasSuffix("/"), !name.hasSuffix("."),
            name != "@", !name.contains(".."), !name.contains("@{")
        else { return false }
        let forbidden = Set(" ~^:?*[\\\u{7F}".unicodeScalars)
        guard name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !forbidden.contains($0) }) else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock")
        }
    }
}
