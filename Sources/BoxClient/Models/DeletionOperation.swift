import BoxModel

/// A deletion that goes on after it was asked for.
public struct DeletionOperation: JSONView {
    public let json: JSON

    init?(json: JSON) {
        guard let id = json["id"]?.string, ServerForm.isID(id) else { return nil }
        self.json = json
    }

    /// `bdop_` and 32 hexadecimal digits.
    public var id: String { json["id"]?.string ?? "" }
    /// `box`.
    public var kind: String { json["kind"]?.string ?? "" }
    /// The box's.
    public var targetID: String { json["targetId"]?.string ?? "" }
    /// Why it is deleted, such as `explicit`.
    public var reason: String? { json["reason"]?.string }
    /// Such as `running` or `completed`.
    public var status: String { json["status"]?.string ?? "" }
    /// How often the server has tried.
    public var attemptCount: Int? { json["attemptCount"]?.int }
    /// When it was asked for.
    public var requestedAt: Timestamp? { json.time("requestedAt") }
    /// Nil while it goes on.
    public var completedAt: Timestamp? { json.time("completedAt") }
}

/// What was deleted.
public struct DeletedBox: APIAnswer {
    public let json: JSON
    /// The box's.
    public var id: String { json["id"]?.string ?? "" }
    /// `deleted`, or `deleting` while it is under way.
    public var status: String { json["status"]?.string ?? "" }
    /// What goes on after the answer, where that was asked for.
    public var operation: DeletionOperation? { json["operation"].flatMap(DeletionOperation.init(json:)) }
}
