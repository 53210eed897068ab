import BoxModel
import BoxStore

extension BoxRow {
    /// - Parameter starting: the error code for a box that is still starting.
    /// - Throws: ``APIError`` `box_starting` or `machine_not_running` when the box isn't usable now.
    package func requireRunning(starting: ErrorCode = .boxStarting) throws {
        if boxState.isUsable { return }
        guard [.initial, .provisioning, .cloning].contains(boxState) else { throw notRunning }
        throw APIError(starting, "box \(id) is still starting: wait until it is ready", details: stateDetails)
    }

    /// The error for a box that isn't running, also when its machine has ended before its state changed.
    var notRunning: APIError {
        let state = boxState.isUsable ? "" : " (\(boxState.displayName))"
        return APIError(
            .machineNotRunning, "box \(id) is not running\(state): resume it first", details: stateDetails)
    }

    private var stateDetails: JSONObject { ["boxId": .string(id), "state": .string(state)] }
}
