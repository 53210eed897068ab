import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `/secrets`: the variables and files that every box of the account gets.
struct SecretRoutes {
    let secrets: SecretStore
    let boxes: BoxService
    /// How long a change waits for running boxes.
    let timeout: Duration

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/secrets", [.get: get, .post: replace])
    }

    @Sendable private func get(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        return Self.answer("secrets.info", account, try await secrets.setup(of: account.id))
    }

    @Sendable private func replace(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        let setup = try SecretsSetup(await context.body(of: request).body)
        try await secrets.replace(setup, of: account.id)
        let pushed = try await boxes.pushSecrets(of: account, within: timeout)
        return Self.answer("secrets.updated", account, setup, ["pushed": pushed.json])
    }

    private static func answer(
        _ type: String, _ account: Account, _ setup: SecretsSetup, _ more: JSONObject = JSONObject()
    ) -> Response {
        var members: JSONObject = ["success": true, "environmentId": .string(account.environmentID)]
        for (key, value) in setup.members.members + more.members { members[key] = value }
        return .success(type, members)
    }
}

extension Account {
    /// The id of the account's environment. Clients expect that secrets and repositories belong to one. Here it stands
    /// for the account itself.
    var environmentID: String { "env_" + id.drop { $0 != "_" }.dropFirst() }
}
