import BoxStore

/// The id that identifies a request in its response, its error and the log.
enum RequestID {
    static func make() -> String { "req_" + RandomText.hex(bytes: 12) }
}
