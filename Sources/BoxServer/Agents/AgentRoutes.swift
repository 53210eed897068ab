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
                        "Set up an agent",
                        "On your computer: box provider set codex, or box provider set claude-code. It asks for the API key."
                    )
                }
            ])
    }
}
