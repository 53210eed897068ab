import BoxModel

/// A deletion that continues after its request was answered.
public struct DeletionOperation: JSONView {
    public let json: JSON

    init?(json: JSON) {
        guard let id = json["id"]?.string, ServerForm.isID(id) else { return nil }
        self.json = json
    }

    /// `bdop_` and 32 hexadecimal digits.
    public var id: String { json["id"]?.string ?? "" }
    /// The kind of the deleted object: `box`.
    public var kind: String { json["kind"]?.string ?? "" }
    /// The id of the deleted box.
    public var targetID: String { json["targetId"]?.string ?? "" }
    /// Why it is deleted, such as `explicit`.
    public var reason: String? { json["reason"]?.string }
    /// The state of the deletion, such as `running` or `completed`.
    public var status: String { json["status"]?.string ?? "" }
    /// How many attempts the server has made.
    public var attemptCount: Int? { json["attemptCount"]?.int }
    /// When the deletion was requested.
    public var requestedAt: Timestamp? { json.time("requestedAt") }
    /// When the deletion was completed; nil while it continues.
    public var completedAt: Timestamp? { json.time("completedAt") }
}

/// The outcome of a deletion request.
public struct DeletedBox: APIAnswer {
    public let json: JSON
    /// The box's id.
    public var id: String { json["id"]?.string ?? "" }
    /// `deleted`, or `deleting` while the deletion continues.
    public var status: String { json["status"]?.string ?? "" }
    /// The deletion that continues after the answer, when it was requested.
    public var operation: DeletionOperation? { json["operation"].flatMap(DeletionOperation.init(json:)) }
}
