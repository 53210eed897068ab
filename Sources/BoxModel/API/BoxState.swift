/// A state of a box, as the API names it. Servers may add states, so an unknown one is preserved.
public struct BoxState: RawRepresentable, Sendable, Hashable {
    /// The state as the API sends it.
    public let rawValue: String
    /// Creates any state that a server may have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The box is registered, and nothing has started yet.
    public static let initial = BoxState(rawValue: "init")
    /// Its machine is being created, or started again.
    public static let provisioning = BoxState(rawValue: "provisioning")
    /// Its machine runs, and is being prepared.
    public static let provisioned = BoxState(rawValue: "provisioned")
    /// Its repositories are being cloned.
    public static let cloning = BoxState(rawValue: "cloning")
    /// It can be used.
    public static let ready = BoxState(rawValue: "ready")
    /// It can be used, and its agent has nothing to do.
    public static let idle = BoxState(rawValue: "idle")
    /// Its agent is working.
    public static let running = BoxState(rawValue: "running")
    /// It is being stopped.
    public static let archiving = BoxState(rawValue: "archiving")
    /// It is stopped, and its disk is kept.
    public static let archived = BoxState(rawValue: "archived")
    /// It could not be created or started, or its machine failed.
    public static let error = BoxState(rawValue: "error")

    /// Every state that the API documents, in the order of a box's life.
    public static let all: [BoxState] = [
        .initial, .provisioning, .provisioned, .cloning, .ready, .idle, .running, .archiving, .archived, .error,
    ]

    /// The states that count against the limit of active boxes.
    public static let active: [BoxState] = [.provisioned, .cloning, .ready, .idle, .running]

    /// Whether it counts against the limit of active boxes.
    public var isActive: Bool { Self.active.contains(self) }

    /// Whether the machine can be used: to open a shell, copy files or queue a prompt.
    public var isUsable: Bool { [.provisioned, .ready, .idle, .running].contains(self) }

    /// The word that the command line displays. Only the command line translates states; the API never does.
    public var displayName: String {
        switch self {
        case .provisioned: "ready"
        case .archiving: "stopping"
        case .archived: "stopped"
        default: rawValue
        }
    }
}
