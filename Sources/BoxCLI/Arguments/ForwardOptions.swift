import BoxArguments
import BoxSSH

/// Parses the options for forwards of `box ssh` and `box forward`.
enum ForwardOptions {
    static func reverse(_ when: String = "") -> OptionSpec {
        .value(
            "reverse", short: "R", "FORWARD",
            "a port in the box that leads here\(when): PORT or [BIND:]REMOTE:[HOST:]LOCAL; can be repeated",
            repeats: true)
    }

    static func socks(_ when: String = "") -> OptionSpec {
        .value(
            "socks", short: "D", "[BIND:]PORT", "a SOCKS proxy here into the box's network\(when); can be repeated",
            repeats: true)
    }

    /// - Parameters:
    ///   - bind: the default address of listening local ports. Ports of the box listen on its `localhost` by default.
    ///   - allowsAny: whether port 0 is valid, for a free port.
    static func parse(
        _ parsed: ParsedCommand, bind: String = Endpoint.localhost, allowsAny: Bool
    ) throws(UsageError) -> [PortForward] {
        let kinds: [(option: String, forms: String, parse: (String) -> PortForward?)] = [
            ("forward", "a port, or \(ForwardOperand.forms)", { ForwardOperand.parse($0, bind: bind) }),
            (
                "reverse", "a port, or \(ForwardOperand.reverseForms)",
                { ForwardOperand.parse($0, .remote, bind: "localhost") }
            ),
            ("socks", ForwardOperand.askedForm, { ForwardOperand.parseAsked($0, bind: bind) }),
        ]
        var forwards: [PortForward] = []
        for kind in kinds {
            for word in parsed.values(kind.option) {
                guard let forward = kind.parse(word), allowsAny || forward.listening.port > 0 else {
                    let range = allowsAny ? "" : ", and a port from 1 to 65535"
                    throw parsed.usageError("invalid --\(kind.option) \"\(word)\". Use \(kind.forms)\(range)")
                }
                forwards.append(forward)
            }
        }
        return forwards
    }
}
