import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

extension BoxActionRoutes {
    @Sendable func stop(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (body, _) = try await context.body(of: request)
        let force = try body.bool("force") ?? false
        let seconds = try body.integer("timeoutSeconds", 0...Self.longestGrace, code: .invalidTimeout)
        let row = try await boxes.stop(
            context.boxID(), context.requireAccount(), grace: force ? .zero : seconds.map { .seconds($0) })
        return Self.action("box.stopping", "archiving", row)
    }
}
