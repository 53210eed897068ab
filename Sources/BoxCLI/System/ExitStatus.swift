/// The exit status of a run.
public struct ExitStatus: RawRepresentable, Sendable, Equatable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let success = ExitStatus(rawValue: 0)
    public static let failure = ExitStatus(rawValue: 1)
    /// The command line can't be understood.
    public static let usage = ExitStatus(rawValue: 2)
    /// Not logged in, or refused.
    public static let authentication = ExitStatus(rawValue: 4)
    /// Ended by the user with Ctrl-C.
    public static let interrupted = ExitStatus(rawValue: 130)
    /// `ssh` has no connection.
    public static let connection = ExitStatus(rawValue: 255)
}

/// An error that only the command line can detect.
struct CommandError: Error, Equatable {
    let message: String
    var hint: String?
    var status = ExitStatus.failure

    init(_ message: String, hint: String? = nil, status: ExitStatus = .failure) {
        self.message = message
        self.hint = hint
        self.status = status
    }
}
