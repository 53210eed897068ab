/// A state of a box's life, as the API names it. Servers may add states, so an unknown one is kept as it is.
public struct BoxState: RawRepresentable, Sendable, Hashable {
    /// As on the wire.
    public let rawValue: String
    /// Any state that a server has.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// It is known, and nothing is made of it yet.
    public static let initial = BoxState(rawValue: "init")
    /// Its machine is being made, or started again.
    public static let provisioning = BoxState(rawValue: "provisioning")
    /// Its machine runs, and is being prepared.
    public static let provisioned = BoxState(rawValue: "provisioned")
    /// It gets its repositories.
    public static let cloning = BoxState(rawValue: "cloning")
    /// It can be used.
    public static let ready = BoxState(rawValue: "ready")
    /// It can be used, and its agent has nothing to do.
    public static let idle = BoxState(rawValue: "idle")
    /// Its agent works.
    public static let running = BoxState(rawValue: "running")
    /// It is being stopped.
    public static let archiving = BoxState(rawValue: "archiving")
    /// It is stopped, and its disk is kept.
    public static let archived = BoxState(rawValue: "archived")
    /// It could not be made or started, or its machine failed.
    public static let error = BoxState(rawValue: "error")

    /// Every state that the API documents, in the order of a box's life.
    public static let all: [BoxState] = [
        .initial, .provisioning, .provisioned, .cloning, .ready, .idle, .running, .archiving, .archived, .error,
    ]

    /// The states that count against the limit of active boxes.
    public static let active: [BoxState] = [.provisioned, .cloning, .ready, .idle, .running]

    /// Whether it counts against the limit of active boxes.
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
