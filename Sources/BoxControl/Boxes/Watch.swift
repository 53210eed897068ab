import BoxStore
import Logging
import ServiceLifecycle

/// Runs the periodic work.
///
/// It stops boxes whose time to live has passed, and archives those whose machine is gone. It retries failed removals,
/// and erases accounts that are being removed. It also monitors the disk and the database's size.
package struct Watch: Service {
    static let interval = Duration.seconds(1)
    /// One box can write a gigabyte a second.
    static let storageInterval = Duration.milliseconds(250)
    static let diskUseInterval = Duration.seconds(5)

    package let boxes: BoxService
    package let accounts: AccountStore
    package let database: DatabaseUpkeep
    package let allowance: LogAllowance
    package let logger: Logger

    package init(
        boxes: BoxService, accounts: AccountStore, database: DatabaseUpkeep, allowance: LogAllowance, logger: Logger
    ) {
        (self.boxes, self.accounts, self.database, self.allowance) = (boxes, accounts, database, allowance)
        self.logger = logger
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await every(Self.interval, "looking after the boxes failed") {
                        try await boxes.stopExpired()
                        try await boxes.archiveLost()
                        try await boxes.endStrays()
                        await boxes.retrySecrets()
                        if let count = allowance.leftOut() {
                            logger.info("\(count) more lines about requests without a key were left out")
                        }
                    }
                }
                group.addTask {
                    try await every(Self.storageInterval, "looking at the disk failed") {
                        try await boxes.checkStorage()
                    }
                }
                group.addTask {
                    try await every(Self.diskUseInterval, "recording how much disk boxes use failed") {
                        try await boxes.recordDiskUse()
                    }
                }
                // Concurrent with the others, because removing many boxes takes time.
                group.addTask {
                    try await every(Self.interval, "removing boxes and accounts failed") {
                        try await boxes.retryDeletions()
                        try await accounts.eraseEmptied()
                    }
                }
                group.addTask {
                    try await every(DatabaseUpkeep.interval, "making the database smaller failed") {
                        try await database.run()
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// - Parameter failure: the log message when the work throws. The same error is logged once until the work succeeds
    ///   again.
    private func every(_ interval: Duration, _ failure: Logger.Message, _ work: () async throws -> Void) async throws {
        var last: String?
        while !Task.isCancelled {
            do {
                try await work()
                last = nil
            } catch {
                guard !Task.isCancelled else { return }
                logger.log(level: "\(error)" == last ? .debug : .error, failure, metadata: ["error": "\(error)"])
                last = "\(error)"
            }
            try await Task.sleep(for: interval)
        }
    }
}
