import BoxModel

/// A login through a browser that was started.
public struct StartedLogin: APIAnswer {
    public let json: JSON
    /// The address to open in the user's browser.
    public let url: String
    /// The token for ``BoxClient/pollLogin(_:)``; a secret.
    public let pollToken: String
    /// The code that the page also shows, where the server has codes.
    public var code: String? { json["code"]?.string }
    /// The lifetime of the login in seconds.
    public var expiresIn: Int? { json["expiresIn"]?.int }
}

/// A login that the user has confirmed.
public struct CompletedLogin: Sendable, Equatable {
    /// The new API key.
    public let token: String
    /// The account of the key, when the server sends it.
    public let user: JSON?
}

extension BoxClient {
    /// Starts a login through a browser. `POST /api/box/auth/start`, without a key.
    ///
    /// - Parameter machine: the name of this machine, to show on the page.
    /// - Throws: ``BoxError/api(_:)`` with status 404 where a server has no such login.
    public func startLogin(machine: String) async throws -> StartedLogin {
        let json = try await send(.login("/start", ["machine": .string(machine)]))
        guard let path = json["path"]?.string ?? json["url"]?.string, let token = json["pollToken"]?.string else {
            throw unexpectedShape("it has no address or no pollToken")
        }
        // A path is relative to the requested server, by the address used here.
        let url = path.hasPrefix("/") ? configuration.origin.description + path : path
        guard ServerForm.isWebURL(url) else { throw unexpectedShape("its address is not a valid http or https URL") }
        return StartedLogin(json: json, url: url, pollToken: token)
    }

    /// Asks once whether the user has confirmed a login. `POST /api/box/auth/poll`, without a key.
    ///
    /// - Returns: nil when it isn't confirmed yet.
    public func pollLogin(_ pollToken: String) async throws -> CompletedLogin? {
        let json = try await send(.login("/poll", ["pollToken": .string(pollToken)]))
        guard let token = json["token"]?.string, !token.isEmpty else { return nil }
        return CompletedLogin(token: token, user: json["user"])
    }
}

extension APICall {
    fileprivate static func login(_ path: String, _ body: JSON) -> APICall {
        var call = APICall(method: .post, path: path, body: body)
        call.base = APIPath.loginPrefix
        call.needsKey = false
        return call
    }
}
