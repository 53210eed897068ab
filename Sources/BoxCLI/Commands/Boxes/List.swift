import BoxArguments
import BoxClient
import BoxModel

/// `box list`: lists the boxes of the account.
struct List: Command {
    /// The API's states; all when empty.
    var states: [BoxState]
    /// Whether to output only ids.
    var isQuiet: Bool

    /// The words that `--state` accepts, the displayed and the API's, and the API's states for each.
    private static let filters: [(word: String, states: [BoxState])] = {
        var words: [String] = []
        for word in BoxState.all.flatMap({ [$0.displayName, $0.rawValue] }) where !words.contains(word) {
            words.append(word)
        }
        return words.map { word in (word, BoxState.all.filter { $0.displayName == word || $0.rawValue == word }) }
    }()

    static let spec = CommandSpec(
        "list", aliases: ["ls"], group: CommandSection.boxes, summary: "List your boxes",
        options: [
            .value(
                "state", "STATES", "only boxes in these states, separated by commas",
                kind: .list(filters.map(\.word))),
            .flag("quiet", short: "q", "write nothing but ids, one a line"),
        ],
        examples: [
            ExampleSpec("box list", "a table, newest first"),
            ExampleSpec("box list -q --state stopped", "the ids of the stopped ones"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        let words = parsed.value("state")?.split(separator: ",").map(String.init) ?? []
        states = words.flatMap { word in Self.filters.first { $0.word == word }?.states ?? [] }
        isQuiet = parsed.has("quiet")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let (boxes, lastPage) = try await context.client().allBoxes(states: states)
        let currentID = context.dependencies.environment["BOX_ID"]
        try context.emitter.result(Self.json(boxes, lastPage, currentID: currentID)) { style in
            isQuiet ? boxes.map { $0.id + "\n" }.joined() : Self.table(boxes, currentID: currentID, style, context)
        }
        if boxes.isEmpty, !isQuiet {
            context.emitter.notice(states.isEmpty ? "no boxes yet. make one with `box new`" : "no boxes in that state")
        }
        return .success
    }

    /// The last page as the server sent it, with the boxes of all pages.
    private static func json(_ boxes: [Box], _ lastPage: BoxPage, currentID: String?) -> JSON {
        let list = boxes.map { box -> JSON in
            guard case .object(var object) = BoxView.translated(box.json) else { return box.json }
            object["self"] = .bool(box.id == currentID)
            return .object(object)
        }
        var result = BoxView.withoutEnvelope(lastPage.json)
        result["boxes"] = .array(list)
        return .object(result)
    }

    private static func table(_ boxes: [Box], currentID: String?, _ style: Style, _ context: Context) -> String {
        if boxes.isEmpty { return "" }
        let now = context.dependencies.now()
        // Only boxd sends the disk use.
        let showsDisk = boxes.contains { $0.diskUsedBytes != nil }
        var table = Table(
            [
                .init(title: "ID"), .init(title: "NAME", isFlexible: true, dropsAs: 4),
                .init(title: "STATE", dropsAs: 5),
                .init(title: "IP", dropsAs: 3), .init(title: "CREATED", dropsAs: 1), .init(title: "STOPS", dropsAs: 2),
            ] + (showsDisk ? [.init(title: "DISK", dropsAs: 0)] : []))
        for box in boxes {
            table.add(
                [
                    .init(text: box.id == currentID ? "\(box.id) *" : Text.clean(box.id), paint: style.bold),
                    .init(text: Text.clean(box.name)),
                    .init(text: Text.clean(box.state.displayName), paint: { style.state(box.state, $0) }),
                    .init(text: Text.clean(box.ip ?? "-")),
                    .init(text: box.createdAt.map { Text.relative($0, to: now) } ?? "-", paint: style.dim),
                    .init(text: BoxView.stops(box, now: now) ?? "-", paint: style.dim),
                ] + (showsDisk ? [.init(text: BoxView.disk(box) ?? "-", paint: style.dim)] : []))
        }
        return table.render(width: context.outputWidth, style: style)
    }
}
