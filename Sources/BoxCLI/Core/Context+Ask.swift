extension Context {
    /// Whether a user is there to answer questions.
    var canAsk: Bool {
        emitter.mode == .human && dependencies.terminal.stdinIsTerminal && dependencies.terminal.stderrIsTerminal
    }

    /// Asks for confirmation of something that can't be undone. Returns true when no user can answer.
    ///
    /// - Parameter question: without its question mark.
    func confirm(_ question: String) -> Bool {
        guard canAsk else { return true }
        emitter.ask("\(question)? [y/N] ")
        return ["y", "yes"].contains(dependencies.input.readLine()?.lowercased() ?? "")
    }

    /// Asks for a line that isn't echoed. Throws `CancellationError` on Ctrl-C.
    func askSecret(_ what: String) throws -> String {
        emitter.ask("\(what) (it is not shown): ")
        // Enter and Ctrl-C aren't echoed either.
        defer { emitter.notice("") }
        return try dependencies.input.readSecret() ?? ""
    }
}
