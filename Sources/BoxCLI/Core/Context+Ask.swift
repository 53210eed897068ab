extension Context {
    /// Whether somebody is there who can be asked.
    var canAsk: Bool {
        emitter.mode == .human && dependencies.terminal.stdinIsTerminal && dependencies.terminal.stderrIsTerminal
    }

    /// Asks before something that can't be undone. Yes when nobody can be asked.
    ///
    /// - Parameter question: without its mark.
    func confirm(_ question: String) -> Bool {
        guard canAsk else { return true }
        emitter.ask("\(question)? [y/N] ")
        return ["y", "yes"].contains(dependencies.input.readLine()?.lowercased() ?? "")
    }

    /// Asks for a line that isn't shown while it is typed. `CancellationError` on Ctrl-C.
    func askSecret(_ what: String) throws -> String {
        emitter.ask("\(what) (it is not shown): ")
        // Enter and Ctrl-C aren't shown either.
        defer { emitter.notice("") }
        return try dependencies.input.readSecret() ?? ""
    }
}
