import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `/api/box/auth`: the login through a browser, for clients that have no key yet.
struct LoginRoutes {
    let logins: LoginService

    func add(to router: Router<BoxdContext>) {
        let auth = router.group(RouterPath(APIPath.loginPrefix))
        auth.route("/start", [.post: start])
        auth.route("/poll", [.post: poll])
        auth.route("/confirm", [.get: page, .post: answer])
    }

    @Sendable private func start(_ request: Request, _ context: BoxdContext) async throws -> Response {
        // Otherwise web pages could use up all pending logins.
        guard isSameOrigin(request) else {
            throw APIError(.forbidden, "a login can't be started by another page: use `box login`")
        }
        let name = try await context.body(of: request).body.string("machine") ?? ""
        let login = try await logins.start(machine: Self.shown(name))
        return .success(
            "login.started",
            [
                "path": .string("\(APIPath.loginPrefix)/confirm?state=\(login.state)"),
                "pollToken": .string(login.pollToken), "code": .string(login.code),
                "expiresIn": JSON(Int(LoginService.lifetime.components.seconds)),
            ])
    }

    /// The reported name of a machine with only printable characters, because sending it needs no authentication.
    private static func shown(_ name: String) -> String {
        let scalars = name.unicodeScalars.prefix(100).filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
            default: true
            }
        }
        let text = String(String.UnicodeScalarView(scalars)).trimmed
        return text.isEmpty ? "Another machine" : text
    }

    @Sendable private func poll(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let token = try await context.body(of: request).body.string("pollToken") ?? ""
        guard let outcome = try await logins.poll(token) else {
            throw APIError(
                .loginExpired, "this login isn't waiting any more: start another one with `box login`")
        }
        switch outcome {
        case .pending: return .success("login.pending")
        case .denied: throw APIError(.loginDenied, "the login was denied in the browser")
        case .confirmed(let account, let secret):
            return .success(
                "login.complete",
                [
                    "token": .string(secret),
                    "user": ["login": .string(account.login), "email": .string(account.email)],
                ])
        }
    }

    private static let gone = LoginPage.message(
        "No login is waiting here", "It has expired or was answered already. Start another one with: box login",
        status: .notFound)

    @Sendable private func page(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let state = try request.query("state", code: .invalidRequest) ?? ""
        guard let login = await logins.find(state: state) else { return Self.gone }
        return LoginPage.question(login, state: state)
    }

    @Sendable private func answer(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let form = Form(try await context.bytes(of: request, limit: BoxdContext.maximumBodySize))
        let state = form["state"] ?? ""
        guard isSameOrigin(request) else {
            return LoginPage.message(
                "Not from this page", "The answer came from another page. Open the address again, and answer there.",
                status: .forbidden)
        }
        guard await logins.find(state: state) != nil else { return Self.gone }
        guard form["answer"] == "confirm" else {
            await logins.deny(state: state)
            return LoginPage.message("Denied", "The other machine got nothing. You can close this page.")
        }
        if try await logins.confirm(state: state, secret: (form["key"] ?? "").trimmed) {
            return LoginPage.message("Confirmed", "The other machine is logged in. You can close this page.")
        }
        guard let login = await logins.find(state: state) else { return Self.gone }
        return LoginPage.question(login, state: state, problem: "That is not a valid API key.")
    }

    /// Whether a form was sent by a page of this server. Browsers send the origin of a form in one of two headers.
    /// Other programs don't have to.
    private func isSameOrigin(_ request: Request) -> Bool {
        if let site = request.headers[.init("Sec-Fetch-Site")!] { return site == "same-origin" }
        guard let origin = request.headers[.origin], let authority = request.head.authority else { return true }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }
}

/// The fields of a form (`application/x-www-form-urlencoded`).
struct Form {
    private var fields: [String: String] = [:]

    init(_ bytes: [UInt8]) {
        for pair in String(decoding: bytes, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = FormEncoding.decode(parts[0]) else { continue }
            fields[name] = parts.count > 1 ? FormEncoding.decode(parts[1]) : ""
        }
    }

    subscript(name: String) -> String? { fields[name] }
}
