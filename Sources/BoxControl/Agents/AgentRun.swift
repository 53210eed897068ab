import BoxEngine
import BoxModel
import BoxStore
import Logging

/// One run of an agent in a box, from its prompt to its end. The prompt is queued, or was started by an earlier boxd.
///
/// The agent runs as a job of the machine, with the prompt's id. Starting that job twice is harmless, and following it
/// begins at its first record. So boxd can die at any moment and the next one continues.
actor AgentRun {
    /// How a run ended, as its prompt's event shows it.
    enum End: Sendable, Equatable {
        case finished
        case failed(String)
    }

    private let event: EventRow
    private let services: AgentServices
    private let logger: Logger
    private var isInterrupted = false
    /// Whether the agent may have been started already.
    private var isStarting = false
    /// The jobs of the run. The last one is followed.
    private var jobs: [String] = []
    private var following: Task<Void, any Error>?

    init(_ event: EventRow, _ services: AgentServices, logger: Logger) {
        (self.event, self.services, self.logger) = (event, services, logger)
    }

    private var box: String { event.boxID }
    var prompt: String { event.id }

    /// Runs the prompt to its end and records the result.
    ///
    /// - Throws: `CancellationError` when boxd shuts down. The agent keeps running.
    func run() async throws {
        let end: (End, usage: JSON?)
        do { end = try await work() } catch {
            try Task.checkCancellation()
            end = (.failed(await reason(error)), nil)
        }
        var facts = JSONObject()
        if let usage = end.usage { facts["usage"] = usage }
        switch end.0 {
        case .finished: try await services.prompts.end(prompt, of: box, status: "finished", facts)
        case .failed(let reason):
            facts["error"] = .string(reason)
            try await services.prompts.end(prompt, of: box, status: "failed", facts)
        }
        logger.info("prompt ended", metadata: ["prompt": "\(prompt)", "end": "\(end.0)"])
        // The machine's records of the jobs aren't needed any more. They are deleted with the machine at the latest.
        for job in jobs { try? await services.engine.forgetJob(job, in: box) }
    }

    /// Ends the agent and all processes that it started. The run then fails, even when the machine doesn't react.
    func interrupt() async {
        isInterrupted = true
        guard let job = jobs.last else {
            guard !isStarting else { return }
            // The agent won't be started any more, not by the next boxd either.
            try? await services.prompts.end(prompt, of: box, status: "failed", ["error": .string(Self.interrupted)])
            return
        }
        let giveUp = Task { [following] in
            try await Task.sleep(for: Self.retryInterval)
            following?.cancel()
        }
        do { try await services.engine.stopJob(job, in: box) } catch {
            logger.notice("the agent could not be interrupted", metadata: ["prompt": "\(prompt)", "error": "\(error)"])
        }
        _ = try? await following?.value
        giveUp.cancel()
    }

    /// How long the machine has to end an interrupted agent.
    private static let retryInterval = Duration.seconds(3)

    // MARK: Steps

    private func work() async throws -> (End, usage: JSON?) {
        guard let row = try await services.boxes.find(box), !row.isDeleting, row.boxState.isUsable else {
            return (.failed("the box was stopped"), nil)
        }
        let plan = try await RunPlan(event, row, services)
        if plan.isQueued {
            try await services.engine.installAgents()
            guard !isInterrupted else { return (.failed(Self.interrupted), nil) }
            isStarting = true
            try await start(plan, job: prompt, session: plan.session)
        }
        isStarting = true
        let first = try await follow(plan, job: prompt)
        guard first.sessionIsMissing else { return (first.end, first.usage) }
        let second = "\(prompt)-new"
        guard !isInterrupted else {
            // An earlier boxd may have started the second job.
            try? await services.engine.stopJob(second, in: box)
            jobs.append(second)
            return (.failed(Self.interrupted), first.usage)
        }
        // The user has deleted the session with the agent's files, but the prompt still has to run. The machine keeps
        // the first job until the run is over, because a boxd that takes over learns from it that there is a second.
        try await services.prompts.forgetSession(of: box, provider: plan.provider.name)
        try await start(plan, job: second, session: nil)
        let outcome = try await follow(plan, job: second)
        return (outcome.end, outcome.usage)
    }

    private func start(_ plan: RunPlan, job: String, session: String?) async throws {
        try await services.engine.startJob(try plan.job(job, session: session, silence: services.silence), in: box)
        try await services.prompts.begin(prompt, of: box)
        logger.info("prompt runs", metadata: ["prompt": "\(prompt)", "provider": "\(plan.provider.name)"])
    }

    private func follow(_ plan: RunPlan, job: String) async throws -> RunOutcome {
        try await services.prompts.dropPartials(of: prompt, in: box)
        let progress = RunProgress(plan, prompts: services.prompts, prompt: prompt, box: box) { [self] in
            // As a task of its own: the job only reports its end while it is followed.
            Task { await interrupt() }
        }
        let following = Task { [services, box] in
            try await services.engine.followJob(job, in: box) { try await progress.consume($0) }
        }
        jobs.append(job)
        self.following = following
        if isInterrupted { Task { await interrupt() } }
        try await withTaskCancellationHandler {
            try await following.value
        } onCancel: {
            following.cancel()
        }
        return await progress.outcome(isInterrupted: isInterrupted)
    }

    static let interrupted = "interrupted"

    /// Why the box's machine didn't finish the run, as a message for the box's owner.
    private func reason(_ error: any Error) async -> String {
        let row = try? await services.boxes.find(box)
        if let state = row?.boxState, !state.isUsable { return "the box was stopped" }
        if isInterrupted { return Self.interrupted }
        if !(error is GuestRefusal), !(error is APIError) {
            logger.warning("the run of a prompt failed", metadata: ["prompt": "\(prompt)", "error": "\(error)"])
        }
        switch error {
        case let refusal as GuestRefusal where refusal.reason == .noSuchJob:
            return "the agent is gone: the box was started anew while it worked"
        case let error as EngineError where error.reason == .machineNotRunning:
            return "the box ended while the agent worked"
        case let error as EngineError: return error.message
        case let error as APIError: return error.message
        default: return "the server could not run the agent"
        }
    }
}

/// The dependencies of agent runs.
package struct AgentServices: Sendable {
    package let boxes: BoxRowStore
    package let prompts: PromptStore
    package let providers: ProviderStore
    package let repositories: RepositoryStore
    package let engine: any MachineEngine
    /// In seconds: how long an agent may be silent before it is ended.
    package let silence: Int

    package init(
        boxes: BoxRowStore, prompts: PromptStore, providers: ProviderStore, repositories: RepositoryStore,
        engine: any MachineEngine, silence: Int
    ) {
        (self.boxes, self.prompts, self.providers, self.repositories) = (boxes, prompts, providers, repositories)
        (self.engine, self.silence) = (engine, silence)
    }
}
