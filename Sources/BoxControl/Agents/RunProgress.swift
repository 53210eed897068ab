import BoxEngine
import BoxModel
import BoxStore

/// The result of following a run to its end.
struct RunOutcome: Sendable {
    let end: AgentRun.End
    let usage: JSON?
    /// Whether the agent did nothing because the session to resume is gone.
    let sessionIsMissing: Bool
}

/// The progress of a run that is followed: converts the machine's records into events and stores them.
actor RunProgress {
    private let prompts: PromptStore
    private let prompt: String
    private let box: String
    private let giveUp: @Sendable () -> Void
    private let launch: any AgentLaunch
    private var reader: any AgentReader
    private var recorder: RunRecorder
    private var ended: JobOutcome?
    private let isResumed: Bool

    /// - Parameter giveUp: called when the agent keeps retrying what can't succeed.
    init(
        _ plan: RunPlan, prompts: PromptStore, prompt: String, box: String, giveUp: @escaping @Sendable () -> Void
    ) {
        (self.prompts, self.prompt, self.box, self.giveUp) = (prompts, prompt, box, giveUp)
        isResumed = plan.session != nil
        launch = plan.provider.launch
        reader = launch.reader()
        recorder = RunRecorder(prompt: prompt, provider: plan.provider.name, model: plan.model, secret: plan.key)
    }

    /// The shortest time between two writes of partial text. Text from in between is part of the next write.
    private static let partialInterval = Duration.milliseconds(25)

    func consume(_ records: [JobRecord]) async throws {
        var pending: [AgentOutput] = []
        var isPartialOnly = true
        for record in records {
            let changes: RunChanges
            switch record {
            case .output(let line):
                // Output of the box's login scripts comes before the agent's lines.
                if let json = try? JSON.parse(line) { pending += reader.read(json) }
                continue
            case .commit(let commit):
                try await store(recorder.consume(pending))
                changes = recorder.consume(commit: commit)
            case .pushed(let commit):
                try await store(recorder.consume(pending))
                changes = recorder.consume(pushed: commit)
            case .ended(let outcome):
                ended = outcome
                continue
            }
            pending = []
            isPartialOnly = false
            try await store(changes)
        }
        let wasUnrecoverable = recorder.isUnrecoverable
        let changes = recorder.consume(pending)
        try await store(changes)
        if recorder.isUnrecoverable, !wasUnrecoverable { giveUp() }
        if isPartialOnly, changes.events.isEmpty, changes.partial != nil {
            try await Task.sleep(for: Self.partialInterval)
        }
    }

    private func store(_ changes: RunChanges) async throws {
        if !changes.isEmpty { try await prompts.record(changes, of: prompt, in: box) }
    }

    // MARK: The end

    func outcome(isInterrupted: Bool) -> RunOutcome {
        let ended = ended ?? JobOutcome(exitCode: nil)
        // Treat a session that can't be resumed as missing.
        let isBroken = recorder.failure == nil && ended.reason == nil && (ended.exitCode ?? 0) != 0
        let isMissing =
            !recorder.hasOutput
            && (isResumed && isBroken || launch.isMissingSession(ended.standardError, failure: recorder.failure))
        return RunOutcome(end: end(ended, isInterrupted), usage: recorder.usage, sessionIsMissing: isMissing)
    }

    private func end(_ ended: JobOutcome, _ isInterrupted: Bool) -> AgentRun.End {
        if recorder.isUnrecoverable, let failure = recorder.failure { return .failed(failure) }
        switch ended.reason {
        case .stopped: return .failed(AgentRun.interrupted)
        case .silent: return .failed("the agent said nothing for too long and was ended")
        case .tooMuchOutput: return .failed("the agent said more than can be kept and was ended")
        case nil: break
        }
        if recorder.isDone, ended.exitCode == 0 { return .finished }
        if let failure = recorder.failure { return .failed(failure) }
        if ended.outOfMemory { return .failed("the box ran out of memory and the agent was ended") }
        if let signal = ended.signal { return .failed("the agent was ended by \(signal)") }
        if isInterrupted { return .failed(AgentRun.interrupted) }
        let lastLine = ended.standardError.split(separator: "\n").last.map { ": \($0.prefix(500))" } ?? ""
        return .failed("the agent ended with exit code \(ended.exitCode ?? -1)\(lastLine)")
    }
}
