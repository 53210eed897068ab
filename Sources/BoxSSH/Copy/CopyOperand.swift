import BoxModel

/// One operand of `box scp`: a path here or on a box.
public enum CopyOperand: Sendable, Equatable {
    case local(String)
    /// `box` is what stood before the colon, whatever it is; `path` can be empty (the login directory); a leading `~/`
    /// is gone from it, since paths start at the login directory.
    case remote(box: String, path: String)

    /// scp's rule: remote when there is a colon, something before it, and no slash before it.
    public static func parse(_ text: String) -> CopyOperand {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon != text.utf8.startIndex,
            !text.utf8[..<colon].contains(UInt8(ascii: "/"))
        else { return .local(text) }
        let path = String(text.utf8[text.utf8.index(after: colon)...]) ?? ""
        return .remote(box: String(text[..<colon]), path: HomePath.relative(path))
    }

    /// Whether a path means what is in a directory and not the directory, as `dir/.` and the login directory do.
    public static func namesContents(_ path: String) -> Bool { path.isEmpty || BytePath(path).isDots }
}
