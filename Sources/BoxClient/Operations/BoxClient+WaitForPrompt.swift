import BoxModel

extension BoxClient {
    /// Waits until a prompt's run is over: finished, failed, or reported as done. It polls `GET
    /// /boxes/{id}/prompts/{promptId}`, and retries after transient failures.
    ///
    /// - Parameters:
    ///   - prompt: ``QueuedPrompt/promptID``.
    ///   - timeout: an hour by default.
    ///   - onStatus: called once with each new status, including the first.
    /// - Returns: the run. ``PromptRun/status`` is its outcome. A failed run is a result and not an error.
    /// - Throws: ``BoxError/promptTimedOut(id:prompt:lastStatus:seconds:)``, and the errors of
    ///   ``promptRunStatus(_:prompt:)``.
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
                backoff.succeeded(withEvents: true)
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

    /// Does the same as ``waitForPrompt(_:prompt:timeout:onStatus:)``, under the other name of the other SDKs.
    public func waitForPromptDone(
        _ id: String, prompt: String, timeout: Duration = .seconds(3600),
        onStatus: @Sendable (PromptRun) throws -> Void = { _ in }
    ) async throws -> PromptRun {
        try await waitForPrompt(id, prompt: prompt, timeout: timeout, onStatus: onStatus)
    }
}
