import BoxModel
import BoxSystem
import Glibc

/// The receiver of a run's output.
enum OutputMode: Sendable, Equatable {
    /// Programs: stdout is JSON only, one compact line per value; stderr is empty.
    case json
    /// People.
    case human
}

/// The only writer to stdout and stderr. Every value is written immediately, in one write.
final class Emitter: Sendable {
    let mode: OutputMode
    /// The style of text on stdout.
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

    /// Writes a line of progress for programs; people see the status line.
    func event(_ json: JSON) throws {
        switch mode {
        case .json: try writeLine(json)
        case .human: break
        }
    }

    /// Sets the text that people see when they end the run with Ctrl-C.
    func setLastWords(_ text: String) { statusLine.setLastWords(text) }

    /// Writes text in both modes, such as help, or text that arrives piece by piece.
    func text(_ text: String) throws { try write(text) }

    /// Writes bytes unchanged: a file, or a command's output. For human mode only.
    func raw(_ bytes: [UInt8]) throws {
        statusLine.clear()
        try stdout.write(bytes)
    }

    /// Writes bytes unchanged to stderr.
    func rawError(_ bytes: [UInt8]) {
        statusLine.clear()
        try? stderr.write(bytes)
    }

    /// Writes a message for people to stderr.
    func notice(_ text: String) {
        switch mode {
        case .json: break
        case .human: writeError(Text.cleanLines(text) + "\n")
        }
    }

    /// Writes a message while a session has the terminal. The terminal is then in raw mode, where a line feed alone
    /// keeps its column.
    func noticeBesideSession(_ text: String) {
        switch mode {
        case .json: break
        case .human: writeError("\r\(Text.cleanLines(text))\r\n")
        }
    }

    /// Writes a question to stderr, without a line end.
    func ask(_ text: String) { writeError(Text.cleanLines(text)) }

    /// Writes the output of `--verbose` to stderr, in every mode.
    func trace(_ text: String) { writeError(errorStyle.dim(Text.clean(text)) + "\n") }

    /// Reports a wrong command line on stderr in every mode, because the output format isn't known yet.
    func usageError(_ text: String) {
        writeError("\(errorStyle.red("error:")) \(Text.cleanLines(text))\n")
    }

    /// Reports why a run failed, as its last line.
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

    /// Reports an error on stderr because writing to stdout failed.
    func outputFailure(_ error: SinkError) {
        statusLine.clear()
        writeError("error: could not write to standard output: \(errnoText(error.code))\n")
    }

    private func writeLine(_ json: JSON) throws {
        try Interruption.whileWriting { try stdout.write(json.compactBytes + [UInt8(ascii: "\n")]) }
    }

    private func write(_ text: String) throws {
        statusLine.clear()
        try stdout.write(Array(text.utf8))
        if sharesTerminal { statusLine.textWasWritten(text) }
    }

    /// Writes to stderr. A failure can't be reported anywhere.
    private func writeError(_ text: String) {
        statusLine.clear()
        try? stderr.write(Array(((statusLine.endLine() ? "\n" : "") + text).utf8))
    }
}
