import BoxArguments
import BoxControl
import BoxModel
import BoxServer
import BoxStore

/// `boxd account`: manages the server's accounts. It works beside a running boxd, which sees each change with the next
/// request.
extension Boxd {
    static let accountGroup = CommandSpec(
        "account", summary: "manage the accounts that have boxes",
        subcommands: [
            CommandSpec(
                "add", summary: "make an account; it gets its keys from `boxd api-key create --account LOGIN`",
                options: shared + limitOptions + [json], positionals: [login],
                examples: [ExampleSpec("boxd account add alice --max-boxes 10", "with a limit of its own")]),
            CommandSpec(
                "list", aliases: ["ls"], summary: "show the accounts, what they have, and their limits",
                options: shared + [json]),
            CommandSpec(
                "set", summary: "change an account's limits or email", options: shared + limitOptions + [json],
                positionals: [login],
                examples: [ExampleSpec("boxd account set alice --max-boxes default", "the server's limit again")]),
            CommandSpec(
                "remove", aliases: ["rm", "delete"], summary: "remove an account: its keys at once, then its boxes",
                discussion:
                    "This can't be undone. On a terminal it asks first. A running boxd, or the next one, deletes the boxes.",
                options: shared + [
                    .flag("delete-boxes", "delete its boxes and their disks too"),
                    .flag("yes", short: "y", "don't ask"), json,
                ],
                positionals: [login]),
        ])

    private static let login = PositionalSpec("LOGIN", "the account's name")
    static let json = OptionSpec.flag("json", "print one JSON object")
    private static let limitOptions: [OptionSpec] = [
        .value("email", "ADDRESS", "as `box` shows it (LOGIN@localhost)"),
        .value("max-boxes", "N", "active boxes; or default, for what `boxd serve` was told"),
        .value("max-per-minute", "N", "boxes created a minute; or default"),
        .value("max-per-day", "N", "boxes created a day; or none, or default"),
        .value(
            "nested", "WORD", "whether its boxes can make user namespaces: yes, no, or default",
            kind: .choice(Permission.allCases.map(\.rawValue))),
    ]

    static func administration(_ installation: Installation) throws -> Administration {
        try installation.prepare()
        return try Administration(dataDirectory: installation.dataDirectory)
    }

    // MARK: Commands

    static func addAccount(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let limits = try limits(parsed)
        let login = parsed.argument("LOGIN") ?? ""
        let account = try await administration(installation).addAccount(login, email: parsed.value("email"), limits)
        if parsed.has("json") { return emit(account) }
        emit("the account \(login) is made. give it a key with: boxd api-key create --account \(login)\n", to: .error)
    }

    static func setAccount(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let limits = try limits(parsed)
        guard limits != AccountLimits() || parsed.has("email") else {
            throw parsed.usageError(
                "nothing to change. Use --max-boxes, --max-per-minute, --max-per-day, --nested or --email")
        }
        let login = parsed.argument("LOGIN") ?? ""
        let account = try await administration(installation).setAccount(login, email: parsed.value("email"), limits)
        if parsed.has("json") { return emit(account) }
        emit("the account \(login) is changed\n", to: .error)
    }

    static func listAccounts(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let accounts = try await administration(installation).accountList()
        if parsed.has("json") { return emit(["accounts": .array(accounts.map(\.json))]) }
        let rows = accounts.map { account in
            let limits = account.limits
            return [
                account.login, account.email, "\(account.activeBoxes)/\(account.boxes)", "\(account.keys)",
                word(limits.boxes), word(limits.perMinute), word(limits.perDay), account.nested.rawValue,
                account.isRemoving ? "is being removed" : "",
            ]
        }
        emit(
            columns(
                [["LOGIN", "EMAIL", "ACTIVE/BOXES", "KEYS", "MAX BOXES", "A MINUTE", "A DAY", "NESTED", ""]] + rows),
            to: .output)
    }

    static func removeAccount(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let login = parsed.argument("LOGIN") ?? ""
        let administration = try administration(installation)
        confirm("remove the account \(login)\(parsed.has("delete-boxes") ? " and its boxes" : "")", parsed)
        let left = try await administration.removeAccount(login, deletingBoxes: parsed.has("delete-boxes"))
        if parsed.has("json") { return emit(["login": .string(login), "removed": true, "boxesLeft": JSON(left)]) }
        let rest =
            left == 0 ? "" : "; boxd deletes \(left == 1 ? "its box" : "its \(left) boxes") now, or when it runs again"
        emit("the account \(login) is removed\(rest)\n", to: .error)
    }

    // MARK: Limits

    private static func limits(_ parsed: ParsedCommand) throws -> AccountLimits {
        func quota(_ option: String, orNone: Bool = false) throws -> Quota? {
            guard let text = parsed.value(option) else { return nil }
            guard let quota = Quota(text), orNone || quota != .unlimited else {
                throw parsed.usageError(
                    "--\(option) \"\(text)\" is not valid. Use a whole number from 1 to \(Quota.maximum)\(orNone ? ", none" : "") "
                        + "or default")
            }
            return quota
        }
        return AccountLimits(
            boxes: try quota("max-boxes"), perMinute: try quota("max-per-minute"),
            perDay: try quota("max-per-day", orNone: true),
            nested: parsed.value("nested").flatMap(Permission.init(rawValue:)))
    }

    private static func word(_ quota: Quota) -> String {
        switch quota {
        case .standard: "default"
        case .unlimited: "none"
        case .limit(let count): "\(count)"
        }
    }
}
