import BoxModel

/// Removes secrets from URLs, for traces.
enum Redaction {
    /// Parts of the names of parameters whose values may grant access.
    private static let secretNames = ["token", "secret", "password", "key", "sig", "credential", "auth", "code"]

    /// The URL without a fragment, with `…` for each value of the query that may be a secret.
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

extension JSON {
    /// A copy with `…` wherever a text contains the secret.
    func hiding(_ secret: String) -> JSON {
        switch self {
        case .string(let text): return .string(text.hiding(secret))
        case .escapedString(let text): return .escapedString(text.hiding(secret))
        case .array(let elements): return .array(elements.map { $0.hiding(secret) })
        case .object(let object): return .object(JSONObject(object.members.map { ($0.key, $0.value.hiding(secret)) }))
        case .null, .bool, .number: return self
        }
    }
}

extension String {
    /// Shorter texts may be parts of other words, and aren't secrets.
    private static let shortestSecret = 6

    func hiding(_ secret: String) -> String {
        secret.utf8.count < Self.shortestSecret ? self : replacing(secret, with: "…")
    }
}

extension APIFailure {
    /// A copy without a secret that the server may have repeated from the request.
    func hiding(_ secret: String) -> APIFailure {
        APIFailure(
            code: code, status: status, message: message?.hiding(secret), requestID: requestID,
            details: details?.hiding(secret), retryAfter: retryAfter, body: body.hiding(secret))
    }
}
