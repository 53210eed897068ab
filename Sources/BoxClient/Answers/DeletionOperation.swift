import BoxModel

/// A deletion that goes on after it was asked for.
public struct DeletionOperation: JSONView {
    public let json: JSON

    init?(json: JSON) {
        guard json["id"]?.string != nil else { return nil }
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
