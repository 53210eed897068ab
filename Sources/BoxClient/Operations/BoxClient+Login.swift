import BoxModel

/// A login through a browser that has begun.
public struct StartedLogin: APIAnswer {
    public let json: JSON
    /// For the person's browser.
    public let url: String
    /// For ``BoxClient/pollLogin(_:)``; a secret.
    public let pollToken: String
    /// What the page shows too, where the server has codes.
    public var code: String? { json["code"]?.string }
    /// In seconds.
    public var expiresIn: Int? { json["expiresIn"]?.int }
}

/// A login that a person has confirmed.
public struct CompletedLogin: Sendable, Equatable {
    /// The new API key.
    public let token: String
    /// Whose key it is, where the server says.
    public let user: JSON?
}

extension BoxClient {
    /// Begins a login through a browser. `POST /api/box/auth/start`, without a key.
    ///
    /// - Parameter machine: what the page calls this machine.
    /// - Throws: ``BoxError/api(_:)`` with status 404 where a server has no such login.
    public func startLogin(machine: String) async throws -> StartedLogin {
        let json = try await send(.login("/start", ["machine": .string(machine)]))
        guard let path = json["path"]?.string ?? json["url"]?.string, let token = json["pollToken"]?.string else {
            throw unexpectedShape("it has no address or no pollToken")
        }
        // A path is of the server that was asked, however it is reached from here.
        let url = path.hasPrefix("/") ? configuration.origin.description + path : path
        guard ServerForm.isWebURL(url) else { throw unexpectedShape("its address is not a valid http or https URL") }
        return StartedLogin(json: json, url: url, pollToken: token)
    }

    /// Asks once whether a person has confirmed a login. `POST /api/box/auth/poll`, without a key.
    ///
    /// - Returns: nil while nobody has.
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
