import BoxArguments
import BoxClient
import BoxModel

/// `box limits`: shows the account's limits.
struct Limits: Command {
    static let spec = CommandSpec(
        "limits", group: CommandSection.account, summary: "Show how many boxes you may have and make")

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let limits = try await context.client().limits()
        try context.emitter.result(.object(BoxView.withoutEnvelope(limits.json))) { style in
            func number(_ value: Int?) -> String { value.map(String.init) ?? "no limit" }
            let active = limits.activeBoxes.map(String.init) ?? "?"
            var rows = [
                ("active boxes", "\(active) of \(number(limits.maximumActiveBoxes))"),
                ("new a minute", number(limits.maximumCreationsPerMinute)),
                ("new a day", number(limits.maximumCreationsPerDay)),
                ("can start", limits.canStart ? style.green("yes") : style.red("no")),
            ]
            if let reason = limits.json["startBlockedReason"]?.string { rows.append(("because", Text.clean(reason))) }
            return BoxView.lines(rows, style: style)
        }
        return .success
    }
}
