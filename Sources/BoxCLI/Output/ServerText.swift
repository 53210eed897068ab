/// Removes secrets from the addresses and sentences of a server, for errors.
enum ServerText {
    /// The address of a web page without what may grant access: the user name, the fragment, and the query. Only the
    /// query's `tab` is kept, which names a part of the page.
    ///
    /// - Returns: nil when it isn't the address of a web page.
    static func page(_ address: String) -> String? {
        guard address.hasPrefix("https://") || address.hasPrefix("http://") else { return nil }
        let whole = address.prefix { $0 != "#" }
        let path = whole.prefix { $0 != "?" }
        let tab = whole.dropFirst(path.count + 1).split(separator: "&").first(where: isTab)
        return withoutUser(path) + (tab.map { "?\($0)" } ?? "")
    }

    private static func isTab(_ parameter: Substring) -> Bool {
        guard parameter.hasPrefix("tab=") else { return false }
        let name = parameter.dropFirst(4)
        return !name.isEmpty && name.utf8.count <= 32
            && name.utf8.allSatisfy { isLetter($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }

    private static func withoutUser(_ url: Substring) -> String {
        guard let start = url.firstRange(of: "://")?.upperBound else { return String(url) }
        let authority = url[start...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return String(url) }
        return String(url[..<start] + url[url.index(after: at)...])
    }

    /// A text in which the values of `token=`, `box_token=`, `_token=` and the like are replaced by `…`.
    static func sentence(_ text: String) -> String {
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            guard rest.count > name.count, zip(rest, name).allSatisfy({ ($0 | 0x20) == $1 || $0 == $1 }) else {
                out.append(byte)
                rest = rest.dropFirst()
                continue
            }
            out += rest.prefix(name.count)
            rest = rest.dropFirst(name.count)
            let value = rest.prefix(while: isValue)
            if !value.isEmpty { out += "…".utf8 }
            rest = rest.dropFirst(value.count)
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static let name = Array("token=".utf8)

    /// Whether a byte can be part of a query's value.
    private static func isValue(_ byte: UInt8) -> Bool {
        isLetter(byte) || (0x30...0x39).contains(byte) || "-._~%+/=:".utf8.contains(byte)
    }
}
