import BoxClient
import BoxModel

/// The login through a browser. `box login` without a key starts it, and `box onboard` completes it.
struct BrowserLogin: Sendable {
    let context: Context
    private static let pollInterval = Duration.seconds(1)
    /// In seconds, when the server doesn't send a lifetime.
    private static let lifetime = 600
    /// How many polls in a row may fail; they are a second or more apart.
    private static let maximumFailures = 60

    /// Starts a login and stores it for `box onboard`.
    ///
    /// - Returns: nil when the server has no login through a browser.
    func start(at origin: Origin) async throws -> (PendingLogin, code: String?)? {
        do {
            let started = try await context.client(origin: origin, apiKey: nil).startLogin(
                machine: context.dependencies.machine)
            let lifetime = Int64(min(max(started.expiresIn ?? Self.lifetime, 1), 86400))
            let login = PendingLogin(
                origin: origin, url: started.url, pollToken: started.pollToken,
                expires: Timestamp(milliseconds: context.dependencies.now().milliseconds + lifetime * 1000))
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

    /// Outputs the address, which a user must open before `box onboard` can complete the login.
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

    static let expired = CommandError(
        "this login isn't waiting any more: start another one with `box login`", status: .authentication)

    /// Waits until the user has confirmed, and stores the key.
    ///
    /// - Returns: false when the login has expired.
    func complete(_ login: PendingLogin) async throws -> Bool {
        context.emitter.statusLine.show("waiting for the confirmation in the browser")
        let client = try context.client(origin: login.origin, apiKey: nil)
        var failures = 0
        while context.dependencies.now() < login.expires {
            do {
                if let completed = try await client.pollLogin(login.pollToken) {
                    try finish(login, completed)
                    return true
                }
                failures = 0
            } catch let error as BoxError where error.isTransient && failures < Self.maximumFailures {
                failures += 1
            } catch BoxError.api(let failure) where failure.status < 500 {
                login.forget(context.paths)
                if failure.code == .loginExpired || failure.status == 404 { return false }
                let words = failure.message.map(ServerText.sentence) ?? "the login was refused"
                throw CommandError(words, status: .authentication)
            }
            try await context.dependencies.pause(Self.pollInterval)
        }
        login.forget(context.paths)
        return false
    }

    private func finish(_ login: PendingLogin, _ completed: CompletedLogin) throws {
        let key = try Settings.usable(completed.token, from: "that the server sent")
        try context.store(key: key, origin: login.origin)
        login.forget(context.paths)
        try context.showLogin(user: completed.user, origin: login.origin, key: key)
    }
}

extension Context {
    /// Stores a key and its server in the configuration.
    func store(key: String, origin: Origin) throws {
        try config.update { $0.store(key, of: origin) }
    }

    /// Shows who is logged in now.
    func showLogin(user: JSON?, origin: Origin, key: String) throws {
        try emitter.result(["event": "login_complete", "data": ["user": user ?? .null]]) { style in
            let name = user?["login"]?.string ?? user?["email"]?.string
            return "logged in at \(origin)" + (name.map { " as \(style.bold(Text.clean($0)))" } ?? "") + "\n"
        }
        let override = dependencies.environment["BOX_API_KEY"] ?? ""
        if !override.isEmpty, override != key {
            emitter.notice("BOX_API_KEY is set to another key, which goes before the stored one")
        }
    }
}
