import BoxClient
import BoxModel

/// The configuration that counts for this run: flag, else environment, else file, else default.
struct Settings: Sendable, Equatable {
    /// Where a value is from.
    enum Source: Sendable, Equatable {
        case option(String)
        case variable(String)
        case file
    }

    struct Value: Sendable, Equatable {
        let text: String
        let source: Source
    }

    /// As configured; nil when only the default is left. The other two have no default.
    let url: Value?
    let key: Value?
    let updateChannel: Value?
    /// The only server that gets a stored key; nil for one of the environment, which is for the server that counts.
    let keyOrigin: String?
    /// The file of a CA's certificates for HTTPS, a path that means the same in every directory; nil for the system's own.
    let caFile: String?

    /// - Parameters:
    ///   - flag: the server's address.
    ///   - configDirectory: what a relative path in the file is relative to.
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
        // The last two are for every program, so what is said to this one goes before them.
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

    /// The server that the stored key is of, for people, where it isn't the one that counts.
    var otherKeyOrigin: String? {
        guard let keyOrigin, let origin = try? origin(), (try? Origin(keyOrigin)) != origin else { return nil }
        return (try? Origin(keyOrigin))?.description ?? Origin.withoutCredentials(keyOrigin)
    }

    /// Whether there is a key for the server that counts.
    var isLoggedIn: Bool { key != nil && otherKeyOrigin == nil }

    /// The token, if there is one, where it can be a header's value.
    ///
    /// - Parameter path: the configuration file's, for people.
    /// - Throws: also when it is another server's.
    func usableToken(path: String) throws -> String? {
        if let other = otherKeyOrigin {
            let origin = try origin()
            throw CommandError(
                "the stored API key is for \(other), so it isn't sent to \(origin). log in there with "
                    + "`box login --api-url \(origin)`, or set BOX_API_KEY", status: .authentication)
        }
        return try key.map { key in
            let place = if case .variable(let name) = key.source { name } else { path }
            return try Self.usable(key.text, from: "in \(place)")
        }
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
