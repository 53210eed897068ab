import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `/providers`: the account's settings for model providers, with their API keys.
struct ProviderRoutes {
    let providers: ProviderStore

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/providers", [.get: list])
        router.route("/providers/:provider", [.put: change, .delete: remove])
    }

    @Sendable private func list(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let rows = try await providers.all(of: context.requireAccount().id)
        let list = AgentCatalog.providers.map { provider in
            ProviderRow.json(of: provider, rows.first { $0.name == provider.name })
        }
        return .success("providers.list", ["providers": .array(list)])
    }

    @Sendable private func change(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount().id
        let provider = try Self.provider(context)
        let change = try ProviderChange(await context.body(of: request).body, for: provider)
        let row = try await providers.change(provider, of: account, change)
        return .success("provider.updated", ["provider": ProviderRow.json(of: provider, row)])
    }

    @Sendable private func remove(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount().id
        let provider = try Self.provider(context)
        _ = try await context.body(of: request)
        guard try await providers.remove(provider, of: account) else {
            throw APIError(
                .notFound, "\(provider.name) is not set up", details: ["provider": .string(provider.name)])
        }
        return .success("provider.deleted", ["provider": .string(provider.name), "status": "deleted"])
    }

    private static func provider(_ context: BoxdContext) throws -> AgentCatalog.Provider {
        try ModelChoice.provider(context.parameters.get("provider") ?? "")
    }
}
