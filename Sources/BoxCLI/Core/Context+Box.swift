import BoxClient
import BoxModel

extension Context {
    /// Does something that needs a running machine. A box that is still starting is waited for, and for a stopped one
    /// the error says how to start it.
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

    /// For commands whose exit status is another command's: 1 could be that one's, so failures before it are those of a
    /// connection.
    func unconnectedOnFailure<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch  where Failure(error).exit == .failure {
            throw Unconnected(cause: error)
        }
    }
}

extension BoxError {
    /// The API's code, where the API answered with an error.
    var code: ErrorCode? { if case .api(let failure) = self { failure.code } else { nil } }
}
