import BoxEngine
import BoxModel
import BoxStore
import Synchronization

/// The state of the disk that all boxes share, as of the last check.
package final class StorageMonitor: Sendable {
    private let last = Mutex<StorageState?>(nil)

    package init() {}

    /// Nil before the first check.
    package var state: StorageState? { last.withLock { $0 } }

    /// - Returns: the state before.
    func exchange(_ state: StorageState) -> StorageState? {
        last.withLock { last in
            defer { last = state }
            return last
        }
    }

    /// The problem, as a message for the operator; nil while there is space.
    package var problem: String? {
        guard let state, state.level != .ample else { return nil }
        return "the disk is full: \(Self.words(of: state))"
    }

    /// - Throws: ``APIError`` `insufficient_storage` when the box is paused because it was filling the disk.
    package func requireRunning(_ id: String) throws {
        guard let state, state.paused.contains(id) else { return }
        throw APIError(
            .insufficientStorage,
            "box \(id) is paused, because it was filling the server's disk (\(Self.words(of: state))): delete boxes that nobody "
                + "needs, and it goes on by itself; it can be stopped or deleted too",
            details: Self.details(of: state), retryAfter: 10)
    }

    /// The error of a request that needs disk space.
    package static func refusal(_ state: StorageState, biggest: (id: String, used: Int)?) -> APIError {
        let remedy = biggest.map {
            "box \($0.id) uses the most of yours, \(size($0.used)): delete it, or remove files in it"
        }
        return APIError(
            .insufficientStorage,
            "the server's disk is full (\(words(of: state))): "
                + (remedy ?? "delete boxes that nobody needs, or ask whoever runs the server"),
            details: details(of: state), retryAfter: 30)
    }

    private static func details(of state: StorageState) -> JSONObject {
        ["freeBytes": JSON(state.free), "totalBytes": JSON(state.total)]
    }

    private static func words(of state: StorageState) -> String {
        "\(size(state.free)) of \(size(state.total)) are free"
    }

    /// A size in the largest unit in which it is at least 1.
    package static func size(_ bytes: Int) -> String {
        let units = ["bytes", "KB", "MB", "GB", "TB"]
        var (value, unit) = (Double(bytes), 0)
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        return "\(unit == 0 || value >= 10 ? "\(Int(value))" : "\((value * 10).rounded(.down) / 10)") \(units[unit])"
    }
}
