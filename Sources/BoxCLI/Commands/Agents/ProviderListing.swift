import BoxArguments
import BoxClient
import BoxModel

/// `box provider list`: lists the providers, and what is set up.
struct ProviderListing: Command {
    static let spec = CommandSpec("list", aliases: ["ls"], summary: "List the providers, without their API keys")

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let list = try await ProviderGroup.onServerWithProviders { try await client.providers() }
        try context.emitter.result(.object(BoxView.withoutEnvelope(list.json))) { style in
            list.providers.isEmpty
                ? "" : Self.table(list.providers, style).render(width: context.outputWidth, style: style)
        }
        if !list.providers.contains(where: \.isConfigured) {
            context.emitter.notice("none is set up. begin with `box provider set codex`")
        }
        return .success
    }

    private static func table(_ providers: [ProviderSetup], _ style: Style) -> Table {
        var table = Table([
            .init(title: "PROVIDER"), .init(title: "DEFAULT", dropsAs: 4), .init(title: "KEY"),
            .init(title: "BASE URL", isFlexible: true, dropsAs: 1), .init(title: "MODEL", dropsAs: 3),
            .init(title: "EFFORT", dropsAs: 2),
        ])
        for provider in providers {
            table.add([
                .init(text: Text.clean(provider.name), paint: style.bold),
                .init(text: provider.isDefault ? "yes" : "-", paint: style.green),
                .init(text: key(provider)), .init(text: Text.clean(provider.baseURL ?? "-")),
                .init(text: Text.clean(provider.model ?? "-")),
                .init(text: Text.clean(provider.reasoningEffort ?? "-")),
            ])
        }
        return table
    }

    private static func key(_ provider: ProviderSetup) -> String {
        provider.isConfigured ? "…\(Text.clean(provider.keyLastFour ?? ""))" : "not set up"
    }
}
