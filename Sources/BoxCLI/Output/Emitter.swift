import BoxModel
import Glibc

/// For whom a run writes.
enum OutputMode: Sendable, Equatable {
    /// Programs: stdout is JSON only, one compact line a value; stderr is empty.
    case json
    /// People.
    case human
}

/// The only writer to stdout and stderr. Every value leaves in one write, as it happens.
final class Emitter: Sendable {
    let mode: OutputMode
    /// For text on stdout.
    let style: Style
    let statusLine: StatusLine
    private let stdout: any ByteSink
    private let stderr: any ByteSink
    private let errorStyle: Style
    /// Whether both streams are on one terminal.
    private let sharesTerminal: Bool

    init(
        mode: OutputMode, stdout: any ByteSink, stderr: any ByteSink, style: Style, errorStyle: Style,
        terminal: Terminal, showsStatus: Bool
    ) {
        self.mode = mode
        self.stdout = stdout
        self.stderr = stderr
        self.style = style
        self.errorStyle = errorStyle
        sharesTerminal = terminal.stdoutIsTerminal && terminal.stderrIsTerminal
        statusLine = StatusLine(
            sink: stderr, isShown: showsStatus && mode == .human, style: errorStyle, width: terminal.width)
    }

    /// A command's outcome: the value for programs, the text for people.
    func result(_ json: JSON, human: (Style) -> String) throws {
        switch mode {
        case .json: try writeLine(json)
        case .human: try write(human(style))
        }
    }

    /// A line that tells programs of progress; people see the status line.
    func event(_ json: JSON) throws {
        switch mode {
        case .json: try writeLine(json)
        case .human: break
        }
    }

    /// What people are told when they end the run with Ctrl-C.
    func setLastWords(_ text: String) { statusLine.setLastWords(text) }

    /// Text that somebody asked for as text, such as help, or that comes piece by piece.
    func text(_ text: String) throws { try write(text) }

    /// Bytes of somebody else, as they are: a file or what a command wrote. For people's mode only.
    func raw(_ bytes: [UInt8]) throws {
        statusLine.clear()
        try stdout.write(bytes)
    }

    /// The same on stderr.
    func rawError(_ bytes: [UInt8]) {
        statusLine.clear()
        try? stderr.write(bytes)
    }

    /// Something for people to know, on stderr.
    func notice(_ text: String) {
        switch mode {
        case .json: break
        case .human: writeError(Text.cleanLines(text) + "\n")
        }
    }

    /// The same while somebody else's session has the terminal, which is in raw mode then: a line end alone stays in its column.
    func noticeBesideSession(_ text: String) {
        switch mode {
        case .json: break
        case .human: writeError("\r\(Text.cleanLines(text))\r\n")
        }
    }

    /// A question before its answer is read, on stderr without a line's end.
    func ask(_ text: String) { writeError(Text.cleanLines(text)) }

    /// What `--verbose` tells, on stderr in every mode.
    func trace(_ text: String) { writeError(errorStyle.dim(Text.clean(text)) + "\n") }

    /// A wrong command line, on stderr in every mode: output formats aren't known yet.
    func usageError(_ text: String) {
        writeError("\(errorStyle.red("error:")) \(Text.cleanLines(text))\n")
    }

    /// Why a run failed, as its last line.
    func failure(_ failure: Failure) throws {
        statusLine.clear()
        switch mode {
        case .json: try writeLine(failure.json)
        case .human where failure.isInterruption: break
        case .human:
            writeError("\(errorStyle.red("error:")) \(Text.cleanLines(failure.message))\n")
            if let hint = failure.hint { writeError("\(errorStyle.dim("hint:")) \(hint)\n") }
        }
    }

    /// What can't be said on stdout because stdout is what failed.
    func outputFailure(_ error: SinkError) {
        statusLine.clear()
        writeError("error: could not write to standard output: \(String(cString: strerror(error.code)))\n")
    }

    private func writeLine(_ json: JSON) throws {
        try Interruption.whileWriting { try stdout.write(json.compactBytes + [UInt8(ascii: "\n")]) }
    }

    private func write(_ text: String) throws {
        statusLine.clear()
        try stdout.write(Array(text.utf8))
        if sharesTerminal { statusLine.textWasWritten(text) }
    }

    /// There is nobody to tell when stderr fails.
    private func writeError(_ text: String) {
        statusLine.clear()
        try? stderr.write(Array(((statusLine.endLine() ? "\n" : "") + text).utf8))
    }
}
