import BoxStore
import ServiceLifecycle
import Synchronization

/// Whether boxd can serve requests now.
package final class Readiness: Sendable {
    package enum Phase: String, Sendable { case starting, ready, stopping }

    private let phase = Mutex(Phase.starting)

    package init() {}

    package var current: Phase { phase.withLock { $0 } }
    package func set(_ phase: Phase) { self.phase.withLock { $0 = phase } }

    /// How long the database may take to answer.
    static let databaseTimeout = Duration.seconds(2)

    /// Why boxd isn't ready, or nil.
    package func problem(_ database: Database) async -> String? {
        switch current {
        case .starting: return "boxd is starting"
        case .stopping: return "boxd is stopping"
        case .ready: break
        }
        do {
            return try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask {
                    try await database.requireAnswer()
                    return nil
                }
                group.addTask {
                    try await Task.sleep(for: Self.databaseTimeout)
                    return "the database doesn't answer"
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } catch {
            return "the database doesn't answer"
        }
    }
}

/// Records the moment when boxd begins to shut down. It is the last service of its group, so the group stops it first.
package struct StopNotice: Service {
    let readiness: Readiness

    package init(readiness: Readiness) { self.readiness = readiness }

    package func run() async throws {
        try await gracefulShutdown()
        readiness.set(.stopping)
    }
}
