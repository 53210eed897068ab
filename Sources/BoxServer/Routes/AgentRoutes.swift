import Hummingbird

/// The page that an answer about a provider without configuration points to.
struct AgentRoutes {
    static let path = "/agents"

    func add(to router: Router<BoxdContext>) {
        router.route(
            RouterPath(Self.path),
            [
                .get: { _, _ in
                    LoginPage.message(
                        "Agents aren't set up here",
                        "This server makes boxes and runs no agents in them yet. Run one yourself in a box: box ssh ID")
                }
            ])
    }
}
