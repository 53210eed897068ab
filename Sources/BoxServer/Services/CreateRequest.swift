import BoxModel

/// What the bodies of create, fork and resume ask for.
struct CreateRequest: Sendable {
    var name: String?
    /// nil for no automatic stop.
    var ttlSeconds: Int?
    var type: MachineType?
    var environment: [(name: String, value: String)]?
    var noEnv: Bool?

    init(_ body: RequestBody) throws {
        name = try body.name()
        switch try body.timeToLive() {
        case .absent: ttlSeconds = TimeToLive.standard
        case .never: ttlSeconds = nil
        case .seconds(let seconds): ttlSeconds = seconds
        }
        type = try body.machineType()
        environment = try body.environment()
        noEnv = try body.bool("noEnv")
    }
}
