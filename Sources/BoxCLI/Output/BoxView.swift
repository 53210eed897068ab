import BoxClient
import BoxModel

/// Server objects as the command line outputs them: all members kept, no envelope, displayed words for states.
enum BoxView {
    /// An object without the envelope's members.
    static func withoutEnvelope(_ json: JSON) -> JSONObject {
        var object = json.object ?? JSONObject()
        object["ok"] = nil
        object["type"] = nil
        if let box = object["box"], box.object != nil { object["box"] = translated(box) }
        return object
    }

    /// A box with the displayed word of its state.
    static func translated(_ json: JSON) -> JSON {
        guard case .object(var object) = json, let state = object["state"]?.string else { return json }
        object["state"] = .string(BoxState(rawValue: state).displayName)
        return .object(object)
    }

    /// The members that programs need of a ready box.
    static func readyMembers(_ box: Box) -> [(String, JSON)] {
        let passedOn = ["url", "ip", "desktopUrl", "archiveAfter"].map { ($0, box.json[$0] ?? .null) }
        let commands: JSON = [
            "ssh": .string("box ssh \(box.id)"),
            "forward": .string("box forward \(box.id) --remote 3000 --local 3000"),
        ]
        return [("state", .string(box.state.displayName))] + passedOn + [("commands", commands)]
    }

    /// Labelled lines about a box, for people. They omit desktop URLs, which contain tokens.
    static func details(_ box: Box, style: Style, now: Timestamp) -> String {
        var rows: [(String, String)] = [("name", Text.clean(box.name))]
        if let problem = problem(of: box) { rows.append(("problem", style.red(problem))) }
        rows += box.warnings.map { ("warning", style.yellow(Text.clean($0))) }
        if let ip = box.ip { rows.append(("ip", Text.clean(ip))) }
        if let url = box.url { rows.append(("url", Text.clean(url))) }
        if let created = box.createdAt { rows.append(("created", Text.relative(created, to: now))) }
        if let stops = stops(box, now: now) { rows.append(("stops", stops)) }
        if let disk = disk(box) { rows.append(("disk", disk)) }
        if box.snapshotAvailable {
            let when = box.snapshotCompletedAt.map { Text.relative($0, to: now) }
            rows.append(("snapshot", when ?? "yes"))
        }
        return lines(rows, style: style)
    }

    /// Why a box failed, when the server sends a reason.
    static func problem(of box: Box) -> String? {
        box.json["errorMessage"]?.string.map(Text.clean)
    }

    /// The box's disk use and limit; nil when the server doesn't send them.
    static func disk(_ box: Box) -> String? {
        guard let used = box.diskUsedBytes else { return nil }
        return Text.size(Int64(used)) + (box.diskLimitBytes.map { " of " + Text.size(Int64($0)) } ?? "")
    }

    /// When the box is stopped automatically; nil when it doesn't run.
    static func stops(_ box: Box, now: Timestamp) -> String? {
        guard ![.archived, .archiving, .error].contains(box.state) else { return nil }
        return box.archiveAfter.map { Text.relative($0, to: now) } ?? "never"
    }

    static func lines(_ rows: [(String, String)], style: Style) -> String {
        let column = rows.map(\.0.count).max() ?? 0
        return rows.map { "  \(style.dim(Text.pad($0.0, to: column)))  \($0.1)\n" }.joined()
    }
}
