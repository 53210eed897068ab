import BoxModel

/// What it takes to start a box's machine.
public struct MachineSpec: Sendable, Equatable {
    /// The box's id, which is also the machine's.
    public var id: String
    public var type: MachineType
    /// Variables for every session and command in the box. Names and values follow ``EnvironmentRules``.
    public var environment: [(name: String, value: String)]
    /// OpenSSH public key lines that may log in as `user`.
    public var authorizedKeys: [String]
    /// Whether it may have user namespaces of its own, as sandboxes and containers in it need.
    public var allowsNested: Bool

    public init(
        id: String, type: MachineType = .default, environment: [(name: String, value: String)] = [],
        authorizedKeys: [String] = [], allowsNested: Bool = true
    ) {
        self.id = id
        self.type = type
        self.environment = environment
        self.authorizedKeys = authorizedKeys
        self.allowsNested = allowsNested
    }

    public static func == (left: MachineSpec, right: MachineSpec) -> Bool {
        left.id == right.id && left.type == right.type && left.authorizedKeys == right.authorizedKeys
            && left.allowsNested == right.allowsNested && left.environment.elementsEqual(right.environment, by: ==)
    }
}

/// What an engine knows of a machine.
public enum MachineStatus: Sendable, Equatable {
    /// No disk and no process of that name.
    case missing
    /// The disk is sealed; nothing runs.
    case stopped
    /// The machine runs and has this IPv4 address.
    case running(address: String)
    /// The machine's processes are gone (a reboot, a crash) but it was never stopped: its disk is intact and not yet sealed.
    case lost
}

/// A failure of an engine: what went wrong for the person who owns the box, and more for whoever runs the server.
public struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// The host lacks something that the engine needs.
        case hostNotReady
        case noSuchMachine
        case machineNotRunning
        /// No address or id range is free.
        case exhausted
        case failed
    }

    public let reason: Reason
    /// Safe to show to the box's owner: no path of the host, no secret.
    public let message: String
    /// For the server's log only.
    public let diagnostics: String

    public init(_ reason: Reason, _ message: String, diagnostics: String = "") {
        self.reason = reason
        self.message = message
        self.diagnostics = diagnostics
    }

    public var description: String { diagnostics.isEmpty ? message : "\(message): \(diagnostics)" }
}

/// The firewall rules between machines and around the host.
public struct NetworkWalls: Sendable, Equatable {
    /// False while they are missing, because another program removed them and they can't be put back.
    public var areUp = true
    /// How often they were put back since the engine started.
    public var restorations = 0

    public init() {}
}

/// Starting, stopping and removing machines.
///
/// Calls about one machine never overlap: the caller serialises them. Calls about different machines may.
public protocol MachineLifecycle: Sendable {
    /// Makes the host ready and finds what already exists. Called once, before anything else.
    ///
    /// - Throws: ``EngineError`` with ``EngineError/Reason/hostNotReady``, naming everything that is missing.
    func prepare() async throws

    /// Starts the machine, with a new disk or over the one that ``stop(_:grace:)`` sealed, and returns its IPv4 address
    /// once sshd answers there. What an earlier, interrupted start left behind is cleared first. On failure
    /// nothing of the attempt is left, and a disk that existed before still does.
    func start(_ spec: MachineSpec) async throws -> String

    /// Ends every process of the machine and seals its disk. Harmless when it is stopped already.
    ///
    /// - Parameter grace: how long the processes have to end by themselves. The stop goes on as soon as they have.
    /// - Throws: `CancellationError` when the grace was abandoned; the machine then still runs.
    func stop(_ id: String, grace: StopGrace) async throws

    /// Removes the machine, its disk and everything that belonged to it, whatever its state. Harmless when it is missing.
    func remove(_ id: String) async throws

    func status(_ id: String) async -> MachineStatus

    /// The ids of all machines that the engine has something of.
    func machines() async -> [String]

    /// What machines lack on this host for now, in words for their owners: what is wrong and what to do.
    func hostWarnings() async -> [String]

    /// Whether the machines' network is walled off now.
    func networkWalls() async -> NetworkWalls

    /// Called when the server ends. Machines keep running; shared parts that no machine needs are removed.
    func shutdown() async
}

extension MachineLifecycle {
    public func hostWarnings() async -> [String] { [] }
    public func networkWalls() async -> NetworkWalls { NetworkWalls() }
}

/// Keeping disks in order.
public protocol MachineUpkeep: Sendable {
    /// Does what keeps a stopped machine's disk fast, such as merging the layers that many lives left. Changes nothing that
    /// anybody could see in the machine.
    func compact(_ id: String) async throws
}

/// Copying a machine's disk.
public protocol MachineForking: Sendable {
    /// Gives a new, stopped machine the disk that `source` has at this moment. `source` may be running or stopped.
    func fork(_ source: String, to id: String) async throws
}

/// Letting people in, and what they find there.
public protocol MachineAccess: Sendable {
    /// Replaces the public keys that may log in as `user`. Takes effect for the next login.
    func setAuthorizedKeys(_ keys: [String], of id: String) async throws

    /// Replaces the variables that ``MachineSpec/environment`` gave. Takes effect for the next session or command.
    func setEnvironment(_ environment: [(name: String, value: String)], of id: String) async throws
}

/// Everything that boxd needs of an engine today.
public typealias MachineEngine = MachineLifecycle & MachineForking & MachineAccess & MachineExecution & MachineJobs
    & MachineUpkeep & MachineStorage
