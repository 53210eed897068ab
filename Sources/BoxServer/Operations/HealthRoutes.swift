import BoxControl
import BoxEngine
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// The operator's routes: `/healthz`, whether boxd responds; `/readyz`, whether it can serve requests; `/metrics`; and
/// `/openapi.yaml`, the description of the API.
struct HealthRoutes {
    let readiness: Readiness
    let storage: StorageMonitor
    let database: Database
    let metrics: MetricsPage
    let keys: KeyStore

    func add(to router: Router<BoxdContext>) {
        router.route("/healthz", [.get: { _, _ in .json(["ok": true]) }])
        router.route("/readyz", [.get: ready])
        router.route("/metrics", [.get: showMetrics])
        router.route("/openapi.yaml", [.get: description])
    }

    /// Returns the API description that this boxd was built with.
    @Sendable private func description(_ request: Request, _ context: BoxdContext) async throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/yaml", .cacheControl: "no-cache"],
            body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_yaml)))
    }

    @Sendable private func ready(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let open = await metrics.boxes.engine.networkWalls().areUp ? nil : "the firewall rules around boxes are missing"
        guard let problem = await readiness.problem(database) ?? storage.problem ?? open else {
            return .json(["ok": true])
        }
        return .json(["ok": false, "reason": .string(problem)], status: .serviceUnavailable)
    }

    /// Returns the metrics to clients on this machine and to clients with a key. A proxy on this machine forwards other
    /// clients' requests, and adds headers that show it.
    @Sendable private func showMetrics(_ request: Request, _ context: BoxdContext) async throws -> Response {
        if !context.isFromThisMachine(request), try await keys.account(of: request) == nil {
            throw APIError.unauthorized
        }
        let text = try await metrics.text()
        return Response(
            status: .ok, headers: [.contentType: MetricsText.contentType, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

extension BoxdContext {
    /// Whether the request comes directly from a program on this machine.
    fileprivate func isFromThisMachine(_ request: Request) -> Bool {
        guard let peer = channel.remoteAddress?.ipAddress else { return false }
        guard peer.hasPrefix("127.") || peer == "::1" || peer.hasPrefix("::ffff:127.") else { return false }
        return Self.proxyHeaders.allSatisfy { request.headers[$0] == nil }
    }

    private static let proxyHeaders: [HTTPField.Name] = [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via",
    ].compactMap { HTTPField.Name($0) }
}
