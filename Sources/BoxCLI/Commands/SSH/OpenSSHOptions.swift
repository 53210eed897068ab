import BoxArguments
import BoxClient
import BoxSSH
import Glibc

/// Options of ssh(1), for programs such as rsync and git that run `box ssh` in its place.
///
/// `-o` takes the names of ssh_config(5). An unsupported one is an error where ignoring it would change what the
/// program gets. Examples are another route to the host, another command, or a resource of this machine to forward.
struct OpenSSHOptions: Sendable, Equatable {
    /// Nil for the box's own user.
    var user: String?
    /// Patterns of the names of local variables to send.
    var sentVariables: [String] = []
    var setVariables: [EnvironmentVariable] = []
    var terminal: Ssh.TerminalChoice?
    var hasInput = true
    var isSubsystem = false
    var compresses = false
    var dropsForwards = false

    static let specs: [OptionSpec] = [
        .value("login-name", short: "l", "USER", "the user to log in as, if not the box's own"),
        .value("port", short: "p", "PORT", "accepted when it is 22"),
        .value(
            "option", short: "o", "OPTION", "an option of ssh_config(5), as NAME=VALUE; can be repeated", repeats: true),
        .flag("no-input", short: "n", "standard input is empty"),
        .flag("compress", short: "C", "compress on the way"),
        .flag("subsystem", short: "s", "WORD is the name of a subsystem, such as sftp"),
        .flag("print-config", short: "G", "print what would be connected to, and do nothing"),
        .flag("quiet", short: "q", "accepted; has no effect", isHidden: true),
        .flag("no-agent", short: "a", "accepted; has no effect", isHidden: true),
        .flag("no-x11", short: "x", "accepted; has no effect", isHidden: true),
        .flag("protocol-2", short: "2", "accepted; has no effect", isHidden: true),
        .flag("ipv4", short: "4", "accepted; has no effect", isHidden: true),
    ]

    init() {}

    init(_ parsed: ParsedCommand) throws(UsageError) {
        user = parsed.value("login-name")
        if user?.isEmpty == true {
            throw parsed.usageError("--login-name is empty. Name a user of the box, or leave it out")
        }
        // With `--print-config` a wrong port is reported only by the connection itself.
        if let port = parsed.value("port"), port != "22", !parsed.has("print-config") {
            throw Self.wrongPort(port, "--port", parsed)
        }
        hasInput = !parsed.has("no-input")
        isSubsystem = parsed.has("subsystem")
        compresses = parsed.has("compress")
        for text in parsed.values("option") { try take(text, parsed) }
        if isSubsystem, parsed.trailing.count != 1 {
            throw parsed.usageError("--subsystem needs one WORD, the subsystem's name, such as sftp")
        }
    }

    /// The variables to send, of those in the local environment.
    func variables(of environment: [String: String]) -> [EnvironmentVariable] {
        let sent = environment.filter { name, _ in
            RemoteCommand.isName(name) && sentVariables.contains { fnmatch($0, name, 0) == 0 }
        }
        return sent.sorted { $0.key < $1.key }.map(EnvironmentVariable.init(name:value:)) + setVariables
    }

    // MARK: -o

    /// Parses `Name=Value` or `Name Value`. As with ssh, the first value of a name counts.
    private mutating func take(_ text: String, _ parsed: ParsedCommand) throws(UsageError) {
        let isGap: (Character) -> Bool = { $0 == "=" || $0.isWhitespace }
        let trimmed = text.drop(while: \.isWhitespace)
        let name = trimmed.prefix { !isGap($0) }.lowercased()
        let value = Settings.trimmed(String(trimmed.dropFirst(name.count).drop(while: isGap)))
        guard !name.isEmpty, !value.isEmpty else {
            throw parsed.usageError("invalid --option \"\(text)\". Use NAME=VALUE, as in ssh_config(5)")
        }
        let word = value.lowercased()
        switch name {
        case "user": user = user ?? value
        case "port" where value != "22": throw Self.wrongPort(value, "--option \(text)", parsed)
        case "sendenv": sentVariables += value.split(whereSeparator: \.isWhitespace).map(String.init)
        case "setenv": try set(value, parsed)
        case "requesttty": terminal = terminal ?? (word == "no" ? .never : word == "auto" ? .automatic : .always)
        case "stdinnull": if word == "yes" { hasInput = false }
        case "compression": if word == "yes" { compresses = true }
        case "sessiontype" where word == "subsystem": isSubsystem = true
        case "clearallforwardings": if word == "yes" { dropsForwards = true }
        case _ where Self.harmless.contains(name): break
        default: try refuse(name, word, text, parsed)
        }
    }

