import BoxArguments
import BoxControl
import BoxModel
import BoxServer
import BoxStore

/// `boxd api-key`: manages the accounts' keys. It works beside a running boxd, which sees each change with the next
/// request.
extension Boxd {
    static let keyGroup = CommandSpec(
        "api-key", summary: "manage API keys",
        subcommands: [
            CommandSpec(
                "create", summary: "make a key and print its secret, which is shown only now",
                options: shared + [
                    .value("name", "NAME", "what the key is for"),
                    .value("account", "LOGIN", "whose key it is (local, which is made with a new server's first key)"),
                    json,
                ]),
            CommandSpec(
                "list", aliases: ["ls"], summary: "show the keys, but not their secrets",
                options: shared + [.value("account", "LOGIN", "only this account's"), json]),
            CommandSpec(
                "delete", aliases: ["rm", "remove"], summary: "delete a key, which stops at once",
                discussion: "On a terminal it asks first.",
                options: shared + [.flag("yes", short: "y", "don't ask"), json],
                positionals: [PositionalSpec("ID", "the key's id, such as sak_0123456789abcdef")]),
        ])

    static func createKey(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let key = try await administration(installation).createKey(
            name: parsed.value("name") ?? "boxd api-key create", login: parsed.value("account"))
        if parsed.has("json") { return emit(["id": .string(key.id), "secret": .string(key.secret)]) }
        emit("\(key.secret)\n", to: .output)
    }

    static func listKeys(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let keys = try await administration(installation).keyList(login: parsed.value("account"))
        if parsed.has("json") { return emit(["apiKeys": .array(keys.map(\.json))]) }
        let rows = keys.map { [$0.id, $0.login, $0.hint, $0.lastUsedAt ?? "never", $0.name] }
        emit(columns([["ID", "ACCOUNT", "KEY", "LAST USED", "NAME"]] + rows), to: .output)
    }

    static func deleteKey(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let id = parsed.argument("ID") ?? ""
        let administration = try administration(installation)
        confirm("delete the API key \(id)", parsed)
        try await administration.deleteKey(id)
        if parsed.has("json") { return emit(["id": .string(id), "deleted": true]) }
        emit("the API key \(id) is deleted\n", to: .error)
    }
}
