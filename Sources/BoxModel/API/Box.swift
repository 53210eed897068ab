/// A typed view of a box, over the JSON object that the API sent.
public struct Box: Sendable, Equatable {
    /// The object as the API sent it.
    public let json: JSON

    /// - Returns: nil when the object has no `id`, which every operation needs. Also nil when the id, the address or a
    ///   URL isn't in the form of ``ServerForm``.
    public init?(json: JSON) {
        guard json["id"]?.string?.isEmpty == false, ServerForm.problem(inBox: json) == nil else { return nil }
        self.json = json
    }

    /// The box's id: `bx_` and 8 letters and digits on boxd.
    public var id: String { json["id"]?.string ?? "" }
    /// The box's name, for people.
    public var name: String { json["name"]?.string ?? "" }
    /// The box's state.
    public var state: BoxState { BoxState(rawValue: json["state"]?.string ?? "") }
    /// The public HTTPS URL of the box's services, when there is one.
    public var url: String? { json["url"]?.string }
    /// Problems of its set-up, such as a repository that could not be cloned. It is boxd's addition to the API.
    public var warnings: [String] { (json["warnings"]?.array ?? []).compactMap(\.string) }
    /// What the box has written in bytes, measured some time ago. It is boxd's addition to the API.
    public var diskUsedBytes: Int? { json["diskUsedBytes"]?.int }
    /// In bytes; nil where no limit applies.
    public var diskLimitBytes: Int? { json["diskLimitBytes"]?.int }
    /// The IPv4 address on which sshd answers, while the machine runs.
    public var ip: String? { json["ip"]?.string }
    /// Whether a desktop can be requested.
    public var desktopAvailable: Bool { json["desktopAvailable"]?.bool ?? false }
    /// The desktop's URL. It is secret, because it can contain an access token.
    public var desktopURL: String? { json["desktopUrl"]?.string }
    /// Whether its disk is kept, so that it can be resumed or forked.
    public var snapshotAvailable: Bool { json["snapshotAvailable"]?.bool ?? false }
    /// When the disk was last kept.
    public var snapshotCompletedAt: Timestamp? { json["snapshotCompletedAt"]?.string.flatMap(Timestamp.init(iso8601:)) }
    /// When the box was created.
    public var createdAt: Timestamp? { json["createdAt"]?.string.flatMap(Timestamp.init(iso8601:)) }
    /// When the box last changed.
    public var updatedAt: Timestamp? { json["updatedAt"]?.string.flatMap(Timestamp.init(iso8601:)) }
    /// When the box is stopped automatically; nil for never.
    public var archiveAfter: Timestamp? { json["archiveAfter"]?.string.flatMap(Timestamp.init(iso8601:)) }
}
