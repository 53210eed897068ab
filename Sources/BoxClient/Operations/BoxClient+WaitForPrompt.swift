import BoxModel

extension BoxClient {
    /// Waits until a prompt's run is over: finished, failed, or in another way that the server calls done.
    /// `GET /boxes/{id}/prompts/{promptId}`, again and again. Failures that may pass are waited out.
    ///
    /// - Parameters:
    ///   - prompt: ``QueuedPrompt/promptID``.
    ///   - timeout: an hour when not given.
    ///   - onStatus: called with each new status, once, the first one too.
    /// - Returns: the run, of which ``PromptRun/status`` says how it ended. A failed run is a result and no error.
    /// - Throws: ``BoxError/promptTimedOut(id:prompt:lastStatus:seconds:)``, and what ``promptRunStatus(_:prompt:)`` throws.
    public func waitForPrompt(
        _ id: String, prompt: String, timeout: Duration = .seconds(3600),
        onStatus: @Sendable (PromptRun) throws -> Void = { _ in }
    ) async throws -> PromptRun {
        var polling = Polling(timeout: timeout, firstPause: .milliseconds(250), maximumPause: .seconds(2))
        var backoff = EventBackoff()
        var last: PromptStatus?
        while true {
            do {
                let run = try await promptRunStatus(id, prompt: prompt)
                backoff.succeeded(withNews: true)
                if run.status != last { try onStatus(run) }
                last = run.status
                if run.isOver { return run }
            } catch let error as BoxError where polling.hasTimeLeft && backoff.mayTryAgain(after: error) {
                try await configuration.pause(backoff.pauseAfterFailure(error))
            }
            guard polling.hasTimeLeft else {
                throw BoxError.promptTimedOut(
                    id: id, prompt: prompt, lastStatus: last ?? .queued, seconds: Int(timeout.components.seconds))
            }
            try await polling.rest(configuration.pause)
        }
    }

    /// The same as ``waitForPrompt(_:prompt:timeout:onStatus:)``, under the other name that the other SDKs have for it.
    public func waitForPromptDone(
        _ id: String, prompt: String, timeout: Duration = .seconds(3600),
        onStatus: @Sendable (PromptRun) throws -> Void = { _ in }
    ) async throws -> PromptRun {
        try await waitForPrompt(id, prompt: prompt, timeout: timeout, onStatus: onStatus)
    }
}
