/// Runs commands that need root.
struct Privileges: Sendable {
    let context: Context

    /// The words before a command that run it as root; empty when we are root.
    func prefix(for purpose: String) throws -> [String] {
        let processes = context.dependencies.processes
        if processes.isRoot { return [] }
        let refusal = CommandError(
            "\(purpose) needs root. run it as root, or allow this user sudo without a password")
        guard let sudo = processes.find("sudo") else { throw refusal }
        if try processes.run([sudo, "-n", "true"], capturesErrors: true).status == 0 { return [sudo, "-n", "--"] }
        let terminal = context.dependencies.terminal
        guard context.emitter.mode == .human, terminal.stdinIsTerminal, terminal.stderrIsTerminal else { throw refusal }
        return [sudo, "--"]
    }

    /// Runs a command as root. In JSON mode its stderr becomes part of the error when it fails.
    @discardableResult
    func run(_ arguments: [String], for purpose: String) throws -> ProcessResult {
        let capturesErrors = context.emitter.mode == .json
        context.emitter.statusLine.clear()
        let result = try context.dependencies.processes.run(
            try prefix(for: purpose) + arguments, capturesErrors: capturesErrors)
        guard result.status != 0 else { return result }
        let lines = String(decoding: result.errors, as: UTF8.self).split(separator: "\n").suffix(5)
        let detail = lines.isEmpty ? "" : ": " + lines.joined(separator: "\n")
        throw CommandError("\(purpose) failed (exit status \(result.status))\(detail)")
    }
}
