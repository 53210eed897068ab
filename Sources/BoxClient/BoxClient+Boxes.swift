import BoxModel

/// In which order boxes are listed, by creation.
public enum SortOrder: String, Sendable { case ascending = "asc", descending = "desc" }

/// One page of boxes.
public struct BoxPage: Sendable, Equatable {
    public let json: JSON
    public init(json: JSON) { self.json = json }

    public var boxes: [Box] { (json["boxes"]?.array ?? []).compactMap(Box.init(json:)) }
    public var pageInfo: JSON? { json["pageInfo"] }
    /// For the next call's `cursor`; nil on the last page.
    public var nextCursor: String? {
        pageInfo?["hasMore"]?.bool == false ? nil : pageInfo?["nextCursor"]?.string
    }
}

/// An answer about one box.
public struct BoxInfo: Sendable, Equatable {
    public let json: JSON
    public let box: Box
}

/// What was deleted.
public struct DeletedBox: Sendable, Equatable {
    public let json: JSON
    public var id: String { json["id"]?.string ?? "" }
}

/// A change to a box: only what is set is sent.
public struct BoxChanges: Sendable, Equatable {
    public var name: String?
    public var ttl: TimeToLiveChoice?

    public init(name: String? = nil, ttl: TimeToLiveChoice? = nil) {
        self.name = name
        self.ttl = ttl
    }
}

extension BoxClient {
    /// One page of the account's boxes. `GET /boxes`.
    ///
    /// - Parameters:
    ///   - limit: 1 to 200; the server's default is 100.
    ///   - states: the API's own names; all states when empty.
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

    /// Every box of the account, page by page, each once, and the last page as it was sent.
    public func allBoxes(
        sort: SortOrder? = nil, states: [BoxState] = []
    ) async throws -> (boxes: [Box], lastPage: BoxPage) {
        var boxes: [Box] = []
        var seen: Set<String> = []
        var cursors: Set<String> = []
        var page = try await self.boxes(limit: 200, sort: sort, states: states)
        while true {
            boxes += page.boxes.filter { seen.insert($0.id).inserted }
            // A server that repeats a cursor would keep us here for ever.
            guard let cursor = page.nextCursor, cursors.insert(cursor).inserted else { return (boxes, page) }
            page = try await self.boxes(limit: 200, cursor: cursor, sort: sort, states: states)
        }
    }

    /// One box. `GET /boxes/{id}`.
    public func get(_ id: String) async throws -> BoxInfo {
        try info(try await send(APICall(method: .get, path: APIPath.box(id))))
    }

    /// Renames a box, or sets when it stops. `PATCH /boxes/{id}`.
    public func update(_ id: String, _ changes: BoxChanges) async throws -> BoxInfo {
        var body = JSONObject()
        if let name = changes.name { body["name"] = .string(name) }
        changes.ttl?.write(to: &body)
        return try info(try await send(APICall(method: .patch, path: APIPath.box(id), body: .object(body))))
    }

    /// Deletes a box and its disk, in any state. `DELETE /boxes/{id}`.
    public func remove(_ id: String) async throws -> DeletedBox {
        DeletedBox(json: try await send(APICall(method: .delete, path: APIPath.box(id))))
    }

    private func info(_ json: JSON) throws(BoxError) -> BoxInfo {
        guard let box = json["box"].flatMap(Box.init(json:)) else { throw unexpectedShape("it has no box") }
        return BoxInfo(json: json, box: box)
    }
}