    private mutating func set(_ value: String, _ parsed: ParsedCommand) throws(UsageError) {
        for pair in value.split(whereSeparator: \.isWhitespace) {
            let variable = EnvironmentVariable(pair: String(pair))
            guard pair.contains("="), RemoteCommand.isName(variable.name) else {
                throw parsed.usageError("invalid --option \"SetEnv=\(value)\". Use SetEnv=NAME=VALUE")
            }
            setVariables.append(variable)
        }
    }

    private func refuse(_ name: String, _ word: String, _ text: String, _ parsed: ParsedCommand) throws(UsageError) {
        guard let rule = Self.refused[name] else {
            throw parsed.usageError("unknown --option \"\(text)\". Use a name of ssh_config(5)")
        }
        if !rule.accepted.contains(word) {
            throw parsed.usageError("--option \"\(text)\" can't be honoured: \(rule.reason)")
        }
    }

    private static func wrongPort(_ port: String, _ option: String, _ parsed: ParsedCommand) -> UsageError {
        parsed.usageError(
            "invalid \(option)\(option == "--port" ? " \"\(port)\"" : ""). Boxes take SSH connections at port 22 only")
    }

    /// Options that `box ssh` replaces by its own way, or that don't change what is run.
    private static let harmless: Set<String> = [
        "port", "identityfile", "sessiontype", "addkeystoagent", "addressfamily", "batchmode", "canonicaldomains",
        "canonicalizefallbacklocal", "canonicalizehostname", "canonicalizemaxdots", "casignaturealgorithms",
        "certificatefile", "checkhostip", "ciphers", "connectionattempts", "connecttimeout", "controlmaster",
        "controlpath", "controlpersist", "enableescapecommandline", "enablesshkeysign", "escapechar",
        "exitonforwardfailure", "fingerprinthash", "forwardx11timeout", "forwardx11trusted", "globalknownhostsfile",
        "gssapiauthentication", "gssapidelegatecredentials", "hashknownhosts", "hostbasedacceptedalgorithms",
        "hostbasedauthentication", "hostkeyalgorithms", "hostkeyalias", "identitiesonly", "identityagent",
        "ignoreunknown", "include", "ipqos", "kbdinteractiveauthentication", "kbdinteractivedevices",
        "kexalgorithms", "knownhostscommand", "localcommand", "loglevel", "logverbose", "macs",
        "nohostauthenticationforlocalhost", "numberofpasswordprompts", "obscurekeystroketiming",
        "passwordauthentication", "permitremoteopen", "pkcs11provider", "preferredauthentications",
        "proxyusefdpass", "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes", "pubkeyauthentication", "rekeylimit",
        "requiredrsasize", "revokedhostkeys", "securitykeyprovider", "serveralivecountmax", "serveraliveinterval",
        "streamlocalbindmask", "streamlocalbindunlink", "stricthostkeychecking", "syslogfacility", "tag",
        "tcpkeepalive", "updatehostkeys", "userknownhostsfile", "verifyhostkeydns", "visualhostkey", "xauthlocation",
        "challengeresponseauthentication", "challengeresponse", "rhostsrsaauthentication", "rsaauthentication",
        "protocol",
    ]

    private static let refused: [String: (accepted: [String], reason: String)] = [
        "hostname": ([], "the box's address is the server's to say"),
        "proxycommand": (["none"], "box finds its own way; use ssh itself with `box ssh-config` for another one"),
        "proxyjump": (["none"], "box finds its own way; use ssh itself with `box ssh-config` for another one"),
        "bindaddress": ([], "box chooses its own address"), "bindinterface": ([], "box chooses its own address"),
        "remotecommand": (["none"], "write the command behind the box's ID"),
        "permitlocalcommand": (["no"], "run the command beside `box ssh`"),
        "forkafterauthentication": (["no"], "start `box ssh` or `box forward` in the background with &"),
        "forwardagent": (["no"], "box ssh forwards no agent; use ssh itself with `box ssh-config`"),
        "forwardx11": (["no"], "box ssh forwards no X11; use `box desktop`"),
        "tunnel": (["no"], "box ssh makes no tunnel devices; use -D"),
        "tunneldevice": ([], "box ssh makes no tunnel devices; use -D"),
        "gatewayports": (["no"], "write the address to listen on before the port of -L or -R"),
        "localforward": ([], "use -L"), "remoteforward": ([], "use -R"), "dynamicforward": ([], "use -D"),
        "host": ([], "it is no option of a command line"), "match": ([], "it is no option of a command line"),
    ]
}
