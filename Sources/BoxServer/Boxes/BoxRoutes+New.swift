import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

extension BoxRoutes {
    @Sendable func create(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (body, bytes) = try await context.body(of: request)
        let options = try CreateRequest(body)
        let row = try await boxes.create(
            options, account: context.requireAccount(),
            idempotency: boxes.idempotency(request.idempotencyKey, operation: "create", body: bytes))
        return .success(
            "box.created", ["status": "provisioning", "ttlSeconds": JSON(options.ttlSeconds), "box": row.json],
            status: .accepted)
    }
}
