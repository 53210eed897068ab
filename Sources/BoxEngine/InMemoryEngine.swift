import BoxModel

/// An engine without machines, for tests of whatever drives one: it keeps the books and does nothing else.
public actor InMemoryEngine: MachineEngine {
    private struct Machine {
        var status: MachineStatus
        var keys: [String] = []
        var environment: [(name: String, value: String)] = []
    }

    private var machinesByID: [String: Machine] = [:]
    private var nextHost = 2
    private var startFailure: EngineError?
    private var startGate: (@Sendable () async -> Void)?

    public init() {}

    /// From now on starts fail with this, or work again with nil.
    public func failStarts(with error: EngineError?) { startFailure = error }

    /// From now on a start waits for this to return.
    public func holdStarts(until gate: (@Sendable () async -> Void)?) { startGate = gate }

    /// As if the host had been rebooted.
    public func loseAllMachines() {
        for (id, machine) in machinesByID {
            if case .running = machine.status { machinesByID[id]?.status = .lost }
        }
    }

    public func authorizedKeys(of id: String) -> [String] { machinesByID[id]?.keys ?? [] }

    public func prepare() async throws {}

    public func start(_ spec: MachineSpec) async throws -> String {
        await startGate?()
        if let startFailure { throw startFailure }
        let address = "10.0.0.\(nextHost)"
        nextHost += 1
        machinesByID[spec.id] = Machine(
            status: .running(address: address), keys: spec.authorizedKeys, environment: spec.environment)
        return address
    }

    public func stop(_ id: String, force: Bool) async throws {
        guard machinesByID[id] != nil else { throw EngineError(.noSuchMachine, "no machine \(id)") }
        machinesByID[id]?.status = .stopped
    }

    public func remove(_ id: String) async throws { machinesByID[id] = nil }

    public func status(_ id: String) async -> MachineStatus { machinesByID[id]?.status ?? .missing }

    public func machines() async -> [String] { machinesByID.keys.sorted() }

    public func shutdown() async {}

    public func fork(_ source: String, to id: String) async throws {
        guard machinesByID[source] != nil else { throw EngineError(.noSuchMachine, "no machine \(source)") }
        machinesByID[id] = Machine(status: .stopped)
    }

    public func compact(_ id: String) async throws {}

    public func setAuthorizedKeys(_ keys: [String], of id: String) async throws {
        guard case .running = machinesByID[id]?.status else {
            throw EngineError(.machineNotRunning, "machine \(id) is not running")
        }
        machinesByID[id]?.keys = keys
    }
}
