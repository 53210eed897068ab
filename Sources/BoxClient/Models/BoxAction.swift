import BoxModel

/// An accepted change of a box's state.
public struct BoxAction: APIAnswer {
    public let json: JSON
    /// The box's id; for a creation or fork, the new box's id.
    public let id: String
    /// The new state, such as `provisioning` or `archiving`.
    public var status: String { json["status"]?.string ?? "" }
    /// The box as it was at that time.
    public var box: Box? { json["box"].flatMap(Box.init(json:)) }
    /// The time to live of a new box in seconds. Nil for no limit, and when the server doesn't send it.
    public var ttlSeconds: Int? { json["ttlSeconds"]?.int }
}
