import BoxModel

/// One page of boxes.
public struct BoxPage: APIPage {
    public let json: JSON

    /// - Parameter json: an answer to `GET /boxes`.
    public init(json: JSON) { self.json = json }

    /// The boxes of this page, in the requested order.
    public var boxes: [Box] { json.list("boxes", Box.init(json:)) }
}

/// An answer that contains one box.
public struct BoxInfo: APIAnswer {
    public let json: JSON
    /// The box as it is now.
    public let box: Box
}

/// A change of a box. Only fields that are set are sent.
public struct BoxChanges: Sendable, Equatable {
    /// The new name, at most 120 characters; the server truncates longer ones.
    public var name: String?
    /// When it is stopped automatically, counted from now. ``TimeToLiveChoice/standard`` changes nothing.
    public var ttl: TimeToLiveChoice?

    /// A change of the given fields.
    public init(name: String? = nil, ttl: TimeToLiveChoice? = nil) {
        self.name = name
        self.ttl = ttl
    }
}

extension BoxClient {
    /// Returns one page of the account's boxes. `GET /boxes`.
    ///
    /// - Parameters:
    ///   - limit: 1 to 200; the server's default is 100.
    ///   - cursor: the previous page's ``APIPage/nextCursor``.
    ///   - sort: descending by default.
    ///   - states: by the API's names; all states when empty.
    /// - Throws: ``BoxError/api(_:)`` with `invalid_limit`, `invalid_cursor`, `invalid_sort` or `invalid_state`.
    public func boxes(
        limit: Int? = nil, cursor: String? = nil, sort: SortOrder? = nil, states: [BoxState] = []
    ) async throws -> BoxPage {
        let state = states.isEmpty ? nil : states.map(\.rawValue).joined(separator: ",")
        let call = APICall(
            method: .get, path: APIPath.boxes(),
            query: [("limit", limit.map(String.init)), ("cursor", cursor), ("sort", sort?.rawValue), ("state", state)])
        let page = BoxPage(json: try await send(call))
        guard page.json["boxes"]?.array != nil else { throw unexpectedShape("it has no list of boxes") }
        return page
    }

    /// Returns every box of the account without duplicates, from all pages, and the last page as the server sent it.
    public func allBoxes(
        sort: SortOrder? = nil, states: [BoxState] = []
    ) async throws -> (boxes: [Box], lastPage: BoxPage) {
        var boxes: [Box] = []
        var seen: Set<String> = []
        var cursors: Set<String> = []
        var page = try await self.boxes(limit: 200, sort: sort, states: states)
        while true {
            boxes += page.boxes.filter { seen.insert($0.id).inserted }
            // A server that repeats a cursor would make this loop endless.
            guard let cursor = page.nextCursor, cursors.insert(cursor).inserted else { return (boxes, page) }
            page = try await self.boxes(limit: 200, cursor: cursor, sort: sort, states: states)
        }
    }

    /// Returns one box. `GET /boxes/{id}`.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found` when the account has no such box, as for every call about one
    ///   box.
    public func get(_ id: String) async throws -> BoxInfo {
        try info(try await send(APICall(method: .get, path: APIPath.box(id))))
    }

    /// - Returns: the box and the tag of its version; nil when it still has the version of the request's tag.
    func get(_ id: String, longPoll: LongPoll) async throws -> (info: BoxInfo, tag: String?)? {
        guard let (response, tag) = try await exchange(APICall(method: .get, path: APIPath.box(id)), longPoll: longPoll)
        else {
            return nil
        }
        return (try info(try read(response)), tag)
    }

    /// Renames a box, or sets when it is stopped automatically. `PATCH /boxes/{id}`. Never repeated automatically.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `invalid_name`, `invalid_ttl`, `no_changes` or `not_found`.
    public func update(_ id: String, _ changes: BoxChanges) async throws -> BoxInfo {
        var body = JSONObject()
        if let name = changes.name { body["name"] = .string(name) }
        changes.ttl?.write(to: &body)
        return try info(try await send(APICall(method: .patch, path: APIPath.box(id), body: .object(body))))
    }

    /// Deletes a box and its disk, in any state. `DELETE /boxes/{id}`. Never repeated automatically.
    ///
    /// - Parameter tracked: whether the deletion is confirmed by the box's id and answered with
    ///   ``DeletedBox/operation``. That continues after the answer. See ``deletionOperation(_:)``.
    /// - Throws: ``BoxError/api(_:)`` with `not_found`.
    public func remove(_ id: String, tracked: Bool = false) async throws -> DeletedBox {
        let headers = tracked ? [HTTPHeader("X-Ascii-Confirm-Delete", id)] : []
        let call = APICall(method: .delete, path: APIPath.box(id), headers: headers)
        let deleted = DeletedBox(json: try await send(call))
        if tracked, deleted.operation == nil { throw unexpectedShape("it has no operation") }
        return deleted
    }

    /// Returns the state of a deletion. `GET /deletion-operations/{id}`.
    ///
    /// - Parameter operation: ``DeletionOperation/id``, not the box's id.
    /// - Throws: ``BoxError/api(_:)`` with `not_found`, also for operations that ended long ago.
    public func deletionOperation(_ operation: String) async throws -> DeletionOperation {
        let path = "/deletion-operations/\(APIPath.escape(operation))"
        let json = try await send(APICall(method: .get, path: path))
        guard let operation = DeletionOperation(json: json["operation"] ?? json) else {
            throw unexpectedShape("it has no operation")
        }
        return operation
    }

    private func info(_ json: JSON) throws(BoxError) -> BoxInfo {
        guard let box = json["box"].flatMap(Box.init(json:)) else { throw unexpectedShape("it has no box") }
        return BoxInfo(json: json, box: box)
    }
}
