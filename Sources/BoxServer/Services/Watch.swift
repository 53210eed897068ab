import Logging
import ServiceLifecycle

/// Looks after boxes as time passes: stops those whose time is up, archives those whose machine is gone, and
/// removes what could not be removed at first.
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
                    try await boxes.retryDeletions()
                } catch {
                    logger.error("looking after the boxes failed", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: Self.interval)
            }
        }
    }
}
