import BoxClient
import BoxModel
import Synchronization
import Testing

/// Answers requests from a script, in order. A request that isn't the next one in it fails the test.
final class ScriptedTransport: HTTPTransport {
    private struct State {
        var steps: [(request: String, outcome: Result<HTTPResponse, TransportError>)] = []
        var sent: [HTTPRequest] = []
    }

    private let state = Mutex(State())

    var sent: [HTTPRequest] { state.withLock(\.sent) }
    var unused: [String] { state.withLock { $0.steps.map(\.request) } }

    /// The body of a sent request.
    func body(_ index: Int) -> String? { sent[index].body.map { String(decoding: $0, as: UTF8.self) } }

    /// - Parameter request: the method and the path after the API's prefix, or the whole URL of another request.
    @discardableResult
    func on(_ request: String, _ status: Int, _ body: String) -> Self {
        let response = HTTPResponse(status: status, body: Array(body.utf8))
        state.withLock { $0.steps.append((request, .success(response))) }
        return self
    }

    @discardableResult
    func on(_ request: String, _ body: String) -> Self { on(request, 200, body) }

    @discardableResult
    func on(_ request: String, bytes: [UInt8]) -> Self {
        state.withLock { $0.steps.append((request, .success(HTTPResponse(status: 200, body: bytes)))) }
        return self
    }

    @discardableResult
    func fail(_ request: String, _ reason: String = "Failed to connect", kind: TransportError.Kind = .refused) -> Self {
        state.withLock { $0.steps.append((request, .failure(TransportError(kind, reason)))) }
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
