import Synchronization

/// Counts who is at work, by key, up to a maximum.
final class PlaceCounter: Sendable {
    private let maximum: Int
    private let taken = Mutex<[String: Int]>([:])

    init(maximum: Int) { self.maximum = maximum }

    /// - Returns: false when no place is free.
    func enter(_ key: String) -> Bool {
        taken.withLock { taken in
            let count = taken[key, default: 0]
            guard count < maximum else { return false }
            taken[key] = count + 1
            return true
        }
    }

    func leave(_ key: String) {
        taken.withLock { taken in
            let count = taken[key, default: 1] - 1
            taken[key] = count > 0 ? count : nil
        }
    }
}
