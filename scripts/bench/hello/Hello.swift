import Hummingbird
import Logging

/// A minimal Hummingbird server, with which scripts/bench/load compares boxd: hello HOST:PORT
@main
struct Hello {
    static func main() async throws {
        let words = (CommandLine.arguments.dropFirst().first ?? "127.0.0.1:7071").split(separator: ":")
        let router = Router()
        router.get("/") { _, _ in "hello" }
        var logger = Logger(label: "hello")
        logger.logLevel = .error
        try await Application(
            router: router,
            configuration: .init(address: .hostname(String(words[0]), port: Int(words[1]) ?? 7071)), logger: logger
        ).runService()
    }
}
