import BoxControl
import BoxEngine
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// What is for whoever runs boxd: `/healthz`, whether it answers; `/readyz`, whether requests make sense now; `/metrics`;
/// and `/openapi.yaml`, what the API is.
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

    /// The description of the API that this boxd was built with.
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

    /// For whoever is on this machine, or has a key. A proxy on this machine passes others' requests on, and says so.
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
    /// Whether the request comes straight from a program of this machine.
    fileprivate func isFromThisMachine(_ request: Request) -> Bool {
        guard let peer = channel.remoteAddress?.ipAddress else { return false }
        guard peer.hasPrefix("127.") || peer == "::1" || peer.hasPrefix("::ffff:127.") else { return false }
        return Self.proxyHeaders.allSatisfy { request.headers[$0] == nil }
    }

    private static let proxyHeaders: [HTTPField.Name] = [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via",
    ].compactMap { HTTPField.Name($0) }
}
