import BoxClient
import BoxModel

/// The effective configuration of this run: from an option, else the environment, else the file, else the default.
struct Settings: Sendable, Equatable {
    /// The source of a value.
    enum Source: Sendable, Equatable {
        case option(String)
        case variable(String)
        case file
    }

    struct Value: Sendable, Equatable {
        let text: String
        let source: Source
    }

    /// As configured; nil when only the default is left. `key` and `updateChannel` have no default.
    let url: Value?
    let key: Value?
    let updateChannel: Value?
    /// The only server that gets a stored key. Nil for a key from the environment, which is for the configured server.
    let keyOrigin: String?
    /// The absolute path of a CA's certificates for HTTPS; nil for the system's.
    let caFile: String?

    /// - Parameters:
    ///   - flag: the server's address from the option.
    ///   - configDirectory: the base of relative paths in the file.
    init(
        flag: String?, caFile: String? = nil, environment: [String: String], file: ConfigFile,
        configDirectory: String = "/"
    ) {
        func variable(_ name: String) -> Value? {
            guard let text = environment[name].map(Self.trimmed), !text.isEmpty else { return nil }
            return Value(text: text, source: .variable(name))
        }
        func inFile(_ text: String?) -> Value? { text.map { Value(text: $0, source: .file) } }
        url =
            flag.map { Value(text: $0, source: .option("--api-url")) } ?? variable("BOX_API_URL") ?? inFile(file.apiURL)
        key = variable("BOX_API_KEY") ?? inFile(file.token)
        keyOrigin = key?.source == .file ? file.tokenOrigin : nil
        updateChannel = inFile(file.channel)
        // The last two variables are for all programs, so settings for this program come first.
        self.caFile =
            caFile ?? file.caFile.map { $0.hasPrefix("/") ? $0 : "\(configDirectory)/\($0)" }
            ?? variable("CURL_CA_BUNDLE")?.text ?? variable("SSL_CERT_FILE")?.text
    }

    var apiURL: String? { url?.text }
    var channel: String? { updateChannel?.text }

    /// - Throws: ``BoxError/invalidOrigin(_:)``.
    func origin() throws -> Origin {
        guard let apiURL else { return .hosted }
        return try Origin(apiURL)
    }

    /// The server that the stored key is for, in a form to show. Nil when it is the configured server.
    var otherKeyOrigin: String? {
        guard let keyOrigin, let origin = try? origin(), (try? Origin(keyOrigin)) != origin else { return nil }
        return (try? Origin(keyOrigin))?.description ?? Origin.withoutCredentials(keyOrigin)
    }

    /// Whether there is a key for the configured server.
    var isLoggedIn: Bool { key != nil && otherKeyOrigin == nil }

    /// The token, if there is one, when it is valid as a header's value.
    ///
    /// - Parameter path: the configuration file's, for error messages.
    /// - Throws: also when the token is for another server.
    func usableToken(path: String) throws -> String? {
        if let other = otherKeyOrigin {
            let origin = try origin()
            throw CommandError(
                "the stored API key is for \(other), so it isn't sent to \(origin). log in there with "
                    + "`box login --api-url \(origin)`, or set BOX_API_KEY", status: .authentication)
        }
        return try key.map { key in
            let source = if case .variable(let name) = key.source { name } else { path }
            return try Self.usable(key.text, from: "in \(source)")
        }
    }

    /// Returns the key if it is valid. The error names the key's source and never the key.
    static func usable(_ key: String, from source: String) throws(CommandError) -> String {
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandError("the API key \(source) has characters that no key has. copy it again, as one word")
        }
        return key
    }

    /// The configured server in a form to show, without a user name or password.
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
