import BoxArguments
import BoxClient
import BoxModel

/// `box api-key list`: the account's keys.
struct APIKeyListing: Command {
    static let spec = CommandSpec("list", aliases: ["ls"], summary: "List the API keys, without their secrets")

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let list = try await context.client().apiKeys()
        try context.emitter.result(.object(BoxView.withoutEnvelope(list.json))) { style in
            list.keys.isEmpty
                ? ""
                : Self.table(list.keys, now: context.dependencies.now())
                    .render(width: context.outputWidth, style: style)
        }
        if list.keys.isEmpty { context.emitter.notice("no API keys. make one with `box api-key create`") }
        return .success
    }

    private static func table(_ keys: [APIKey], now: Timestamp) -> Table {
        var table = Table([
            .init(title: "ID"), .init(title: "NAME", isFlexible: true), .init(title: "KEY", dropsAs: 3),
            .init(title: "CREATED", dropsAs: 1), .init(title: "LAST USED", dropsAs: 2),
        ])
        for key in keys {
            table.add([
                .init(text: Text.clean(key.id)), .init(text: Text.clean(key.name)),
                .init(text: Text.clean("\(key.prefix)…\(key.lastFour)")),
                .init(text: key.createdAt.map { Text.relative($0, to: now) } ?? "-"),
                .init(text: key.lastUsedAt.map { Text.relative($0, to: now) } ?? "never"),
            ])
        }
        return table
    }
}
