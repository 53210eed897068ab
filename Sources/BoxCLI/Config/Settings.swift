import BoxClient
import BoxModel

/// The configuration that counts for this run: flag, else environment, else file, else default.
struct Settings: Sendable, Equatable {
    /// As configured; nil when only the default is left.
    let apiURL: String?
    let token: String?
    let channel: String?
    /// Whether the token is the environment's and not the file's.
    let hasTokenOfEnvironment: Bool

    init(flag: String?, environment: [String: String], file: ConfigFile) {
        func variable(_ name: String) -> String? {
            guard let value = environment[name].map(Self.trimmed), !value.isEmpty else { return nil }
            return value
        }
        apiURL = flag ?? variable("BOX_API_URL") ?? file.apiURL
        let key = variable("BOX_API_KEY")
        token = key ?? file.token
        hasTokenOfEnvironment = key != nil
        channel = file.channel
    }

    /// - Throws: ``BoxError/invalidOrigin(_:)``.
    func origin() throws -> Origin {
        guard let apiURL else { return .hosted }
        return try Origin(apiURL)
    }

    /// The token, if there is one, where it can be a header's value.
    ///
    /// - Parameter path: the configuration file's, for people.
    func usableToken(path: String) throws -> String? {
        let source = hasTokenOfEnvironment ? "in BOX_API_KEY" : "in \(path)"
        return try token.map { try Self.usable($0, from: source) }
    }

    /// The key itself. The error says where it is from and never what it is.
    static func usable(_ key: String, from source: String) throws(CommandError) -> String {
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandError("the API key \(source) has characters that no key has. copy it again, as one word")
        }
        return key
    }

    /// What is configured, for people and programs: a user name or password in it isn't shown.
    var shownURL: String? {
        guard let apiURL else { return nil }
        return (try? Origin(apiURL))?.description ?? Origin.withoutCredentials(apiURL)
    }

    static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = \.isWhitespace
        guard let last = text.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(text[...last].drop(while: isSpace))
    }
}
