import BoxArguments
import BoxClient
import BoxModel

/// `box provider set`: sets up a provider, or changes its settings.
struct ProviderSet: Command {
    var choice: AgentChoice
    /// An empty text removes the setting.
    var baseURL: String?
    var isDefault: Bool
    var key: KeySource?

    /// Where the API key is, by the options.
    enum KeySource: Sendable, Equatable {
        case file(String)
        case variable(String)
    }

    static let spec = CommandSpec(
        "set", aliases: ["add"], summary: "Set up a provider, or change its settings",
        discussion: """
            The API key is standard input, or a file, or in a variable here; on a terminal it is asked for and not shown. \
            It is never an argument, which other users of this machine could see. When the provider is set up already and \
            something else is given, the key may be left out and stays. An empty text, as in --model "", takes a setting away.
            """,
        options: [
            .value("key-file", "FILE", "take the API key from this file; - is standard input", kind: .file),
            .value("key-env", "NAME", "take the API key from this variable of the environment"),
            .value("base-url", "URL", "where the provider's API is, if it isn't the provider's own"),
            .value("model", "MODEL", "for prompts that name no model", kind: .model),
            .value("reasoning-effort", "EFFORT", "for prompts that name no effort", kind: .reasoningEffort),
            .flag("default", "use it for prompts that name no provider"),
        ],
        exclusive: [["key-file", "key-env"]],
        positionals: [ProviderGroup.name],
        surplus:
            "one argument too many: the API key is never an argument. Give it on standard input, or with --key-file "
            + "or --key-env",
        examples: [
            ExampleSpec("box provider set codex", "asks for the API key"),
            ExampleSpec("pass show openai | box provider set codex --model gpt-5.5", "from a program"),
            ExampleSpec("box provider set claude --key-env ANTHROPIC_API_KEY", "from the environment"),
            ExampleSpec("box provider set codex --reasoning-effort high --default", "the key stays"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        choice = AgentChoice(
            provider: parsed.argument("PROVIDER"), model: parsed.value("model"),
            reasoningEffort: parsed.value("reasoning-effort"))
        baseURL = parsed.value("base-url")
        isDefault = parsed.has("default")
        if let name = parsed.value("key-env") {
            // The value could be the key itself, so the error doesn't show it.
            guard EnvironmentRules.isValidName(name) else {
                throw parsed.usageError("--key-env needs the name of a variable, and not the key itself")
            }
            key = .variable(name)
        } else {
            key = parsed.value("key-file").map { .file($0) }
        }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        var given = choice
        if given.model == "" { given.model = nil }
        if given.reasoningEffort == "" { given.reasoningEffort = nil }
        let name = try given.checked().provider ?? ""
        let client = try context.client()
        var changes = ProviderChanges(
            baseURL: baseURL.map(Self.setting), model: choice.model.map(Self.setting),
            reasoningEffort: choice.reasoningEffort.map(Self.setting), isDefault: isDefault ? true : nil)
        changes.apiKey = try await readKey(of: name, isNeeded: changes == ProviderChanges(), client, context)
        let updated = try await ProviderGroup.onServerWithProviders { [changes] in
            try await client.setProvider(name, changes)
        }
        try context.emitter.result(.object(BoxView.withoutEnvelope(updated.json))) { style in
            Self.text(updated.provider, style)
        }
        return .success
    }

    private static func setting(_ text: String) -> ProviderChanges.Setting { text.isEmpty ? .none : .value(text) }

    private static func text(_ provider: ProviderSetup, _ style: Style) -> String {
        let key = provider.keyLastFour.map { " with the key …\(Text.clean($0))" } ?? ""
        let place = provider.isDefault ? ", and is the default" : ""
        return "\(style.bold(Text.clean(provider.name))) is set up\(key)\(place)\n"
    }
}

// MARK: - The key

extension ProviderSet {
    /// In bytes; more than any server accepts.
    private static let maximumKeySize = 8 << 10

    /// - Parameter isNeeded: whether there is nothing else to change.
    /// - Returns: nil to keep the stored key.
    private func readKey(
        of name: String, isNeeded: Bool, _ client: BoxClient, _ context: Context
    ) async throws -> String? {
        let text: String
        switch key {
        case .variable(let variable)?: text = try Self.value(of: variable, context)
        case .file(let path)?: text = try Self.read(path, context)
        case nil where context.dependencies.terminal.stdinIsTerminal:
            if !isNeeded, try await isConfigured(name, client) { return nil }
            guard context.canAsk else { throw Self.missing }
            text = try context.askSecret("API key of \(name)")
        case nil:
            text = try Self.read(nil, context)
            if !isNeeded, Settings.trimmed(text).isEmpty { return nil }
        }
        let key = Settings.trimmed(text)
        if key.isEmpty { throw self.key == nil ? Self.missing : CommandError("the API key is empty") }
        return try Settings.usable(key, from: source)
    }

    private func isConfigured(_ name: String, _ client: BoxClient) async throws -> Bool {
        let list = try await ProviderGroup.onServerWithProviders { try await client.providers() }
        return list.providers.contains { $0.name == name && $0.isConfigured }
    }

    private var source: String {
        switch key {
        case .variable(let name)?: "in the variable \(name)"
        case .file(let path)? where path != "-": "in \(path)"
        case .file, nil: "that was given"
        }
    }

    private static let missing = CommandError(
        "the API key is missing. give it on standard input, or with --key-file FILE or --key-env NAME")

    private static func value(of variable: String, _ context: Context) throws -> String {
        if let value = context.dependencies.environment[variable] { return value }
        // A key can look like a name. Variables for keys are in capitals by convention, so only such a name is shown.
        let isUsual = variable == variable.uppercased()
        throw CommandError(
            "the variable\(isUsual ? " \(variable)" : "") that --key-env names is not set. export it first")
    }

    private static func read(_ path: String?, _ context: Context) throws -> String {
        try context.readText(path, maximum: maximumKeySize, advice: "no API key is so long")
    }
}
