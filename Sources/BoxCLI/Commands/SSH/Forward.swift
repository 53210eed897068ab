import BoxArguments
import BoxModel
import BoxSSH

/// `box forward`: forwards local ports into a box.
struct Forward: Command {
    /// As typed by the user: an id, or `current`.
    var id: String
    var forwards: [PortForward]

    static let spec = CommandSpec(
        "forward", group: CommandSection.boxes, summary: "Reach ports of a box through ports of this machine",
        discussion: """
            What connects to the local port is connected to the port in the box, until Ctrl-C. When the connection to \
            the box is lost, it is made again; the local ports stay open meanwhile.

            Several ports are given by repeating --remote, each with its --local or all without, or as words: PORT, \
            LOCAL:REMOTE or [BIND:]LOCAL:[HOST:]REMOTE, as for ssh -L. HOST is one that the box can reach. --reverse is \
            the other way round, as ssh -R: what connects to the box's port is connected to LOCAL here. --socks is a port \
            here whose clients say where in the box's network they want to go, as ssh -D.

            Only this machine can connect. With another --bind address, such as 0.0.0.0, everybody can who reaches it.
            """,
        options: [
            .value(
                "remote", short: "r", "PORT", "the port in the box; can be repeated",
                kind: .integer(minimum: 1, maximum: 65535), repeats: true),
            .value(
                "local", short: "l", "PORT", "the port here (default: the same); 0 for any that is free",
                kind: .integer(minimum: 0, maximum: 65535), repeats: true),
            .value("bind", "ADDRESS", "where to listen (default localhost: 127.0.0.1 and ::1); another lets others in"),
            ForwardOptions.reverse(), ForwardOptions.socks(), .sshKey,
        ],
        positionals: [
            .box, PositionalSpec("FORWARD", "PORT or [BIND:]LOCAL:[HOST:]REMOTE", arity: .zeroOrMore),
        ],
        examples: [
            ExampleSpec("box forward bx_8pqt6dup --remote 3000 --local 3000", "http://127.0.0.1:3000 is the box's"),
            ExampleSpec("box forward current 8080:3000 5432", "two ports"),
            ExampleSpec("box forward current --remote 3000 --local 0 --json", "the first line tells the local port"),
            ExampleSpec("box forward current --reverse 5432", "this machine's database is at the box's port 5432"),
            ExampleSpec("box forward current --socks 1080", "for curl --socks5-hostname 127.0.0.1:1080 URL, say"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        let bind = parsed.value("bind") ?? Endpoint.localhost
        guard ForwardOperand.isHost(bind) else {
            throw parsed.usageError("invalid --bind \"\(bind)\". Use an address of this machine, such as 127.0.0.1")
        }
        let remotes = parsed.values("remote").compactMap { UInt16($0) }
        let locals = parsed.values("local").compactMap { UInt16($0) }
        guard locals.isEmpty || locals.count == remotes.count else {
            throw parsed.usageError(
                "--remote was given \(Text.times(remotes.count)) and --local \(Text.times(locals.count)). "
                    + "Give each --remote its --local, or none")
        }
        var forwards = zip(remotes, locals.isEmpty ? remotes : locals).map { remote, local in
            PortForward(local: Endpoint(host: bind, port: local), remote: Endpoint(port: remote))
        }
        for word in parsed.arguments("FORWARD") {
            guard let forward = ForwardOperand.parse(word, bind: bind) else {
                throw parsed.usageError(
                    "invalid FORWARD \"\(word)\". Use a port from 1 to 65535, or \(ForwardOperand.forms)")
            }
            forwards.append(forward)
        }
        forwards += try ForwardOptions.parse(parsed, bind: bind, allowsAny: true)
        guard !forwards.isEmpty else {
            throw parsed.usageError("no port to forward. Name one of the box with --remote PORT")
        }
        for (index, forward) in forwards.enumerated() where forward.listening.port != 0 {
            let isRemote = forward.direction == .remote
            let isTwin = { (other: PortForward) in
                other.listening == forward.listening && (other.direction == .remote) == isRemote
            }
            guard !forwards[..<index].contains(where: isTwin) else {
                throw parsed.usageError(
                    "the \(isRemote ? "box's" : "local") port \(forward.listening.port) is given twice. "
                        + "Choose another\(isRemote ? "" : " with --local")")
            }
        }
        self.forwards = forwards
    }

    func run(_ context: Context) async throws -> ExitStatus {
        // Listen before any request, so that a port in use is reported immediately.
        let ports = try context.dependencies.ssh.listen(forwards)
        var destination = try await context.sshDestination(ofArgument: id)
        var reconnection = Reconnection(context, boxID: destination.boxID)
        while true {
            do {
                try ports.carry(to: destination) {
                    reconnection.connected()
                    for forward in ports.forwards { try Self.report(forward, of: destination.boxID, context.emitter) }
                } onRefusal: {
                    context.emitter.notice(Self.text($1, of: $0))
                }
            } catch let error as SSHError where reconnection.isWorthTrying(after: error) {
                try reconnection.lost(error)
            }
            destination = try await reconnection.destination()
        }
    }

    // MARK: Words

    private static func report(_ forward: PortForward, of box: String, _ emitter: Emitter) throws {
        try emitter.result(line(forward, of: box)) { style in
            let (from, to) = text(forward, of: box)
            return "forwarding \(style.bold(from)) -> \(to) \(style.dim("(Ctrl-C ends it)"))\n"
        }
    }

    /// The forward as JSON. Only the directions that the hosted service didn't have are named in it.
    private static func line(_ forward: PortForward, of box: String) -> JSON {
        var line = JSONObject([("event", "forwarding"), ("id", .string(box))])
        switch forward.direction {
        case .local: break
        case .remote: line["direction"] = "reverse"
        case .dynamic: line["direction"] = "socks"
        }
        line["local"] = json(forward.local)
        if forward.direction != .dynamic { line["remote"] = json(forward.remote) }
        return .object(line)
    }

    private static func text(_ forward: PortForward, of box: String) -> (from: String, to: String) {
        let (local, remote) = (forward.local, forward.remote)
        return switch forward.direction {
        case .local where remote.host == Endpoint.loopback: ("\(local)", "\(box):\(remote.port)")
        case .local: ("\(local)", "\(remote) from \(box)")
        case .remote: ("\(box):\(remote.port)", "\(local) here")
        case .dynamic: ("\(local)", "whatever SOCKS clients ask for, from \(box)")
        }
    }

    private static func json(_ endpoint: Endpoint) -> JSON {
        ["host": .string(endpoint.host), "port": JSON(Int(endpoint.port))]
    }

    private static func text(_ refusal: ForwardRefusal, of forward: PortForward) -> String {
        let (local, remote) = (forward.local, forward.remote)
        let isLoopback = remote.host == Endpoint.loopback
        switch refusal {
        case .other(let detail) where forward.direction == .remote: return "can't connect to \(local) here: \(detail)"
        case _ where forward.direction == .remote: return "nothing listens on \(local) here"
        case .connectionRefused where isLoopback: return "nothing listens on port \(remote.port) in the box"
        case .connectionRefused: return "the box can't connect to \(Text.clean("\(remote)"))"
        case .notAllowed: return "the box's SSH server doesn't allow forwarding to \(Text.clean("\(remote)"))"
        case .other(let detail): return "can't connect to \(Text.clean("\(remote)")) in the box: \(Text.clean(detail))"
        }
    }
}
