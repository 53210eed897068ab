/// URLs as traces may show them.
enum Redaction {
    /// Parts of the names of parameters whose values let somebody in.
    private static let secretNames = ["token", "secret", "password", "key", "sig", "credential", "auth", "code"]

    /// The URL with `…` for each value of the query that may be a secret, and without a fragment.
    static func url(_ url: String) -> String {
        let visible = url.prefix { $0 != "#" }
        guard let mark = visible.firstIndex(of: "?") else { return String(visible) }
        let query = visible[visible.index(after: mark)...].split(separator: "&", omittingEmptySubsequences: false)
        return visible[...mark] + query.map(parameter).joined(separator: "&")
    }

    private static func parameter(_ text: Substring) -> String {
        guard let equals = text.firstIndex(of: "=") else { return String(text) }
        let name = text[..<equals].lowercased()
        return secretNames.contains(where: name.contains) ? "\(text[...equals])…" : String(text)
    }
}
