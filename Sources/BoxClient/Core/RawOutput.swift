import BoxModel

/// What a command wrote, byte by byte.
public struct RawOutput: Sendable, Equatable {
    /// The command's end. Its own texts are base64 in lines.
    public let result: CommandResult
    /// What it wrote to standard output.
    public let stdout: [UInt8]
    /// What it wrote to standard error.
    public let stderr: [UInt8]

    /// - Throws: ``BoxError/rawOutputUnavailable`` when the output isn't what the program in the box writes.
    init(_ result: CommandResult) throws(BoxError) {
        self.result = result
        guard result.stderr.utf8.starts(with: RawCommand.mark.utf8) else { throw BoxError.rawOutputUnavailable }
        let stderr = result.stderr.utf8.dropFirst(RawCommand.mark.utf8.count)
        self.stdout = try Self.decode(result.stdout.utf8[...], isCut: result.stdoutIsTruncated)
        self.stderr = try Self.decode(stderr, isCut: result.stderrIsTruncated)
    }

    /// Each line stands for some bytes. The last one of a text that was cut is left out.
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
    /// What standard error begins with.
    static let mark = "box-raw-1\n"

    /// The line runs as it would by itself: with the same input, environment and directory, in a process group that the server
    /// ends when the time is up. Each piece is written at once, so nothing is lost then, and what the line leaves in the
    /// background isn't waited for. The exit status, or the signal, becomes the program's own.
    ///
    /// The line comes through a here-document, since an argument can have 128 KiB only (execve(2)).
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
    /// Runs a shell line as ``command(_:_:cwd:timeoutSeconds:)`` does, and returns every byte that it writes, up to 7 MB of
    /// each stream where the server keeps 10 MB of text. The box needs `bash` and `python3`.
    ///
    /// - Throws: ``BoxError/rawOutputUnavailable``, and what the other one throws.
    public func rawCommand(
        _ id: String, _ command: String, cwd: String? = nil, timeoutSeconds: Int? = nil
    ) async throws -> RawOutput {
        try RawOutput(
            try await self.command(id, RawCommand.line(command), cwd: cwd, timeoutSeconds: timeoutSeconds))
    }
}
