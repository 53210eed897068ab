import BoxEngine
import BoxSystem
import Glibc
import Subprocess
import SystemPackage

/// Runs one of the host's programs and turns its failure into an ``EngineError``.
public enum Tool {
    /// Long enough for a loaded host, and short enough that a hanging program doesn't block a box forever.
    public static let standardTimeout = Duration.seconds(120)

    /// - Parameters:
    ///   - user: the user that the program runs as; boxd's own when nil.
    ///   - timeout: how long the program may run before it is killed.
    /// - Returns: the program's standard output, at most 4 MiB.
    @discardableResult
    public static func run(
        _ name: String, _ arguments: [String], input: String? = nil, environment: Environment = .inherit,
        user: (id: uid_t, group: gid_t)? = nil, timeout: Duration = standardTimeout
    ) async throws -> String {
        var options = PlatformOptions()
        if let user { (options.userID, options.groupID, options.supplementaryGroups) = (user.id, user.group, []) }
        let summary = ([name] + arguments.prefix(6)).joined(separator: " ")
        return try await within(timeout, summary) { [options] in
            let result: (succeeded: Bool, output: String, errors: String)
            do {
                let ended = try await Subprocess.run(
                    executable(name), arguments: Arguments(arguments), environment: environment,
                    platformOptions: options, input: .string(input ?? ""),
                    output: .string(limit: 4 << 20), error: .string(limit: 64 << 10))
                result = (ended.terminationStatus.isSuccess, ended.standardOutput, ended.standardError)
            } catch let error as SubprocessError {
                throw EngineError(.failed, "the host could not run \(name)", diagnostics: "\(error)")
            }
            guard result.succeeded else {
                throw EngineError(
                    .failed, "\(name) failed on the host", diagnostics: "\(summary): \(result.errors.suffix(2000))")
            }
            return result.output
        }
    }

    /// Runs a program whose standard output becomes a new file, which only boxd's own user can read.
    ///
    /// - Parameter user: the user that the program runs as.
    public static func run(
        _ name: String, _ arguments: [String], into path: String, user: (id: uid_t, group: gid_t), timeout: Duration
    ) async throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw EngineError(
                .failed, "the server has no room for it", diagnostics: "\(path): \(errnoText())")
        }
        defer { close(file) }
        var options = PlatformOptions()
        (options.userID, options.groupID, options.supplementaryGroups) = (user.id, user.group, [])
        try await within(timeout, name) { [options] in
            let ended = try await Subprocess.run(
                executable(name), arguments: Arguments(arguments), platformOptions: options, input: .none,
                output: .fileDescriptor(FileDescriptor(rawValue: file), closeAfterSpawningProcess: false),
                error: .string(limit: 64 << 10))
            guard ended.terminationStatus.isSuccess else {
                throw EngineError(
                    .failed, "\(name) failed on the host", diagnostics: "\(ended.standardError.suffix(2000))")
            }
        }
    }

    /// Runs a program that leaves a child running. Its standard streams are `/dev/null`, because the child inherits
    /// them.
    public static func runDetaching(_ name: String, _ arguments: [String], environment: Environment = .inherit)
        async throws -> Bool
    {
        try await within(standardTimeout, name) {
            try await Subprocess.run(
                executable(name), arguments: Arguments(arguments), environment: environment, input: .none,
                output: .discarded, error: .discarded
            ).terminationStatus.isSuccess
        }
    }

    /// The program by its path. Otherwise swift-subprocess would fork once for every directory of PATH until an exec
    /// succeeds, which takes longer than most of these programs run.
    public static func executable(_ name: String) -> Executable {
        HostPrograms.find(name).map { .path(FilePath($0)) } ?? .name(name)
    }

    /// Cancels the work, and with it the program that it waits for, at a timeout.
    public static func within<Value: Sendable>(
        _ timeout: Duration, _ name: String, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask(operation: work)
            group.addTask {
                try await Task.sleep(for: timeout)
                throw EngineError(.failed, "a program of the host took too long", diagnostics: "\(name): \(timeout)")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
