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

    static func action(_ type: String, _ status: JSON, _ row: BoxRow) -> Response {
        .success(type, ["id": .string(row.id), "status": status, "box": row.json], status: .accepted)
    }
}
