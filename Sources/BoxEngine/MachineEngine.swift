import BoxModel

/// The parameters for starting a box's machine.
public struct MachineSpec: Sendable, Equatable {
    /// The box's id, which is also the machine's.
    public var id: String
    public var type: MachineType
    /// Variables for every session and command in the box. Names and values follow ``EnvironmentRules``.
    public var environment: [(name: String, value: String)]
    /// OpenSSH public key lines that may log in as `user`.
    public var authorizedKeys: [String]
    /// Whether it may create user namespaces, as sandboxes and containers in it need.
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

/// The state of a machine, as the engine records it.
public enum MachineStatus: Sendable, Equatable {
    /// There is no disk and no process with that id.
    case missing
    /// The disk is sealed, and nothing runs.
    case stopped
    /// The machine runs and has this IPv4 address.
    case running(address: String)
    /// The machine's processes ended (a reboot, a crash) without a stop. Its disk is intact and not yet sealed.
    case lost
}

/// A failure of an engine: a message for the box's owner, and diagnostics for the server's operator.
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
    /// False while the rules are missing because another program removed them and they can't be restored.
    public var areUp = true
    /// How often the rules were restored since the engine started.
    public var restorations = 0

    public init() {}
}

/// Starts, stops and removes machines.
///
/// Calls about one machine never overlap, because the caller serialises them. Calls about different machines may.
public protocol MachineLifecycle: Sendable {
    /// Prepares the host and loads existing machines. It is called once, before anything else.
    ///
    /// - Throws: ``EngineError`` with ``EngineError/Reason/hostNotReady``, naming everything that is missing.
    func prepare() async throws

    /// Starts the machine and returns its IPv4 address once sshd answers there.
    ///
    /// The disk is new, or the one that ``stop(_:grace:)`` sealed. What an interrupted start left behind is removed
    /// first. A failed start leaves nothing of the attempt, and an existing disk is kept.
    func start(_ spec: MachineSpec) async throws -> String

    /// Ends every process of the machine and seals its disk. Harmless when it is already stopped.
    ///
    /// - Parameter grace: how long the processes may take to end. The stop continues as soon as they have.
    /// - Throws: `CancellationError` when the grace was abandoned; the machine then still runs.
    func stop(_ id: String, grace: StopGrace) async throws

    /// Removes the machine, its disk and everything that belongs to it, in any state. Harmless when it doesn't exist.
    func remove(_ id: String) async throws

    func status(_ id: String) async -> MachineStatus

    /// The ids of all machines that the engine has records of.
    func machines() async -> [String]

    /// Features that machines currently lack on this host, as messages for their owners: what is wrong and what to do.
    func hostWarnings() async -> [String]

    /// The state of the firewall rules of the machines' network.
    func networkWalls() async -> NetworkWalls

    /// Called when the server ends. Machines keep running; shared resources that no machine needs are removed.
    func shutdown() async
}

extension MachineLifecycle {
    public func hostWarnings() async -> [String] { [] }
    public func networkWalls() async -> NetworkWalls { NetworkWalls() }
}

/// Maintains the disks of machines.
public protocol MachineUpkeep: Sendable {
    /// Makes a stopped machine's disk faster, for example by merging its layers. Nothing changes that is visible in the
    /// machine.
    func compact(_ id: String) async throws
}

/// Copies a machine's disk.
public protocol MachineForking: Sendable {
    /// Creates a stopped machine with the current disk of `source`, which may be running or stopped.
    func fork(_ source: String, to id: String) async throws
}

/// Sets the keys and variables of a machine's logins.
public protocol MachineAccess: Sendable {
    /// Replaces the public keys that may log in as `user`. Takes effect for the next login.
    func setAuthorizedKeys(_ keys: [String], of id: String) async throws

    /// Replaces the variables of ``MachineSpec/environment``. Takes effect for the next session or command.
    func setEnvironment(_ environment: [(name: String, value: String)], of id: String) async throws
}

/// Everything that boxd needs of an engine.
public typealias MachineEngine = MachineLifecycle & MachineForking & MachineAccess & MachineExecution & MachineJobs
    & MachineUpkeep & MachineStorage
