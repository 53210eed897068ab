import BoxModel

/// One operand of `box scp`: a local path or a path on a box.
public enum CopyOperand: Sendable, Equatable {
    case local(String)
    /// `box` is the unchecked text before the colon. `path` can be empty (the login directory). A leading `~/` is
    /// removed from it, since remote paths start at the login directory.
    case remote(box: String, path: String)

    /// Parses by scp's rule: an operand is remote when it has a colon with something, but no slash, before it.
    public static func parse(_ text: String) -> CopyOperand {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon != text.utf8.startIndex,
            !text.utf8[..<colon].contains(UInt8(ascii: "/"))
        else { return .local(text) }
        let path = String(text.utf8[text.utf8.index(after: colon)...]) ?? ""
        return .remote(box: String(text[..<colon]), path: HomePath.relative(path))
    }

    /// Whether a path means a directory's contents and not the directory, as `dir/.` and the login directory do.
    public static func namesContents(_ path: String) -> Bool { path.isEmpty || BytePath(path).isDots }
}
