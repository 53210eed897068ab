import Logging
import ServiceLifecycle

/// Looks after boxes as time passes: stops those whose time is up, archives those whose machine is gone, and
/// removes what could not be removed at first, and accounts that are on their way out.
struct Watch: Service {
    static let interval = Duration.seconds(1)

    let boxes: BoxService
    let accounts: AccountStore
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await everyInterval {
                        try await boxes.stopExpired()
                        try await boxes.archiveLost()
                    }
                }
                // Beside the others, because removing many boxes takes its time.
                group.addTask {
                    try await everyInterval {
                        try await boxes.retryDeletions()
                        try await accounts.eraseEmptied()
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func everyInterval(_ work: () async throws -> Void) async throws {
        while !Task.isCancelled {
            do { try await work() } catch {
                guard !Task.isCancelled else { return }
                logger.error("looking after the boxes failed", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: Self.interval)
        }
    }
}
