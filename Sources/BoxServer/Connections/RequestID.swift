import BoxStore

/// What an answer, its error and the log know a request by.
enum RequestID {
    static func make() -> String { "req_" + RandomText.hex(bytes: 12) }
}
