import GRDB
import ServiceLifecycle
import Synchronization

/// Whether requests make sense now.
final class Readiness: Sendable {
    enum Phase: String, Sendable { case starting, ready, stopping }

    private let phase = Mutex(Phase.starting)

    var current: Phase { phase.withLock { $0 } }
    func enter(_ phase: Phase) { self.phase.withLock { $0 = phase } }

    /// How long the database may take to answer.
    static let patience = Duration.seconds(2)

    /// Why not, or nil.
    func problem(_ database: Database) async -> String? {
        switch current {
        case .starting: return "boxd is starting"
        case .stopping: return "boxd is stopping"
        case .ready: break
        }
        do {
            return try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask {
                    _ = try await database.pool.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM account") }
                    return nil
                }
                group.addTask {
                    try await Task.sleep(for: Self.patience)
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

/// Notes the moment when boxd is told to stop. Being the last of its group, it is told first.
struct StopNotice: Service {
    let readiness: Readiness

    func run() async throws {
        try await gracefulShutdown()
        readiness.enter(.stopping)
    }
}
