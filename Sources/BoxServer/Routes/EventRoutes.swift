import BoxModel
import HTTPTypes
import Hummingbird

/// `GET /boxes/{id}/events`.
///
/// Beyond the API's cursors it takes conditional requests: the `ETag` stands for all of a box's events, and a request with
/// `If-None-Match` is answered 304 when nothing has changed since, with `Prefer: wait=SECONDS` (RFC 7240) only after so long.
/// That makes following quick without asking often.
struct EventRoutes {
    let boxes: BoxService
    let events: EventService

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes/:id/events", [.get: list])
    }

    @Sendable private func list(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        let page = try PageRequest(request)
        let types = try Self.types(request.uri.queryParameters["type"])
        let id = try await boxes.get(context.boxID(), account).id
        let known = request.headers[.ifNoneMatch].flatMap(Self.revision(ofTag:))
        let wait = request.secondsToWait
        if let known, let wait {
            try await events.waitForChange(of: id, from: known, for: .seconds(wait))
            // It can have been deleted meanwhile.
            _ = try await boxes.get(id, account)
        }
        let (rows, hasMore, revision) = try await events.store.page(page, box: id, types: types)
        var response =
            known == revision
            ? Response(status: .notModified)
            : .success(
                "events.list",
                [
                    "id": .string(id), "events": .array(rows.map(\.json)),
                    "pageInfo": page.info(
                        rows.last.map { PageCursor(moment: $0.timestamp, id: $0.id) }, hasMore: hasMore),
                ])
        response.headers[.eTag] = "\"\(revision)\""
        if wait != nil { response.headers[.init("Preference-Applied")!] = "wait" }
        return response
    }

    /// Types that nobody knows are no error: there are just no events of them.
    private static func types(_ text: Substring?) throws -> [String] {
        let types = (text ?? "").split(separator: ",").map { String($0).trimmed }
        guard types.count <= 50, types.allSatisfy({ (1...64).contains($0.utf8.count) }) else {
            throw APIError(
                .badRequest, .invalidType, "type is not valid: use names such as prompt,response, separated by commas")
        }
        return types
    }

    /// The first number in the tag: proxies that compress make `W/"5"` or `"5-gzip"` of `"5"`.
    private static func revision(ofTag tag: String) -> Int64? {
        Int64(tag.drop { !$0.isNumber }.prefix { $0.isNumber })
    }
}
