import BoxClient
import BoxModel

/// The login through a browser: `box login` without a key begins it, and `box onboard` completes it.
struct BrowserLogin: Sendable {
    let context: Context
    private static let pollInterval = Duration.seconds(1)
    /// Servers end a login earlier.
    private static let maximumPolls = 1800

    /// Begins one, and remembers it for `box onboard`.
    ///
    /// - Returns: nil where the server has no such login.
    func start(at origin: Origin) async throws -> (PendingLogin, code: String?)? {
        do {
            let started = try await context.client(origin: origin, apiKey: nil).startLogin(
                machine: context.world.machine)
            let login = PendingLogin(origin: origin, url: started.url, pollToken: started.pollToken)
            try login.save(context.paths)
            return (login, started.code)
        } catch BoxError.api(let failure) where [404, 405, 501].contains(failure.status) {
            return nil
        } catch BoxError.invalidResponse(_, let status, _) where [404, 405].contains(status) {
            return nil
        }
    }

    static func unavailable(at origin: Origin) -> CommandError {
        CommandError(
            "\(origin) offers no login through a browser. run `box login KEY`, or `box login -` with the key on standard input",
            status: .authentication)
    }

    /// What programs get: somebody has to open the address before `box onboard` can complete the login.
    func announce(_ login: PendingLogin, code: String?) throws {
        var object = JSONObject([
            ("event", "login_url"), ("url", .string(login.url)), ("pollToken", .string(login.pollToken)),
            ("nextCommand", "box onboard --json"),
            (
                "instruction",
                "Ask the person to open url and to confirm there. When the page says that it is confirmed, run nextCommand."
            ),
        ])
        if let code { object["code"] = .string(code) }
        try context.emitter.result(.object(object)) { style in
            "open this address and confirm:\n\n  \(style.bold(Text.clean(login.url)))\n\n"
                + (code.map { "the page shows the code \(style.bold(Text.clean($0))). " } ?? "")
        }
    }

    /// Waits until somebody has confirmed, and stores the key.
    func complete(_ login: PendingLogin) async throws {
        context.emitter.statusLine.show("waiting for the confirmation in the browser")
        let client = context.client(origin: login.origin, apiKey: nil)
        let completed = try await poll(login, client)
        let key = try Settings.usable(completed.token, from: "that the server sent")
        try context.store(key: key, origin: login.origin)
        PendingLogin.forget(context.paths)
        try context.showLogin(user: completed.user, origin: login.origin, key: key)
    }

    private func poll(_ login: PendingLogin, _ client: BoxClient) async throws -> CompletedLogin {
        for _ in 0..<Self.maximumPolls {
            if let completed = try await pollOnce(login, client) { return completed }
            try await context.world.pause(Self.pollInterval)
        }
        throw CommandError(
            "nobody has confirmed the login. begin another one with `box login`", status: .authentication)
    }

    /// A server that is away for a moment is asked again; what it refuses is over.
    private func pollOnce(_ login: PendingLogin, _ client: BoxClient) async throws -> CompletedLogin? {
        do {
            return try await client.pollLogin(login.pollToken)
        } catch let error as BoxError where error.mayPass {
            return nil
        } catch BoxError.api(let failure) {
            PendingLogin.forget(context.paths)
            let words =
                failure.message.map(ServerText.sentence)
                ?? "this login isn't waiting any more: start another one with `box login`"
            throw CommandError(words, status: .authentication)
        }
    }
}

extension Context {
    /// Makes a key the one that counts.
    func store(key: String, origin: Origin) throws {
        try config.update {
            $0.apiURL = origin.description
            $0.token = key
        }
    }

    /// Says who is logged in now.
    func showLogin(user: JSON?, origin: Origin, key: String) throws {
        try emitter.result(["event": "login_complete", "data": ["user": user ?? .null]]) { style in
            let name = user?["login"]?.string ?? user?["email"]?.string
            return "logged in at \(origin)" + (name.map { " as \(style.bold(Text.clean($0)))" } ?? "") + "\n"
        }
        let override = world.environment["BOX_API_KEY"] ?? ""
        if !override.isEmpty, override != key {
            emitter.notice("BOX_API_KEY is set to another key, which goes before the stored one")
        }
    }
}
