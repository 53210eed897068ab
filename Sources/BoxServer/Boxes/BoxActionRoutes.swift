import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `POST /boxes/{id}/stop`, `/resume`, `/fork` and `/sshkey`.
struct BoxActionRoutes {
    let boxes: BoxService

    /// In seconds: the longest grace period for processes.
    static let longestGrace = 600

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes/:id/stop", [.post: stop])
        router.route("/boxes/:id/resume", [.post: resume])
        router.route("/boxes/:id/fork", [.post: fork])
        router.route("/boxes/:id/sshkey", [.post: addKey])
    }

    @Sendable private func stop(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (body, _) = try await context.body(of: request)
        let force = try body.bool("force") ?? false
        let seconds = try body.integer("timeoutSeconds", 0...Self.longestGrace, code: .invalidTimeout)
        let row = try await boxes.stop(
            context.boxID(), context.requireAccount(), grace: force ? .zero : seconds.map { .seconds($0) })
        return Self.action("box.stopping", "archiving", row)
    }

    @Sendable private func resume(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let options = try CreateRequest(await context.body(of: request).body)
        return Self.action(
            "box.resuming", "resuming",
            try await boxes.resume(context.boxID(), options, account: context.requireAccount())
        )
    }

    @Sendable private func fork(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (body, bytes) = try await context.body(of: request)
        let id = try context.boxID()
        let key = try boxes.idempotency(request.idempotencyKey, operation: "fork \(id)", body: bytes)
        let row = try await boxes.fork(id, CreateRequest(body), account: context.requireAccount(), idempotency: key)
        return Self.action("box.forking", "forking", row)
    }

    private static func action(_ type: String, _ status: JSON, _ row: BoxRow) -> Response {
        .success(type, ["id": .string(row.id), "status": status, "box": row.json], status: .accepted)
    }

    @Sendable private func addKey(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (body, _) = try await context.body(of: request)
        let line: String
        do {
            line = try OpenSSHKey.validatePublicKeyLine(body.string("key", code: .invalidSSHKey) ?? "")
        } catch let error as InvalidPublicKey {
            throw APIError(.invalidSSHKey, "key is not valid: \(error)")
        }
        let row = try await boxes.addKey(line, to: context.boxID(), context.requireAccount())
        return .success("ssh_key.configured", ["success": true, "machineIp": JSON(row.ip), "sshUser": "user"])
    }
}
