import Logging
import ServiceLifecycle

/// Looks after boxes as time passes: stops those whose time is up and archives those whose machine is gone.
struct Watch: Service {
    static let interval = Duration.seconds(1)

    let boxes: BoxService
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await boxes.stopExpired()
                    try await boxes.archiveLost()
                } catch {
                    logger.error("looking after the boxes failed", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: Self.interval)
            }
        }
    }
}
