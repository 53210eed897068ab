/// Something that a host lacks for boxes, and how to get it.
public struct HostProblem: Sendable, Equatable, CustomStringConvertible {
    public let what: String
    public let remedy: String
    /// The output of a host program, for the log only.
    var diagnostics = ""

    public var description: String { "\(what): \(remedy)" }
}
