import BoxArguments
import BoxModel
import BoxSystem
import Glibc

/// Output and questions of boxd's commands.
extension Boxd {
    /// A standard stream by its descriptor. The output is too small to need stdio's buffers.
    enum Stream: Int32 { case output = 1, error = 2 }

    static func emit(_ text: String, to stream: Stream) {
        _ = Descriptor.write(text.utf8, to: stream.rawValue)
    }

    static func emit(_ json: JSON) { emit(json.compact + "\n", to: .output) }

    /// Asks for confirmation on a terminal, unless `--yes` was given, and exits on a no. Without a terminal, or with
    /// `--json`, the command runs without a question.
    static func confirm(_ what: String, _ parsed: ParsedCommand) {
        guard !parsed.has("yes"), !parsed.has("json"), isatty(0) == 1, isatty(2) == 1 else { return }
        emit("\(what)? [y/N] ", to: .error)
        guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else {
            emit("nothing was changed\n", to: .error)
            exit(1)
        }
    }

    /// Formats rows as columns, two spaces apart.
    static func columns(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { index in rows.map { $0[index].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
