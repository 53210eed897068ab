import BoxEngine
import BoxModel
import BoxStore
import Logging

/// Sets up a box with its account's secrets and repositories.
package struct BoxSetUp: Sendable {
    package let secrets: SecretStore
    package let repositories: RepositoryService
    package let sealer: Sealer

    package init(secrets: SecretStore, repositories: RepositoryService, sealer: Sealer) {
        (self.secrets, self.repositories, self.sealer) = (secrets, repositories, sealer)
    }

    func delivery(for row: BoxRow) async throws -> SecretDelivery {
        SecretDelivery(row, try await secrets.setup(of: row.accountID))
    }

    /// All environment variables of the box: the account's and its own.
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
    private static let undelivered = "\(BoxRow.secretFile)s could not be written"

    /// Writes the secret files into the machine, which runs but isn't usable yet.
    ///
    /// - Returns: what failed, as warnings for the box's owner.
    /// - Throws: ``EngineError`` when a box with `noEnv` may still have some of the account's secrets.
    func deliver(_ delivery: SecretDelivery) async throws -> [String] {
        let change = delivery.change
        if change.isEmpty { return [] }
        // Stored before the files are written. A boxd that dies in between must not leave files that aren't in the
        // database.
        try await store.update(id) { $0.deliveredFiles = delivery.possible }
        let failures: [String: String]
        do { failures = try await engine.apply(change, in: id) } catch let error as EngineError {
            // Most likely something in the box caused the error.
            logger.warning("secret files could not be delivered", metadata: ["error": "\(error)"])
            guard !delivery.row.noEnv else { throw error }
            return ["\(Self.undelivered): \(error.message)"]
        }
        let delivered = delivery.delivered(after: failures)
        guard !delivery.row.noEnv || delivered.isEmpty else {
            throw EngineError(.failed, "the account's secret files could not be removed from the box's disk")
        }
        try await store.update(id) { $0.deliveredFiles = delivered }
        return failures.keys.sorted().map { "\(BoxRow.secretFile) \($0): \(failures[$0] ?? "")" }
    }

    /// The result of delivering secrets to a running machine.
    enum Refresh: Sendable {
        case done
        /// Some files can't be written. The box's warnings have the reasons.
        case partly
        /// A retry may succeed.
        case failed
        case notRunning
    }

    /// The time after which the owner of a box that doesn't answer is warned.
    private static let late = Duration.seconds(10)
    private static let lateWarning =
        "\(BoxRow.secretFile)s are not written yet, because the box doesn't answer: it gets them as soon as it does"

    /// Queues the delivery of the account's secrets to the machine. It uses the secrets and the machine's state of when
    /// it runs.
    func refreshSecrets() -> Task<Refresh, any Error> {
        serially { [self] in
            guard let row = try await store.find(id), row.boxState.isUsable, !row.isDeleting, !row.noEnv else {
                return .notRunning
            }
            do {
                let delivery = try await setUp.delivery(for: row)
                try await engine.setEnvironment(setUp.environment(of: row, delivery), of: id)
                let (warnings, isWhole) = try await deliverInTime(delivery)
                try await warn(warnings)
                return warnings.isEmpty ? .done : isWhole ? .partly : .failed
            } catch let error as EngineError {
                return error.reason == .machineNotRunning ? .notRunning : .failed
            } catch is CancellationError {
                // The box stops. Its next start delivers the secrets.
                return .notRunning
            }
        }
    }

    /// Delivers, and warns the box's owner when that takes long. A stop of the box cancels it.
    private func deliverInTime(_ delivery: SecretDelivery) async throws -> (warnings: [String], isWhole: Bool) {
        let late = Task {
            try await Task.sleep(for: Self.late)
            try await warn([Self.lateWarning])
        }
        let work = Task { try await deliver(delivery) }
        delivering = work
        let result = await work.result
        delivering = nil
        late.cancel()
        // The late warning must not be stored after the final one.
        _ = await late.result
        let warnings = try result.get()
        return (warnings, !warnings.contains { $0.hasPrefix(Self.undelivered) })
    }

    private func warn(_ warnings: [String]) async throws {
        guard let row = try await store.find(id) else { return }
        guard BoxRow.warnings(row.warnings, withSecretFiles: warnings) != row.warnings else { return }
        try await store.update(id) { $0.warnings = BoxRow.warnings($0.warnings, withSecretFiles: warnings) }
    }
}

// MARK: - Repositories

extension BoxActor {
    /// Queues the rest of the set-up of a box in state `cloning`.
    func continueCloning() {
        _ = serially { [self] in await cloneRepositories() }
    }

    /// Clones the pending repositories and makes the box ready. A repository that can't be cloned becomes a warning.
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
            var (warning, diagnostics): (String?, String) = (nil, "")
            do { try await setUp.repositories.clone(repository, into: id) } catch let failure as CloneFailure {
                diagnostics = failure.diagnostics
                warning = "repository \(repository.row.fullName) could not be cloned: \(failure)"
            }
            // Cancelled because the box or boxd stops, so the failure isn't the repository's and isn't recorded.
            if Task.isCancelled { return }
            if let warning {
                logger.notice("\(warning)", metadata: diagnostics.isEmpty ? nil : ["error": "\(diagnostics)"])
            }
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
