/// A state of a box's life, as the API names it. Servers may add states, so an unknown one is kept as it is.
public struct BoxState: RawRepresentable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let initial = BoxState(rawValue: "init")
    public static let provisioning = BoxState(rawValue: "provisioning")
    public static let provisioned = BoxState(rawValue: "provisioned")
    public static let cloning = BoxState(rawValue: "cloning")
    public static let ready = BoxState(rawValue: "ready")
    public static let idle = BoxState(rawValue: "idle")
    public static let running = BoxState(rawValue: "running")
    public static let archiving = BoxState(rawValue: "archiving")
    public static let archived = BoxState(rawValue: "archived")
    public static let error = BoxState(rawValue: "error")

    /// Every state that the API documents, in the order of a box's life.
    public static let all: [BoxState] = [
        .initial, .provisioning, .provisioned, .cloning, .ready, .idle, .running, .archiving, .archived, .error,
    ]

    /// The states that count against the limit of active boxes.
    public static let active: [BoxState] = [.provisioned, .cloning, .ready, .idle, .running]

    public var isActive: Bool { Self.active.contains(self) }

    /// Whether people can use the machine: open a shell, copy files, queue a prompt.
    public var isUsable: Bool { [.provisioned, .ready, .idle, .running].contains(self) }

    /// The word that the command line shows. Only the command line translates; the API never does.
    public var displayName: String {
        switch self {
        case .provisioned: "ready"
        case .archiving: "stopping"
        case .archived: "stopped"
        default: rawValue
        }
    }
}
