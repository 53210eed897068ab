import BoxControl
import BoxModel
import BoxStore
import Hummingbird

/// `GET /me` and `GET /limits`.
struct AccountRoutes {
    let boxes: BoxService

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/me", [.get: me])
        router.route("/limits", [.get: limits])
    }

    @Sendable private func me(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        return .success("user.info", ["user": ["login": .string(account.login), "email": .string(account.email)]])
    }

    @Sendable private func limits(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        let usage = try await boxes.store.usage(of: account.id, boxes.limits)
        return .success("limits.info", usage.json)
    }
}
