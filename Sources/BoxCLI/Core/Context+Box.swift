import BoxClient
import BoxModel

extension Context {
    /// Runs `body`, which needs a running machine. It waits for a box that is still starting. For a stopped box the
    /// error contains the command that starts it.
    func onRunningBox<Value: Sendable>(
        _ id: String, _ client: BoxClient, _ body: () async throws -> Value
    ) async throws -> Value {
        defer { emitter.statusLine.clear() }
        do {
            do {
                return try await body()
            } catch BoxError.api(let failure) where failure.code == .boxStarting {
                let reporter = StateReporter(self, id: id, emitsEvents: false)
                _ = try await client.waitUntilReady(id) { try reporter.report($0) }
            }
            return try await body()
        } catch let error as BoxError where error.code == .machineNotRunning {
            throw AdvisedError(error: error, advice: "start it with `box resume \(id)`")
        }
    }

    /// Turns failures into connection failures, for commands whose exit status is a remote command's. A status of 1
    /// could be the remote command's.
    func unconnectedOnFailure<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch  where Failure(error).exit == .failure {
            throw Unconnected(cause: error)
        }
    }
}

extension BoxError {
    /// The API's error code, when the API answered with an error.
    var code: ErrorCode? { if case .api(let failure) = self { failure.code } else { nil } }
}
