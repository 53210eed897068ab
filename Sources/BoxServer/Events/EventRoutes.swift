import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `GET /boxes/{id}/events`.
///
/// In addition to the API's cursors it supports conditional requests. The `ETag` is that of all events of the box. A
/// request with `If-None-Match` gets 304 when nothing has changed since. With `Prefer: wait=SECONDS` (RFC 7240) it gets
/// 304 only after that time, so clients can follow events quickly without frequent polls.
struct EventRoutes {
    let boxes: BoxService
    let events: EventService

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes/:id/events", [.get: list])
    }

    @Sendable private func list(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        let page = try PageRequest(request)
        let types = try Self.types(request.query("type", code: .invalidType))
        let id = try await boxes.get(context.boxID(), account).id
        let known = request.headers[.ifNoneMatch].map(Self.bare)
        let wait = request.secondsToWait
        if let known, let wait {
            try await events.waitForChange(of: id, from: known, for: .seconds(wait))
            // The box may have been deleted meanwhile.
            _ = try await boxes.get(id, account)
        }
        let (rows, hasMore, revision) = try await events.store.page(page, box: id, types: types)
        let tag = EventService.tag(of: id, at: revision)
        var response =
            known == tag
            ? Response(status: .notModified)
            : .success(
                "events.list",
                [
                    "id": .string(id), "events": .array(rows.map(\.json)),
                    "pageInfo": page.info(
                        rows.last.map { PageCursor(moment: $0.timestamp, id: $0.id) }, hasMore: hasMore),
                ])
        response.headers[.eTag] = "\"\(tag)\""
        if wait != nil { response.headers[.init("Preference-Applied")!] = "wait" }
        return response
    }

    /// Parses the types. Unknown types are no error, there are just no events of them.
    private static func types(_ text: String?) throws -> [String] {
        let types = (text ?? "").split(separator: ",").map { String($0).trimmed }
        guard types.count <= 50, types.allSatisfy({ (1...64).contains($0.utf8.count) }) else {
            throw APIError(
                .invalidType, "type is not valid: use names such as prompt,response, separated by commas")
        }
        return types
    }

    /// The digits of a tag. A proxy that compresses changes `"5f"` to `W/"5f"` or `"5f-gzip"`.
    private static func bare(_ tag: String) -> String {
        String(tag.drop { !$0.isHexDigit }.prefix { $0.isHexDigit })
    }
}
