import BoxModel
import BoxStore

/// What came of bringing changed secrets into an account's running boxes.
package struct SecretPush: Sendable, Equatable {
    /// How many boxes have them now.
    package var updated = 0
    /// How many should and haven't, those of ``waiting`` included.
    package var failed = 0
    /// The boxes that haven't answered yet. They get the secrets as soon as they do.
    package var waiting: [String] = []

    package var json: JSON {
        var members: JSONObject = ["updated": JSON(updated), "failed": JSON(failed)]
        if !waiting.isEmpty { members["waiting"] = .array(waiting.map { .string($0) }) }
        return .object(members)
    }
}

extension BoxService {
    /// Brings the account's secrets into its running boxes. Those that are starting get them too, and aren't waited for.
    ///
    /// - Parameter time: the longest that boxes are waited for. What isn't done by then goes on.
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

    /// Queues bringing the account's secrets into a box. What fails is tried again by ``retrySecrets()``.
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

    /// Brings secrets into the boxes that could not be given them. Called every second, and never waits for a box.
    func retrySecrets() async {
        for (id, backoff) in undelivered where backoff.isOver && deliveries[id] == nil { await refreshSecrets(of: id) }
    }
}
