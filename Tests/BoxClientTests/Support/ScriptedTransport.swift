import BoxClient
import BoxModel
import Synchronization
import Testing

/// Answers requests from a script, in order. A request that isn't the next one in it fails the test.
final class ScriptedTransport: HTTPTransport {
    struct Step: Sendable {
        /// `METHOD target`. The target is the URL after the origin and the API's prefix.
        let request: String
        let outcome: Result<HTTPResponse, TransportError>
    }

    private struct State {
        var steps: [Step] = []
        var sent: [HTTPRequest] = []
    }

    private let state = Mutex(State())

    /// Every request so far.
    var sent: [HTTPRequest] { state.withLock(\.sent) }
    var unused: [String] { state.withLock { $0.steps.map(\.request) } }

    @discardableResult
    func on(_ request: String, _ status: Int, _ body: String, headers: [HTTPHeader] = []) -> Self {
        let response = HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
        state.withLock { $0.steps.append(Step(request: request, outcome: .success(response))) }
        return self
    }

    /// Does the same with status 200.
    @discardableResult
    func on(_ request: String, _ body: String) -> Self { on(request, 200, body) }

    @discardableResult
    func fail(_ request: String, _ kind: TransportError.Kind, _ reason: String) -> Self {
        state.withLock { $0.steps.append(Step(request: request, outcome: .failure(TransportError(kind, reason)))) }
        return self
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var request = request
        if let upload = request.upload { request.body = try upload.readToEnd() }
        let base = request.url.firstRange(of: APIPath.prefix)?.upperBound ?? request.url.startIndex
        let text = "\(request.method.rawValue) \(request.url[base...])"
        let step = state.withLock { state in
            state.sent.append(request)
            return state.steps.isEmpty ? nil : state.steps.removeFirst()
        }
        guard let step, step.request == text else {
            Issue.record("unexpected request \(text); the script has \(step?.request ?? "nothing left")")
            throw TransportError(.refused, "not in the script")
        }
        return try step.outcome.get()
    }
}

extension BoxClient {
    /// A client that never sleeps.
    static func scripted(
        _ transport: any HTTPTransport, apiKey: String? = "box_key", pauses: PauseLog = PauseLog()
    ) throws -> BoxClient {
        BoxClient(
            Configuration(origin: try Origin("http://127.0.0.1:7070"), apiKey: apiKey, pause: { pauses.add($0) }),
            transport: transport)
    }
}

/// Records the requested pauses.
final class PauseLog: Sendable {
    private let pauses = Mutex<[Duration]>([])
    var all: [Duration] { pauses.withLock { $0 } }
    func add(_ pause: Duration) { pauses.withLock { $0.append(pause) } }
}

/// The error that an operation throws; fails the test when it throws none.
func boxError(_ body: () async throws -> some Any) async -> BoxError? {
    do {
        let value = try await body()
        Issue.record("no error, but \(value)")
        return nil
    } catch {
        if error as? BoxError == nil { Issue.record("another error: \(error)") }
        return error as? BoxError
    }
}
