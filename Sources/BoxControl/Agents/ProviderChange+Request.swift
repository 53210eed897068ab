import BoxModel
import BoxStore
import FoundationEssentials

/// What the body of `PUT /providers/{name}` asks for.
extension ProviderChange {
    /// Four of its characters are shown, and all of them are looked for in what agents say.
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
        // With the model that stays, where only the effort is given, the agent has the last word.
        let models = try ModelChoice.models(body, of: provider)
        try ModelChoice.checkEffort(body, among: models)
        guard apiKey != nil || isDefault || !["baseUrl", "model", "reasoningEffort"].allSatisfy(body.isAbsent) else {
            throw APIError(
                .noChanges, "nothing to change: give apiKey, baseUrl, model, reasoningEffort or isDefault")
        }
    }

    /// It becomes a variable's value and a header's, and is looked for in what agents say: no quote, no escape.
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
            // It isn't shown: a password may be in it.
            throw APIError(
                .invalidBaseURL,
                "baseUrl is not valid: use an http or https URL without a user, a query and a fragment, "
                    + "such as https://models.example.com/v1")
        }
    }
}
