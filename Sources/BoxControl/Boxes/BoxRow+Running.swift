import BoxModel
import BoxStore

extension BoxRow {
    /// - Parameter starting: what is thrown for a box that is still starting.
    /// - Throws: ``APIError`` `box_starting` or `machine_not_running` when nothing can be done in the box now.
    package func requireRunning(starting: ErrorCode = .boxStarting) throws {
        if boxState.isUsable { return }
        guard [.initial, .provisioning, .cloning].contains(boxState) else { throw notRunning }
        throw APIError(starting, "box \(id) is still starting: wait until it is ready", details: stateDetails)
    }

    /// Also of a box whose machine is found to have ended before its state says so.
    var notRunning: APIError {
        let state = boxState.isUsable ? "" : " (\(boxState.displayName))"
        return APIError(
            .machineNotRunning, "box \(id) is not running\(state): resume it first", details: stateDetails)
    }

    private var stateDetails: JSONObject { ["boxId": .string(id), "state": .string(state)] }
}
