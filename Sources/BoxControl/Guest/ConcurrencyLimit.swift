import Synchronization

/// A limited number of slots per key, with a bounded FIFO queue of waiters.
package final class ConcurrencyLimit: Sendable {
    /// The queue is full.
    package struct QueueIsFull: Error {}

    /// A slot in use. ``release()`` or `deinit` gives it back.
    package final class Slot: Sendable {
        private let limit: ConcurrencyLimit
        private let key: String
        private let isReleased = Mutex(false)

        fileprivate init(_ limit: ConcurrencyLimit, _ key: String) { (self.limit, self.key) = (limit, key) }

        deinit { release() }

        package func release() {
            let isFirst = isReleased.withLock { isReleased in
                defer { isReleased = true }
                return !isReleased
            }
            if isFirst { limit.release(key) }
        }
    }

    /// A queued waiter. It is only accessed with the lock held.
    private final class Waiter: @unchecked Sendable {
        var continuation: CheckedContinuation<Void, any Error>?
        var isCancelled = false
    }

    private struct Use {
        var used = 0
        var waiting: [Waiter] = []
    }

    package let slots: Int
    package let queue: Int
    private let uses = Mutex<[String: Use]>([:])

    /// - Parameters:
    ///   - slots: the number of slots of each key.
    ///   - queue: the longest queue of each key.
    package init(slots: Int, queue: Int) { (self.slots, self.queue) = (slots, queue) }

    /// Waits for a slot.
    ///
    /// - Throws: ``QueueIsFull``, or `CancellationError` when the task is cancelled while it waits.
    package func acquire(_ key: String) async throws -> Slot {
        let waiter = Waiter()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if let outcome = admit(waiter, key, continuation) { continuation.resume(with: outcome) }
            }
        } onCancel: {
            leave(waiter, key)
        }
        return Slot(self, key)
    }

    /// The length of the key's queue.
    package func waiting(_ key: String) -> Int { uses.withLock { $0[key]?.waiting.count ?? 0 } }

    /// - Returns: nil for a waiter that was queued.
    private func admit(
        _ waiter: Waiter, _ key: String, _ continuation: CheckedContinuation<Void, any Error>
    ) -> Result<Void, any Error>? {
        uses.withLock { uses in
            if waiter.isCancelled { return .failure(CancellationError()) }
            var use = uses[key] ?? Use()
            if use.used < slots {
                use.used += 1
            } else {
                guard use.waiting.count < queue else { return .failure(QueueIsFull()) }
                waiter.continuation = continuation
                use.waiting.append(waiter)
            }
            uses[key] = use
            return waiter.continuation == nil ? .success(()) : nil
        }
    }

    private func leave(_ waiter: Waiter, _ key: String) {
        let continuation: CheckedContinuation<Void, any Error>? = uses.withLock { uses in
            waiter.isCancelled = true
            guard let index = uses[key]?.waiting.firstIndex(where: { $0 === waiter }) else { return nil }
            uses[key]?.waiting.remove(at: index)
            return waiter.continuation
        }
        continuation?.resume(throwing: CancellationError())
    }

    /// Gives the slot to the first waiter.
    private func release(_ key: String) {
        let next: Waiter? = uses.withLock { uses in
            guard var use = uses[key] else { return nil }
            let next = use.waiting.isEmpty ? nil : use.waiting.removeFirst()
            if next == nil { use.used -= 1 }
            uses[key] = use.used > 0 ? use : nil
            return next
        }
        next?.continuation?.resume()
    }
}
