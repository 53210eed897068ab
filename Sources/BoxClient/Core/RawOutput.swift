import BoxModel

/// A command's output as bytes.
public struct RawOutput: Sendable, Equatable {
    /// The command's result. Its own texts are lines of base64.
    public let result: CommandResult
    /// The bytes that the command wrote to standard output.
    public let stdout: [UInt8]
    /// The bytes that the command wrote to standard error.
    public let stderr: [UInt8]

    /// - Throws: ``BoxError/rawOutputUnavailable`` when the output isn't in the form of the program in the box.
    init(_ result: CommandResult) throws(BoxError) {
        self.result = result
        guard result.stderr.utf8.starts(with: RawCommand.mark.utf8) else { throw BoxError.rawOutputUnavailable }
        let stderr = result.stderr.utf8.dropFirst(RawCommand.mark.utf8.count)
        self.stdout = try Self.decode(result.stdout.utf8[...], isCut: result.stdoutIsTruncated)
        self.stderr = try Self.decode(stderr, isCut: result.stderrIsTruncated)
    }

    /// Decodes lines of base64. The last line of a truncated text is omitted.
    private static func decode(_ text: Substring.UTF8View, isCut: Bool) throws(BoxError) -> [UInt8] {
        var bytes: [UInt8] = []
        var lines = text.split(separator: 0x0A)
        if isCut || text.last != 0x0A { _ = lines.popLast() }
        for line in lines {
            guard let piece = Base64.decode(String(decoding: line, as: UTF8.self)) else {
                throw BoxError.rawOutputUnavailable
            }
            bytes += piece
        }
        return bytes
    }

    public static func == (left: RawOutput, right: RawOutput) -> Bool {
        left.result.json == right.result.json && left.stdout == right.stdout && left.stderr == right.stderr
    }
}

/// Runs a shell line in a box so that its output comes back as base64.
enum RawCommand {
    /// The first line of standard error.
    static let mark = "box-raw-1\n"

    /// A program that runs the line with the same input, environment and directory as usual. It runs in a process group
    /// that the server ends at the time limit.
    ///
    /// Each piece is written immediately, so nothing is lost then. Background processes of the line aren't waited for.
    /// The exit status, or the signal, becomes the program's own.
    ///
    /// The line is passed through a here-document, since an argument can have only 128 KiB (execve(2)).
    private static let program = """
        import base64, os, selectors, signal, subprocess, sys
        line = os.fdopen(3, "rb").read()[:-1]
        os.write(2, b"box-raw-1\\n")
        if len(line) < 100000:
            words, files = ["bash", "-c", line], ()
        else:
            script = os.memfd_create("command")
            os.write(script, line)
            words, files = ["bash", "/proc/self/fd/%d" % script], (script,)
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=files)
        pipes = selectors.DefaultSelector()
        for pipe, target in ((child.stdout, 1), (child.stderr, 2)):
            os.set_blocking(pipe.fileno(), False)
            pipes.register(pipe, selectors.EVENT_READ, target)
        ended = os.pidfd_open(child.pid)
        pipes.register(ended, selectors.EVENT_READ, 0)
        def pump(key):
            try:
                piece = os.read(key.fd, 49152)
            except BlockingIOError:
                return False
            if not piece:
                pipes.unregister(key.fileobj)
                return False
            text = base64.b64encode(piece) + b"\\n"
            while text:
                text = text[os.write(key.data, text):]
            return True
        while any(key.data for key in pipes.get_map().values()):
            ready = [key for key, _ in pipes.select()]
            for key in ready:
                if key.data:
                    pump(key)
            if any(not key.data for key in ready):
                break
        status = child.wait()
        for key in list(pipes.get_map().values()):
            while key.data and pump(key):
                pass
        if status < 0:
            signal.signal(-status, signal.SIG_DFL) if -status not in (9, 19) else None
            import resource
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), -status)
        os._exit(status)
        """

    static func line(_ command: String) -> String {
        var end = "BOX_COMMAND_ENDS"
        while command.contains(end) { end += "_" }
        return "exec python3 -c \(ShellWord.quoted(program)) 3<<'\(end)'\n\(command)\n\(end)"
    }
}

extension BoxClient {
    /// Runs a shell line as ``command(_:_:cwd:timeoutSeconds:)`` does, and returns its output byte by byte.
    ///
    /// The output may have up to 7 MB per stream, where the server keeps 10 MB of text. The box needs `bash` and
    /// `python3`.
    ///
    /// - Throws: ``BoxError/rawOutputUnavailable``, and the errors of ``command(_:_:cwd:timeoutSeconds:)``.
    public func rawCommand(
        _ id: String, _ command: String, cwd: String? = nil, timeoutSeconds: Int? = nil
    ) async throws -> RawOutput {
        try RawOutput(
            try await self.command(id, RawCommand.line(command), cwd: cwd, timeoutSeconds: timeoutSeconds))
    }
}
