import BoxEngine
import BoxModel
import Logging

/// What a box gets from its account: secrets and repositories.
struct BoxSetUp: Sendable {
    let secrets: SecretStore
    let repositories: RepositoryService
    let sealer: Sealer

    func delivery(for row: BoxRow) async throws -> SecretDelivery {
        SecretDelivery(row, try await secrets.setup(of: row.accountID))
    }

    /// All variables of the box: the account's and its own.
    func environment(of row: BoxRow, _ delivery: SecretDelivery) throws -> [(name: String, value: String)] {
        delivery.environment(own: try ownEnvironment(of: row))
    }

    private func ownEnvironment(of row: BoxRow) throws -> [(name: String, value: String)] {
        guard let sealed = row.environment, let members = try JSON.parse(sealer.open(sealed)).object?.members else {
            return []
        }
        return members.map { ($0.key, $0.value.string ?? "") }
    }
}

// MARK: - Secrets

extension BoxActor {
    /// Brings secret files into the machine, which runs but is nobody's yet.
    ///
    /// - Returns: what could not be done, in words for the box's owner.
    /// - Throws: ``EngineError`` when a box that shall have none of the account's secrets may still have some.
    func deliver(_ delivery: SecretDelivery) async throws -> [String] {
        let change = delivery.change
        if change.isEmpty { return [] }
        // Before they are there: whoever dies in between must not leave files that nobody knows of.
        try await store.update(id) { $0.deliveredFiles = delivery.possible }
        let failures: [String: String]
        do { failures = try await engine.apply(change, in: id) } catch let error as EngineError {
            logger.error("secret files could not be delivered", metadata: ["error": "\(error)"])
            guard !delivery.row.noEnv else { throw error }
            return ["\(BoxRow.secretFile)s could not be written: \(error.message)"]
        }
        let delivered = delivery.delivered(after: failures)
        guard !delivery.row.noEnv || delivered.isEmpty else {
            throw EngineError(.failed, "the account's secret files could not be removed from the box's disk")
        }
        try await store.update(id) { $0.deliveredFiles = delivered }
        return failures.keys.sorted().map { "\(BoxRow.secretFile) \($0): \(failures[$0] ?? "")" }
    }

    /// Queues bringing the account's secrets, as they are by then, into the machine if it runs by then.
    ///
    /// - Returns: whether all of it succeeded; nil for a machine that doesn't run.
    func refreshSecrets() -> Task<Bool?, any Error> {
        serially { [self] in
            guard let row = try await store.find(id), row.boxState.isUsable, !row.isDeleting, !row.noEnv else {
                return nil
            }
            do {
                let delivery = try await setUp.delivery(for: row)
                try await engine.setEnvironment(setUp.environment(of: row, delivery), of: id)
                let warnings = try await deliver(delivery)
                let all = BoxRow.warnings(row.warnings, withSecretFiles: warnings)
                if all != row.warnings { try await store.update(id) { $0.warnings = all } }
                return warnings.isEmpty
            } catch let error as EngineError {
                return error.reason == .machineNotRunning ? nil : false
            }
        }
    }
}

// MARK: - Repositories

extension BoxActor {
    /// Queues what is left to do for a box whose state is `cloning`.
    func continueCloning() {
        _ = serially { [self] in await cloneRepositories() }
    }

    /// Clones what the box still waits for, and makes it ready. One that can't be cloned is told of, and the box is kept.
    func cloneRepositories() async {
        let task = Task { [self] in
            do { try await cloneAll() } catch {
                logger.error("cloning failed", metadata: ["error": "\(error)"])
            }
        }
        cloning = task
        await task.value
        cloning = nil
    }

    private func cloneAll() async throws {
        guard let row = try await store.find(id), row.boxState == .cloning else { return }
        for repository in try await setUp.repositories.store.find(row.pendingRepositories) {
            var warning: String?
            do { try await setUp.repositories.clone(repository, into: id) } catch let failure as CloneFailure {
                warning = "repository \(repository.row.fullName) could not be cloned: \(failure)"
            }
            // Given up because the box or boxd stops; what became of it is not the repository's fault.
            if Task.isCancelled { return }
            if let warning { logger.notice("\(warning)") }
            try await store.update(id) { [warning] row in
                row.pendingRepositories.removeAll { $0 == repository.row.id }
                if let warning { row.warnings.append(warning) }
            }
        }
        _ = try await store.transition(id, from: [.cloning]) { row in
            row.state = BoxState.ready.rawValue
            row.pendingRepositories = []
        }
    }
}
