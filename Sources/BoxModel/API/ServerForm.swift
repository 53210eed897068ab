/// The valid forms of a server's values that are used in paths, configurations and command lines of other programs.
///
/// They allow the values of every server of this API. They exclude everything that a shell, OpenSSH or a file system
/// would interpret.
public enum ServerForm {
    /// Whether it is an id: 1 to 64 letters, digits, `_` and `-`, starting with a letter or digit. For boxd's form see
    /// ``BoxID``.
    public static func isID(_ text: String) -> Bool {
        isWord(text, maximum: 64) { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    /// Whether it is a user name: like an id, also with dots, and at most 32 characters.
    public static func isUser(_ text: String) -> Bool {
        isWord(text, maximum: 32) { "_-.".utf8.contains($0) }
    }

    /// Whether it is a host name (RFC 1123) or an address; IPv6 without brackets and zone.
    public static func isHost(_ text: String) -> Bool {
        if text.utf8.contains(UInt8(ascii: ":")) {
            return text.utf8.count <= 45 && text.utf8.count { $0 == UInt8(ascii: ":") } > 1
                && text.utf8.allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        }
        return isWord(text, maximum: 253) { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    /// Whether it is the address of a web page: `http` or `https`, in printable ASCII.
    public static func isWebURL(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static func isWord(_ text: String, maximum: Int, _ isOther: (UInt8) -> Bool) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first), text.utf8.count <= maximum else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || isOther($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension ServerForm {
    /// The first invalid value of an answer, as a message that names the member; nil when all are valid. Members that
    /// are missing, null or empty are valid here: code that needs one checks for it.
    public static func problem(inAnswer answer: JSON) -> String? {
        if let problem = problem(in: answer, answerForms) { return problem }
        if let box = answer["box"], let problem = problem(inBox: box) { return problem }
        for box in answer["boxes"]?.array ?? [] {
            if let problem = problem(inBox: box) { return problem }
        }
        return nil
    }

    /// The first invalid value of a box, which must have an id.
    static func problem(inBox box: JSON) -> String? {
        guard box.object != nil else { return nil }
        return problem(in: box, boxForms)
    }

    private typealias Form = (name: String, what: String, isValid: @Sendable (String) -> Bool)

    private static let boxForms: [Form] = [
        ("id", "id", isID), ("ip", "IP address or host name", isHost), ("url", "http or https URL", isWebURL),
        ("desktopUrl", "http or https URL", isWebURL),
    ]

    private static let answerForms: [Form] =
        boxForms + [
            ("promptId", "id", isID), ("viewerUrl", "http or https URL", isWebURL),
            ("machineIp", "IP address or host name", isHost), ("sshUser", "user name", isUser),
        ]

    private static func problem(in json: JSON, _ forms: [Form]) -> String? {
        for form in forms {
            switch json[form.name] {
            case .string(let text) where !text.isEmpty && !form.isValid(text):
                return "its \(form.name) \"\(text.prefix(80))\" is not a valid \(form.what)"
            case .escapedString: return "its \(form.name) is not a valid \(form.what)"
            default: break
            }
        }
        return nil
    }
}
