import Glibc

/// A process's fields in `/proc/PID/stat`. See proc(5).
package struct ProcessStatus: Sendable {
    private let id: Substring
    package let name: Substring
    /// From the third field of the page.
    private let fields: [Substring]

    /// nil when there is no such process.
    package init?(of process: pid_t) {
        guard let bytes = Descriptor.read("/proc/\(process)/stat") else { return nil }
        self.init(String(decoding: bytes, as: UTF8.self))
    }

    /// The name may hold blanks and brackets, so its end is the last bracket.
    package init?(_ text: String) {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else { return nil }
        id = text[..<open].prefix { $0 != " " }
        name = text[text.index(after: open)..<close]
        fields = text[text.index(after: close)...].split(separator: " ")
    }

    /// A field by its number in proc(5), from 3.
    package subscript(_ number: Int) -> Substring? {
        fields.indices.contains(number - 3) ? fields[number - 3] : nil
    }

    package var state: Substring { self[3] ?? "" }
    package var parent: pid_t? { self[4].flatMap { pid_t($0) } }
    /// Whether it leads a session with a terminal, as a login shell does.
    package var leadsTerminal: Bool { self[6] == id && self[7] != nil && self[7] != "0" }
    /// In clock ticks since the machine's start.
    package var startTime: Substring? { self[22] }
}
