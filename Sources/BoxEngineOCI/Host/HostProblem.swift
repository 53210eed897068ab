/// One thing that a host lacks for boxes, and how to get it.
public struct HostProblem: Sendable, Equatable, CustomStringConvertible {
    public let what: String
    public let remedy: String
    /// What a program of the host said, for the log only.
    var diagnostics = ""

    public var description: String { "\(what): \(remedy)" }
}
