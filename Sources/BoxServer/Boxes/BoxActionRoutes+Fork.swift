import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

extension BoxActionRoutes {
    @Sendable func fork(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (body, bytes) = try await context.body(of: request)
        let id = try context.boxID()
        let key = try boxes.idempotency(request.idempotencyKey, operation: "fork \(id)", body: bytes)
        let row = try await boxes.fork(id, CreateRequest(body), account: context.requireAccount(), idempotency: key)
        return Self.action("box.forking", "forking", row)
    }
}
