import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

extension BoxActionRoutes {
    @Sendable func resume(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let options = try CreateRequest(await context.body(of: request).body)
        return Self.action(
            "box.resuming", "resuming",
            try await boxes.resume(context.boxID(), options, account: context.requireAccount())
        )
    }
}
