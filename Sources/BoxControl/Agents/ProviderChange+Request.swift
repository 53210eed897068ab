import BoxModel
import BoxStore
import FoundationEssentials

/// The parsed body of `PUT /providers/{name}`.
extension ProviderChange {
    /// Four characters of a key are shown, and agents' output is searched for the whole key.
    static let shortestKey = 8
    static let longestKey = 4096
    static let longestURL = 2048

    package init(_ body: JSONBody, for provider: AgentCatalog.Provider) throws {
        func value(_ key: String, _ code: ErrorCode) throws -> Value {
            body.isAbsent(key) ? .keep : .set(try body.string(key, code: code))
        }
        self.init(
            apiKey: try body.string("apiKey", code: .invalidAPIKey), baseURL: try value("baseUrl", .invalidBaseURL),
            model: try value("model", .invalidModel),
            reasoningEffort: try value("reasoningEffort", .invalidReasoningEffort),
            isDefault: try body.bool("isDefault") ?? false)
        if let apiKey { try Self.check(key: apiKey) }
        if case .set(let url?) = baseURL { try Self.check(url: url) }
        // Without a model, the effort is checked against all models of the provider. The agent refuses an effort that
        // the stored model lacks.
        let models = try ModelChoice.models(body, of: provider)
        try ModelChoice.checkEffort(body, among: models)
        guard apiKey != nil || isDefault || !["baseUrl", "model", "reasoningEffort"].allSatisfy(body.isAbsent) else {
            throw APIError(
                .noChanges, "nothing to change: give apiKey, baseUrl, model, reasoningEffort or isDefault")
        }
    }

    /// The key becomes an environment variable, a header, and a search text in agents' output. So it must contain no
    /// quote and no backslash.
    private static func check(key: String) throws {
        guard (shortestKey...longestKey).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        else {
            throw APIError(
                .invalidAPIKey,
                "apiKey has to have \(shortestKey) to \(longestKey) visible ASCII characters, none of them a quote or a backslash"
            )
        }
    }

    private static func check(url: String) throws {
        let isPlain = url.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"\"\\'<>`{}|^".utf8.contains($0) }
        guard isPlain, url.utf8.count <= longestURL, let parts = URLComponents(string: url),
            ["http", "https"].contains(parts.scheme), parts.host?.isEmpty == false, parts.user == nil,
            parts.password == nil, parts.query == nil, parts.fragment == nil
        else {
            // The message doesn't contain the URL, because that may contain a password.
            throw APIError(
                .invalidBaseURL,
                "baseUrl is not valid: use an http or https URL without a user, a query and a fragment, "
                    + "such as https://models.example.com/v1")
        }
    }
}
