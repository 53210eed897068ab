import BoxArguments
import BoxClient
import BoxModel

/// `box desktop`: shows the address of a box's desktop.
struct Desktop: Command {
    var id: String
    var request: DesktopRequest
    /// In seconds.
    var timeout: Int

    static let spec = CommandSpec(
        "desktop", group: CommandSection.boxes, summary: "Show the address of a box's desktop",
        discussion: """
            It waits until the desktop is ready. The address lets in whoever has it, so treat it as a secret.

            With --json it writes desktopUrl, viewerUrl and ip, or with --vnc desktopUrl and mode.
            """,
        options: [
            .flag("vnc", "noVNC, for the browser"),
            .value(
                "theme", "THEME", "light or dark, for the stream", kind: .choice(DesktopTheme.allCases.map(\.rawValue))
            ),
            .flag("public", "with --vnc: an address without an access token"),
            .value(
                "timeout", "SECONDS", "how long to wait for it (default 300)",
                kind: .integer(minimum: 1, unit: "seconds")),
            .flag("no-open", "accepted for scripts; no browser is ever opened", isHidden: true),
        ],
        positionals: [.box],
        examples: [
            ExampleSpec("box desktop bx_8pqt6dup", "its address"),
            ExampleSpec("box desktop current --vnc --json | jq -r .desktopUrl", "noVNC, for a script"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        request = DesktopRequest(
            vnc: parsed.has("vnc"), theme: parsed.value("theme").flatMap(DesktopTheme.init(rawValue:)),
            publicAccess: parsed.has("public"))
        timeout = parsed.integer("timeout") ?? 300
        if request.publicAccess, !request.vnc { throw parsed.usageError("--public is for --vnc. Use both") }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let id = try context.boxID(id)
        context.emitter.statusLine.show("preparing the desktop of \(id)")
        let desktop = try await context.onRunningBox(id, client) {
            try await client.waitForDesktop(id, request, timeout: .seconds(timeout))
        }
        try context.emitter.result(json(desktop)) { _ in "\(Text.clean(desktop.desktopURL ?? ""))\n" }
        return .success
    }

    /// The server's answer, with the documented members that it lacks.
    private func json(_ desktop: DesktopAnswer) -> JSON {
        var object = BoxView.withoutEnvelope(desktop.json)
        let url = JSON(desktop.desktopURL)
        let documented: [(String, JSON)] =
            request.vnc ? [("mode", "vnc")] : [("success", true), ("viewerUrl", url), ("ip", .null)]
        for (name, value) in documented where object[name]?.isNull != false { object[name] = value }
        return .object(object)
    }
}
