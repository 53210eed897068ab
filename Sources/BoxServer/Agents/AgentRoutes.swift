import Hummingbird

/// The page that an error about an unconfigured provider links to.
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
