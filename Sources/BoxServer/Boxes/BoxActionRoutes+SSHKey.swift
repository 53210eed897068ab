import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

extension BoxActionRoutes {
    @Sendable func addKey(_ request: Request, _ context: BoxdContext) async throws -> Response {
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
