import BoxClient
import BoxModel

/// The message for an API error: the server's own, else one for the code, else code and status.
enum APIMessage {
    static func text(for failure: APIFailure) -> String {
        // When the server names a route, the operation doesn't exist, and it isn't about a box.
        if failure.code == .notFound, failure.details?["route"] == nil { return Failure.notFoundMessage }
        var text =
            failure.message.map(ServerText.sentence) ?? meaning(of: failure.code)
            ?? "\(failure.code.rawValue) (HTTP \(failure.status))"
        if let url = helpURL(failure), !text.contains(url) { text += " See \(url)" }
        // Servers' messages are about headers, which users of this program don't write.
        if failure.status == 401, failure.message != nil { text = text.followed(by: loginAdvice, after: ";") }
        return text
    }

    private static let loginAdvice = "log in with `box login KEY`, or set BOX_API_KEY"

    private static func meaning(of code: ErrorCode) -> String? {
        switch code {
        case .unauthorized: "unauthorized (401). log in with `box login KEY`"
        case .forbidden: "forbidden (403). this key may not do that"
        case .accountNotReady: "account not ready. finish setting up the account in the dashboard"
        case .methodNotAllowed: "method not allowed. this server doesn't know the operation"
        case .fileNotFound: "file not found (404). check the path: without a leading slash it starts at /home/user"
        case .invalidPath: "invalid path. use one under /home/user or /tmp"
        case .machineNotRunning: "the box is not running"
        case .rateLimited: "rate limited. wait a minute and try again"
        default: nil
        }
    }

    static func hint(for failure: APIFailure) -> String? {
        switch failure.code {
        case .limitReached: "stop a box with `box stop ID`, or delete one with `box delete ID`"
        case .providerRequired, .providerNotConfigured:
            "set one up with `box provider set \(provider(failure))`, or see what is with `box provider list`"
        default: nil
        }
    }

    /// The provider that an error is about.
    private static func provider(_ failure: APIFailure) -> String {
        let named = (failure.details?["provider"] ?? failure.body["provider"])?.string
        return (named.flatMap(AgentCatalog.provider) ?? AgentCatalog.codex).name
    }

    /// The page on which the user can solve the problem.
    private static func helpURL(_ failure: APIFailure) -> String? {
        for source in [failure.details, failure.body] {
            for name in ["billingUrl", "setupUrl", "dashboardUrl"] {
                if let page = source?[name]?.string.flatMap(ServerText.page) { return page }
            }
        }
        return nil
    }
}

extension String {
    /// Appends advice. Only a text without a full stop gets the mark before the advice.
    func followed(by advice: String, after mark: String = ".") -> String {
        hasSuffix(".") ? "\(self) \(advice)" : "\(self)\(mark) \(advice)"
    }
}
