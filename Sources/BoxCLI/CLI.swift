import BoxArguments
import BoxClient
import BoxModel
import Glibc

/// The command line tool. `main.swift` calls ``main()``; tests call ``run(_:in:)``.
public enum CLI {
    /// Runs this process's command line.
    public static func main() async -> Never {
        // With SIGPIPE ignored, writing to a closed pipe fails with an errno, which ends the run normally.
        signal(SIGPIPE, SIG_IGN)
        Interruption.install()
        let status = await run(Array(CommandLine.arguments.dropFirst()), in: .live())
        // Not exit(3): its handlers clean up OpenSSL while libcurl's thread may still be closing a connection, which
        // occasionally crashes. No output is lost, since every write is complete when it returns.
        _exit(status.rawValue)
    }

    /// Runs one command line.
    ///
    /// - Parameter arguments: without the program's name.
    @discardableResult
    public static func run(_ arguments: [String], in dependencies: Dependencies) async -> ExitStatus {
        let outcome: ParseOutcome
        var context = Context(dependencies: dependencies, commands: CommandTable.root, globals: GlobalOptions())
        do {
            outcome = try CommandParser(root: CommandTable.root.spec).parse(arguments)
        } catch {
            context.emitter.usageError(error.description)
            return .usage
        }
        do {
            switch outcome {
            case .help(let path):
                try context.emitter.text(HelpText(path: path, width: context.outputWidth ?? 80).text)
                return .success
            case .run(let parsed):
                context = Context(
                    dependencies: dependencies, commands: CommandTable.root, globals: GlobalOptions(parsed))
                return try await run(parsed, context)
            }
        } catch {
            return end(error, context.emitter)
        }
    }

    private static func run(_ parsed: ParsedCommand, _ context: Context) async throws -> ExitStatus {
        guard let type = CommandTable.root.command(at: parsed.path) else {
            throw parsed.usageError("unknown command")
        }
        let status = try await type.init(parsed).run(context)
        context.emitter.statusLine.clear()
        return status
    }

    /// Reports why a run failed. No other code reports that.
    private static func end(_ error: any Error, _ emitter: Emitter) -> ExitStatus {
        switch error {
        // The reader needs no more output.
        case let error as SinkError where error.code == EPIPE: return .success
        case let error as SinkError: return cannotWrite(error, emitter)
        case let error as UsageError: emitter.usageError(error.description)
        default:
            do {
                try emitter.failure(Failure(error))
            } catch let error as SinkError where error.code != EPIPE {
                return cannotWrite(error, emitter)
            } catch {
                // stderr or stdout can't be written any more, but the exit status still counts.
            }
        }
        return Failure(error).exit
    }

    private static func cannotWrite(_ error: SinkError, _ emitter: Emitter) -> ExitStatus {
        emitter.outputFailure(error)
        return .failure
    }
}
