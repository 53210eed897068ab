import BoxModel
import BoxStore

/// The result of delivering changed secrets to an account's running boxes.
package struct SecretPush: Sendable, Equatable {
    /// How many boxes have the new secrets.
    package var updated = 0
    /// How many boxes should have them and don't, including those in ``waiting``.
    package var failed = 0
    /// The boxes that haven't answered yet. They get the secrets as soon as they answer.
    package var waiting: [String] = []

    package var json: JSON {
        var members: JSONObject = ["updated": JSON(updated), "failed": JSON(failed)]
        if !waiting.isEmpty { members["waiting"] = .array(waiting.map { .string($0) }) }
        return .object(members)
    }
}

extension BoxService {
    /// Delivers the account's secrets to its running boxes. Starting boxes get them too, but aren't waited for.
    ///
    /// - Parameter time: how long to wait for boxes. Deliveries that aren't done by then continue.
    package func pushSecrets(of account: Account, within time: Duration) async throws -> SecretPush {
        let (outcomes, sink) = AsyncStream.makeStream(of: (id: String, outcome: BoxActor.Refresh).self)
        var waiting: Set<String> = []
        for row in try await store.all(of: account.id) where !row.noEnv {
            let refresh = await refreshSecrets(of: row.id)
            guard row.boxState.isUsable else { continue }
            waiting.insert(row.id)
            Task { sink.yield((row.id, await refresh.value)) }
        }
        var push = SecretPush()
        if waiting.isEmpty { return push }
        let timer = Task {
            try await Task.sleep(for: time)
            sink.finish()
        }
        defer { timer.cancel() }
        for await (id, outcome) in outcomes {
            switch outcome {
            case .done: push.updated += 1
            case .partly, .failed: push.failed += 1
            case .notRunning: break
            }
            waiting.remove(id)
            if waiting.isEmpty { break }
        }
        push.failed += waiting.count
        push.waiting = waiting.sorted()
        return push
    }

    /// Queues the delivery of the account's secrets to a box. ``retrySecrets()`` retries a failed delivery.
    @discardableResult
    func refreshSecrets(of id: String) async -> Task<BoxActor.Refresh, Never> {
        deliveries[id, default: 0] += 1
        let work = await actor(id).refreshSecrets()
        return Task {
            let outcome = (try? await work.value) ?? .failed
            let left = (deliveries[id] ?? 1) - 1
            deliveries[id] = left > 0 ? left : nil
            if outcome == .failed { undelivered[id, default: Backoff()].recordFailure() } else { undelivered[id] = nil }
            return outcome
        }
    }

    /// Retries failed deliveries. It is called every second and never waits for a box.
    func retrySecrets() async {
        for (id, backoff) in undelivered where backoff.isOver && deliveries[id] == nil { await refreshSecrets(of: id) }
    }
}
