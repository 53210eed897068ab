/// A box as the API shows it: a typed view over the object that was sent, which is kept whole.
public struct Box: Sendable, Equatable {
    /// The object as it was sent.
    public let json: JSON

    /// - Returns: nil when the value has no `id`, without which nothing can be done with it, or one of another form than
    ///   ``ServerForm`` allows; also when its address or a URL has another one.
    public init?(json: JSON) {
        guard json["id"]?.string?.isEmpty == false, ServerForm.problem(inBox: json) == nil else { return nil }
        self.json = json
    }

    /// `bx_` and 8 letters and digits.
    public var id: String { json["id"]?.string ?? "" }
    /// For people.
    public var name: String { json["name"]?.string ?? "" }
    /// Where it is in its life.
    public var state: BoxState { BoxState(rawValue: json["state"]?.string ?? "") }
    /// The public HTTPS URL of the box's services, when there is one.
    public var url: String? { json["url"]?.string }
    /// What went wrong with its set-up, such as a repository that could not be cloned; an addition of boxd's to the API.
    public var warnings: [String] { (json["warnings"]?.array ?? []).compactMap(\.string) }
    /// What the box has written, in bytes, as measured some time ago; an addition of boxd's to the API.
    public var diskUsedBytes: Int? { json["diskUsedBytes"]?.int }
    /// In bytes; nil where nothing limits it.
    public var diskLimitBytes: Int? { json["diskLimitBytes"]?.int }
    /// The IPv4 address on which sshd answers, while the machine runs.
    public var ip: String? { json["ip"]?.string }
    /// Whether a desktop can be asked for.
    public var desktopAvailable: Bool { json["desktopAvailable"]?.bool ?? false }
    /// Secret-bearing: it can hold an access token.
    public var desktopURL: String? { json["desktopUrl"]?.string }
    /// Whether its disk is kept, to resume or fork.
    public var snapshotAvailable: Bool { json["snapshotAvailable"]?.bool ?? false }
    /// When the disk was kept last.
    public var snapshotCompletedAt: Timestamp? { json["snapshotCompletedAt"]?.string.flatMap(Timestamp.init(iso8601:)) }
    /// When the box was made.
    public var createdAt: Timestamp? { json["createdAt"]?.string.flatMap(Timestamp.init(iso8601:)) }
    /// When anything about it changed last.
    public var updatedAt: Timestamp? { json["updatedAt"]?.string.flatMap(Timestamp.init(iso8601:)) }
    /// When the box stops by itself; nil for never.
    public var archiveAfter: Timestamp? { json["archiveAfter"]?.string.flatMap(Timestamp.init(iso8601:)) }
}
