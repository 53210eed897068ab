import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Logging

/// Runs the prompts of all boxes. A box's prompts run one after another, those of different boxes concurrently.
package actor AgentService {
    /// The worker of one box's queue.
    private struct Worker {
        var task: Task<Void, Never>?
        var run: AgentRun?
        /// Whether a prompt may have been queued since the worker's last check.
        var hasWork = true
    }

    package nonisolated let services: AgentServices
    private let logger: Logger
    private var workers: [String: Worker] = [:]
    private var isShuttingDown = false

    package init(_ services: AgentServices, logger: Logger) { (self.services, self.logger) = (services, logger) }

    // MARK: Requests

    /// Queues a prompt. It runs after the prompts before it.
    ///
    /// - Returns: the prompt's event; nil when the box isn't usable now.
    /// - Throws: ``APIError`` `provider_not_configured`, or `rate_limited` when the box's queue is full.
    package func queue(_ options: PromptRequest, in box: BoxRow, setUpURL: String) async throws -> EventRow? {
        guard try await services.providers.find(options.provider.name, of: box.accountID) != nil else {
            throw APIError(
                .providerNotConfigured,
                "\(options.provider.name) is not set up for this account: run `box provider set \(options.provider.name)`",
                details: ["provider": .string(options.provider.name), "setupUrl": .string(setUpURL)])
        }
        let event = NewEvent(
            id: UUID().uuidString.lowercased(), type: "prompt",
            data: [
                "prompt": .string(options.text), "status": "queued", "is_reverted": false,
                "provider": .string(options.provider.name), "model": JSON(options.model),
                "reasoning_effort": JSON(options.reasoningEffort),
            ])
        switch try await services.prompts.insert(event, box: box.id) {
        case .stored(let row):
            wake(box.id)
            return row
        case .full:
            throw APIError(
                .rateLimited,
                "box \(box.id) has \(PromptStore.maximumQueue) prompts queued, which is the most: wait for some to end",
                retryAfter: 10)
        case .notUsable: return nil
        }
    }

    /// Interrupts the agent that runs in the box. Waits until the run is over, for a limited time.
    package func interrupt(_ box: String) async {
        guard let run = workers[box]?.run else { return }
        Task { await run.interrupt() }
        let deadline = ContinuousClock.now + Self.interruptTimeout
        while let current = workers[box]?.run, current === run, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private static let interruptTimeout = Duration.seconds(5)

    // MARK: Workers

    /// Resumes what the last boxd left: running agents and queued prompts.
    package func reconcile() async throws {
        for box in try await services.prompts.boxesWithOpenPrompts() { wake(box) }
    }

    /// Stops following the runs. The agents keep running without boxd.
    package func settleForShutdown() async {
        isShuttingDown = true
        for worker in workers.values { worker.task?.cancel() }
        // A worker that waits for the download of the agents' programs isn't waited for beyond the deadline.
        let deadline = ContinuousClock.now + Self.interruptTimeout
        while !workers.isEmpty, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private func wake(_ box: String) {
        guard !isShuttingDown else { return }
        if workers[box] != nil {
            workers[box]?.hasWork = true
            return
        }
        workers[box] = Worker()
        workers[box]?.task = Task { await self.work(on: box) }
    }

    private func work(on box: String) async {
        while workers[box]?.hasWork == true {
            workers[box]?.hasWork = false
            do {
                while let prompt = try await services.prompts.next(of: box) { try await run(prompt) }
            } catch is CancellationError where Task.isCancelled {
                break
            } catch {
                // Most likely a database error, which may be transient.
                logger.error("a box's prompts can't be worked on", metadata: ["box": "\(box)", "error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
                if !Task.isCancelled { workers[box]?.hasWork = true }
            }
        }
        workers[box] = nil
    }

    private func run(_ prompt: EventRow) async throws {
        try Task.checkCancellation()
        var logger = logger
        logger[metadataKey: "box"] = "\(prompt.boxID)"
        let run = AgentRun(prompt, services, logger: logger)
        workers[prompt.boxID]?.run = run
        defer { workers[prompt.boxID]?.run = nil }
        try await run.run()
    }
}
