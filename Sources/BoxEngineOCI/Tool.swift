import BoxEngine
import Subprocess
import SystemPackage

/// Runs one of the host's programs and turns its failure into an ``EngineError``.
enum Tool {
    /// - Returns: what the program wrote to standard output, at most 4 MiB.
    @discardableResult
    static func run(_ name: String, _ arguments: [String], input: String? = nil) async throws -> String {
        let (succeeded, output, errorText): (Bool, String, String)
        do {
            let result = try await Subprocess.run(
                executable(name), arguments: Arguments(arguments), input: .string(input ?? ""),
                output: .string(limit: 4 << 20), error: .string(limit: 64 << 10))
            (succeeded, output) = (result.terminationStatus.isSuccess, result.standardOutput)
            errorText = result.standardError
        } catch let error as SubprocessError {
            throw EngineError(.failed, "the host could not run \(name)", diagnostics: "\(error)")
        }
        guard succeeded else {
            let summary = ([name] + arguments.prefix(6)).joined(separator: " ")
            throw EngineError(
                .failed, "\(name) failed on the host", diagnostics: "\(summary): \(errorText.suffix(2000))")
        }
        return output
    }

    /// By its path: swift-subprocess would fork once for every folder of PATH until an exec succeeds, which takes longer than most
    /// of these programs run.
    private static func executable(_ name: String) -> Executable {
        HostPrograms.find(name).map { .path(FilePath($0)) } ?? .name(name)
    }

    /// Runs a program that leaves a child behind. Its standard streams are `/dev/null`, because the child inherits them.
    static func runDetaching(_ name: String, _ arguments: [String]) async throws -> Bool {
        try await Subprocess.run(
            executable(name), arguments: Arguments(arguments), input: .none, output: .discarded, error: .discarded
        ).terminationStatus.isSuccess
    }
}
