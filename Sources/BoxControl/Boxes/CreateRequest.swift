import BoxModel

/// The parsed body of create, fork and resume.
package struct CreateRequest: Sendable {
    package var name: String?
    /// Nil for no automatic stop.
    package var ttlSeconds: Int?
    package var type: MachineType?
    var environment: [(name: String, value: String)]?
    var noEnv: Bool?

    package init(_ body: JSONBody) throws {
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
