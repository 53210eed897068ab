import BoxModel
import Hummingbird

/// `GET /healthz`: whether this boxd answers. No key is needed and nothing but that is told.
struct HealthRoutes {
    func add(to router: Router<BoxdContext>) {
        router.route("/healthz", [.get: { _, _ in .json(["ok": true]) }])
    }
}
