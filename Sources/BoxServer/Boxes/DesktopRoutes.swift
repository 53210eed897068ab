import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `POST /boxes/{id}/desktop`. Boxes have no desktop yet, so a valid request gets an error.
struct DesktopRoutes {
    let boxes: BoxService

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes/:id/desktop", [.post: desktop])
    }

    @Sendable private func desktop(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let row = try await boxes.get(context.boxID(), context.requireAccount())
        _ = try await context.body(of: request).body.bool("publicAccess")
        _ = try Self.parameter("vnc", of: request, values: ["1", "true", "0", "false"])
        _ = try Self.parameter("theme", of: request, values: ["light", "dark"])
        try row.requireRunning()
        throw APIError(
            .desktopNotReady, "box \(row.id) has no desktop: this server's boxes have none yet",
            details: ["boxId": .string(row.id)])
    }

    private static func parameter(_ name: String, of request: Request, values: [String]) throws -> String? {
        guard let text = try request.query(name, code: .invalidRequest) else { return nil }
        guard values.contains(text) else {
            throw APIError(
                .invalidRequest,
                "\(name) \"\(text.prefix(32))\" is not valid: use \(values.joined(separator: ", "))")
        }
        return text
    }
}
