import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `/api-keys`: an account's keys. A key's secret is only in the response that creates it.
struct APIKeyRoutes {
    let keys: KeyStore

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/api-keys", [.get: list, .post: create])
        router.route("/api-keys/:key", [.delete: delete])
        router.route("/api-keys/:key/rotate", [.post: rotate])
    }

    @Sendable private func list(_ request: Request, _ context: BoxdContext) async throws -> Response {
        .success("api_key.list", try await members(context))
    }

    @Sendable private func create(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let name = try await context.body(of: request).body.name() ?? "API key"
        let key = try await keys.create(name: name, account: context.requireAccount())
        // Clients generated from the hosted service's description read the secret only from a 201.
        return .success(
            "api_key.created", try await members(context, issued: key.id, secret: key.secret), status: .created)
    }

    @Sendable private func rotate(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let id = context.keyID
        guard let secret = try await keys.rotate(id, account: context.requireAccount()) else { throw Self.notFound(id) }
        return .success("api_key.rotated", try await members(context, issued: id, secret: secret))
    }

    @Sendable private func delete(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let id = context.keyID
        guard try await keys.delete(id, account: context.requireAccount()) else { throw Self.notFound(id) }
        return .success("api_key.deleted", try await members(context))
    }

    private func members(_ context: BoxdContext, issued: String? = nil, secret: String? = nil) async throws
        -> JSONObject
    {
        let rows = try await keys.list(context.requireAccount())
        var object: JSONObject = ["apiKeys": .array(rows.map(\.json))]
        if let issued, let secret {
            object["apiKey"] = rows.first { $0.id == issued }?.json ?? .null
            object["secret"] = .string(secret)
        }
        return object
    }

    private static func notFound(_ id: String) -> APIError {
        APIError(
            .notFound, "API key \(id.prefix(64)) not found",
            details: ["apiKeyId": .string(String(id.prefix(64)))])
    }
}

extension BoxdContext {
    fileprivate var keyID: String { parameters.get("key") ?? "" }
}
