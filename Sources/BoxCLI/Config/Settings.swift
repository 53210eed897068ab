import BoxClient
import BoxModel

/// The configuration that counts for this run: flag, else environment, else file, else default.
struct Settings: Sendable, Equatable {
    /// As configured; nil when only the default is left.
    let apiURL: String?
    let token: String?
    let channel: String?

    init(flag: String?, environment: [String: String], file: ConfigFile) {
        func variable(_ name: String) -> String? {
            guard let value = environment[name].map(Self.trimmed), !value.isEmpty else { return nil }
            return value
        }
        apiURL = flag ?? variable("BOX_API_URL") ?? file.apiURL
        token = variable("BOX_API_KEY") ?? file.token
        channel = file.channel
    }

    /// - Throws: ``BoxError/invalidOrigin(_:)``.
    func origin() throws -> Origin {
        guard let apiURL else { return .hosted }
        return try Origin(apiURL)
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
