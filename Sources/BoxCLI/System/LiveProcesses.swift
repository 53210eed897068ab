import BoxClient
import BoxSystem
import Glibc

/// Controls processes of this machine.
struct LiveProcesses: ProcessControl {
    let environment: [String: String]

    var isRoot: Bool { geteuid() == 0 }
    var ownPath: String { Self.link("/proc/self/exe") ?? "box" }

    func find(_ program: String) -> String? {
        let beside = Files.parent(of: ownPath).map { [$0] } ?? []
        let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (beside + path).map { "\($0)/\(program)" }.first(where: Files.isExecutable)
    }

    func run(_ arguments: [String], capturesErrors: Bool) throws -> ProcessResult {
        let output = try Pipe(), errors = capturesErrors ? try Pipe() : nil
        let process = try spawn(arguments, attributes: 0) { actions in
            posix_spawn_file_actions_adddup2(&actions, output.writing, STDOUT_FILENO)
            if let errors { posix_spawn_file_actions_adddup2(&actions, errors.writing, STDERR_FILENO) }
        }
        output.closeWriting()
        errors?.closeWriting()
        var result = ProcessResult(status: 0)
        (result.output, result.errors) = Self.drain(output.reading, errors?.reading)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        result.status = signal == 0 ? status >> 8 & 0xFF : 128 + signal
        return result
    }

    func startDetached(_ arguments: [String], log: String) throws -> Int32 {
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(action: "write", path: log, code: errno) }
        defer { close(descriptor) }
        return try spawn(arguments, attributes: Self.newSession) { actions in
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_adddup2(&actions, descriptor, STDOUT_FILENO)
            posix_spawn_file_actions_adddup2(&actions, descriptor, STDERR_FILENO)
        }
    }

    func isAlive(_ process: Int32) -> Bool {
        // A child of ours that has ended stays until it is waited for.
        if waitpid(process, nil, WNOHANG) == process { return false }
        guard kill(process, 0) == 0 || errno == EPERM else { return false }
        // A process that has ended stays a zombie until its parent, often init, waits for it.
        return ProcessStatus(of: process).map { $0.state != "Z" } ?? false
    }

    func programName(of process: Int32) -> String? {
        if let path = Self.link("/proc/\(process)/exe") { return Self.fileName(path) }
        // For another user's process only the name is readable.
        guard let bytes = try? Files.read("/proc/\(process)/cmdline") else { return nil }
        return Self.fileName(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
    }

    func terminate(_ process: Int32) throws {
        guard kill(process, SIGTERM) != 0, errno != ESRCH else { return }
        throw CommandError("could not stop process \(process): \(errnoText())")
    }

    /// The name of a program's file. A program that was replaced while it runs has ` (deleted)` after its name.
    private static func fileName(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(" (deleted)") ? String(name.dropLast(10)) : name
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(path, $0, bytes.count) } ?? -1
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}

// MARK: - Starting

extension LiveProcesses {
    /// POSIX_SPAWN_SETSID, which Swift's Glibc doesn't import (posix_spawn(3); musl has the same number).
    private static let newSession: Int16 = 0x80

    /// Both ends of a pipe, which children don't inherit.
    private struct Pipe {
        let reading: Int32
        let writing: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
                throw CommandError("could not make a pipe: \(errnoText())")
            }
            (reading, writing) = (ends[0], ends[1])
        }

        func closeWriting() { close(writing) }
    }

    /// Starts a child process. It gets the default actions of the signals that this program handles, and no blocked
    /// signals. Swift's worker threads, from which it is started, block most signals.
    private func spawn(
        _ arguments: [String], attributes flags: Int16, _ configure: (inout posix_spawn_file_actions_t) -> Void
    ) throws -> Int32 {
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        configure(&actions)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        sigaddset(&defaults, SIGINT)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, flags | Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        guard let program = arguments.first else { throw CommandError("no program to run") }
        var process: pid_t = 0
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        words.append(nil)
        variables.append(nil)
        defer { for pointer in words + variables { free(pointer) } }
        let code = posix_spawnp(&process, program, &actions, &attributes, words, variables)
        guard code == 0 else {
            throw CommandError("could not run \(program): \(errnoText(code))")
        }
        return process
    }

    /// Reads both to their ends at once, so that neither can block the child. Then closes them.
    private static func drain(_ output: Int32, _ errors: Int32?) -> ([UInt8], [UInt8]) {
        var sources = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
        if let errors { sources.append(pollfd(fd: errors, events: Int16(POLLIN), revents: 0)) }
        var texts: [[UInt8]] = [[], []]
        var buffer = [UInt8](repeating: 0, count: 65536)
        while sources.contains(where: { $0.fd >= 0 }) {
            guard poll(&sources, nfds_t(sources.count), -1) >= 0 || errno == EINTR else { break }
            for index in sources.indices where sources[index].fd >= 0 && sources[index].revents != 0 {
                let count = read(sources[index].fd, &buffer, buffer.count)
                if count > 0 {
                    texts[index] += buffer[..<count]
                } else if count == 0 || errno != EINTR {
                    close(sources[index].fd)
                    sources[index].fd = -1
                }
            }
        }
        return (texts[0], texts[1])
    }
}
