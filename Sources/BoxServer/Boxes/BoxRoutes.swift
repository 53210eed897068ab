import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `/boxes`, `/boxes/{id}` and the operations of deletions.
struct BoxRoutes {
    let boxes: BoxService
    let views: BoxViews

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes", [.get: list, .post: create])
        router.route("/boxes/:id", [.get: get, .patch: update, .delete: delete])
        router.route("/deletion-operations/:operation", [.get: deletionOperation])
    }

    @Sendable private func list(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let page = try PageRequest(request)
        let states = try Self.states(request.query("state", code: .invalidState))
        let (rows, hasMore) = try await boxes.store.page(page, states: states, account: context.requireAccount().id)
        let last = rows.last.map { PageCursor(moment: $0.createdAt, id: $0.id) }
        return .success("box.list", ["boxes": .array(rows.map(\.json)), "pageInfo": page.info(last, hasMore: hasMore)])
    }

    static func states(_ text: String?) throws -> [BoxState] {
        try (text ?? "").split(separator: ",").map { part in
            let state = BoxState(rawValue: String(part).trimmed)
            guard BoxState.all.contains(state) else {
                let valid = BoxState.all.map(\.rawValue).joined(separator: ", ")
                throw APIError(.invalidState, "state \"\(part.prefix(32))\" is not valid: use \(valid)")
            }
            return state
        }
    }

    @Sendable private func get(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let id = try context.boxID()
        let account = try context.requireAccount().id
        guard let view = try await views.find(id, account: account, at: context.databaseVersion) else {
            throw APIError.boxNotFound(id)
        }
        guard let seconds = request.secondsToWait else { return .json(bytes: view) }
        let known = request.headers[.ifNoneMatch]
        let change = try await views.change(id, account: account, known: known, for: .seconds(seconds))
        guard let (body, tag) = change else { throw APIError.boxNotFound(id) }
        var response = tag == known ? Response(status: .notModified) : .json(bytes: body)
        response.headers[.eTag] = tag
        response.headers[.init("Preference-Applied")!] = "wait"
        return response
    }

    @Sendable private func update(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (body, _) = try await context.body(of: request)
        let (name, ttl) = (try body.name(), try body.timeToLive())
        guard name != nil || ttl != .absent else {
            throw APIError(.noChanges, "the request changes nothing: send name, ttlSeconds or both")
        }
        let row = try await boxes.update(context.boxID(), context.requireAccount(), name: name, ttl: ttl)
        return .success("box.info", ["box": row.json])
    }

    @Sendable private func delete(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let id = try context.boxID()
        guard let confirmed = request.headers[.init("X-Ascii-Confirm-Delete")!] else {
            try await boxes.delete(id, context.requireAccount())
            return .success("box.deleted", ["id": .string(id), "status": "deleted"])
        }
        guard confirmed == id else {
            throw APIError(
                .deleteMismatch,
                "X-Ascii-Confirm-Delete names another box than the path: both have to be \(id)",
                details: ["boxId": .string(id)])
        }
        let operation = try await boxes.beginDelete(id, context.requireAccount())
        return .success(
            "box.deleting", ["id": .string(id), "status": "deleting", "operation": operation.json], status: .accepted)
    }

    @Sendable private func deletionOperation(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let id = context.parameters.get("operation") ?? ""
        guard let operation = try await boxes.store.deletionOperation(id, account: context.requireAccount().id) else {
            throw APIError(.notFound, "deletion operation \(id.prefix(64)) not found")
        }
        return .success("deletion_operation.info", ["operation": operation.json])
    }
}

extension BoxdContext {
    /// The id in the path. An id that no box can have gives the same error as an unknown one.
    func boxID() throws -> String {
        let id = parameters.get("id") ?? ""
        guard BoxID.isValid(id) else { throw APIError.boxNotFound(id) }
        return id
    }
}
