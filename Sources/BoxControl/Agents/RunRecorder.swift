import BoxCrypto
import BoxEngine
import BoxModel
import BoxStore
import BoxSystem
import FoundationEssentials

/// Converts an agent's output into events. The same output from the beginning gives the same events with the same ids,
/// so a run can be read again after boxd has died.
struct RunRecorder: Sendable {
    let prompt: String
    let provider: String
    let model: String
    /// The provider's key, which no event may contain.
    let secret: String?

    /// The number of events so far.
    private var count = 0
    /// The total size of the events in bytes.
    private var size = 0
    private var tools: [AgentTool] = []
    private var text = ""
    private var shownPartial: (id: String, data: JSON)?
    /// Commits that aren't pushed yet, by their SHA, with their event's id.
    private var commits: [String: (id: String, data: JSONObject)] = [:]
    /// Why the run failed, if that is known.
    private(set) var failure: String?
    private(set) var isDone = false
    private(set) var isUnrecoverable = false
    private(set) var usage: JSON?
    /// Whether the agent has produced any event or has completed.
    var hasOutput: Bool { count > 0 || isDone }

    init(prompt: String, provider: String, model: String, secret: String?) {
        (self.prompt, self.provider, self.model, self.secret) = (prompt, provider, model, secret)
    }

    /// - Parameter outputs: the output since the last call.
    mutating func consume(_ outputs: [AgentOutput]) -> RunChanges {
        var changes = RunChanges()
        for output in outputs { consume(output, &changes) }
        refreshPartial(&changes)
        return changes
    }

    private mutating func consume(_ output: AgentOutput, _ changes: inout RunChanges) {
        switch output {
        case .session(let id):
            // The id is passed as an argument of a later run, so it must be a UUID.
            if UUID(uuidString: id) != nil { changes.session = (provider, id) }
        case .partial(let text): self.text = text
        case .text(let text):
            self.text = ""
            if !text.isEmpty { add(&changes, "response", response(Self.cut(text, to: Self.longestValue), [])) }
        case .toolStarted(let tool): tools = tools.suffix(Self.mostOpenTools - 1) + [tool]
        case .toolEnded(let tool, let result, let isError):
            tools.removeAll { $0.id == tool.id }
            let use = Self.bounded(tool, to: Self.longestValue)
            let result: JSON = [
                "type": "tool_result", "tool_use_id": use["id"] ?? "", "is_error": .bool(isError),
                "content": Self.bounded(result, to: Self.longestValue),
            ]
            add(&changes, "response", response("", [["use": use, "result": result]]))
        case .usageLimit(let message, let seconds):
            var data: JSONObject = [
                "message": .string(Self.cut(message, to: Self.longestReason)), "provider": .string(provider),
            ]
            if let seconds { data["retry_after"] = JSON(seconds) }
            add(&changes, "usage_limit", .object(data))
        case .failure(let message): failure = Self.cut(message, to: Self.longestReason)
        case .unrecoverable(let message): (failure, isUnrecoverable) = (Self.cut(message, to: Self.longestReason), true)
        case .usage(let usage):
            if usage.object != nil, !Self.isDeep(usage, levels: Self.deepest),
                usage.compact.utf8.count <= Self.longestReason
            {
                self.usage = usage
            }
        case .done: (isDone, failure) = (true, nil)
        }
    }

    /// Records a commit that was made in the box.
    mutating func consume(commit: JobCommit) -> RunChanges {
        var changes = RunChanges()
        add(&changes, "git_checkpoint", commit.json)
        if let event = changes.events.first, let data = commit.json.object, data["pushed"] == false {
            commits[commit.sha] = (event.id, data)
        }
        return changes
    }

    mutating func consume(pushed commit: String) -> RunChanges {
        guard var event = commits.removeValue(forKey: commit) else { return RunChanges() }
        event.data["pushed"] = true
        return RunChanges(changed: [(event.id, .object(event.data))])
    }

    // MARK: Events

    /// Appends the run's next event. Its id is computed from the run and the event's number.
    private mutating func add(_ changes: inout RunChanges, _ type: String, _ data: JSON) {
        size += data.compact.utf8.count + 200
        guard size <= Self.longestRun else {
            (failure, isUnrecoverable) = ("the agent said more than can be kept and was ended", true)
            return
        }
        count += 1
        let digest = Array(Digest.sha256("\(prompt) \(count)".utf8).prefix(16))
        changes.events.append(NewEvent(id: Self.uuid(digest), type: type, data: data))
    }

    /// RFC 9562, version 8: the bytes are vendor-specific.
    private static func uuid(_ bytes: [UInt8]) -> String {
        var bytes = bytes
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = bytes.hexadecimal
        var rest = digits[...]
        return [8, 4, 4, 4, 12].map { length in
            defer { rest = rest.dropFirst(length) }
            return String(rest.prefix(length))
        }.joined(separator: "-")
    }

    private func response(_ content: String, _ tools: [JSON]) -> JSON {
        var data: JSONObject = ["content": .string(content), "model": .string(model), "is_reverted": false]
        if !tools.isEmpty { data["tools"] = .array(tools) }
        return .object(data)
    }

    /// Updates the partial event if the incomplete text or the open tools have changed.
    private mutating func refreshPartial(_ changes: inout RunChanges) {
        var shown: JSON?
        if !text.isEmpty || !tools.isEmpty {
            let shownText = redacted(Self.cut(text, to: Self.longestPartial))
            let uses = tools.map { JSON.object(["use": Self.bounded($0, to: Self.longestPartial / 4)]) }
            var data = response(shownText, uses).object ?? JSONObject()
            data["is_streaming"] = true
            shown = .object(data)
        }
        guard shown != shownPartial?.data else { return }
        if let shownPartial { changes.outdated.append(shownPartial.id) }
        shownPartial = shown.map { (Self.uuid((0..<16).map { _ in .random(in: 0...255) }), $0) }
        changes.partial = shownPartial.map { NewEvent(id: $0.id, type: "response", data: $0.data) }
    }

    /// Removes the secret from text that arrives in pieces. The machine redacts only whole lines.
    private func redacted(_ text: String) -> String {
        guard let secret, !secret.isEmpty else { return text }
        let text = text.replacing(secret, with: JobRedaction.mark)
        // A suffix that may be the beginning of the secret is withheld until more text shows that it isn't.
        for length in stride(from: min(secret.utf8.count, text.utf8.count), to: 3, by: -1)
        where text.utf8.suffix(length).elementsEqual(secret.utf8.prefix(length)) {
            return String(decoding: text.utf8.dropLast(length), as: UTF8.self)
        }
        return text
    }

    // MARK: Bounds

    /// Limits in bytes. `longestValue` is for a text, a tool's input and its result; `longestReason` for the reason of
    /// an end. `longestPartial` is smaller, because a partial is stored again and again. `longestRun` is for all events
    /// of one run.
    static let longestValue = 256 << 10
    static let longestReason = 4 << 10
    static let longestPartial = 64 << 10
    static let longestRun = 64 << 20
    static let mostOpenTools = 16
    /// The deepest nesting of objects and lists in a tool's input or result.
    static let deepest = 64

    private static func bounded(_ tool: AgentTool, to limit: Int) -> JSON {
        AgentTool(id: cut(tool.id, to: 256), name: cut(tool.name, to: 256), input: bounded(tool.input, to: limit)).json
    }

    private static func bounded(_ value: JSON, to limit: Int) -> JSON {
        if case .string(let text) = value { return .string(cut(text, to: limit)) }
        let text = value.compact
        if text.utf8.count > limit { return .string("[\(text.utf8.count) bytes]") }
        // An event nests the value deeper, and JSON parsers limit the depth.
        return isDeep(value, levels: deepest) ? .string(text) : value
    }

    private static func isDeep(_ value: JSON, levels: Int) -> Bool {
        if levels == 0 { return true }
        if let members = value.object?.members { return members.contains { isDeep($0.value, levels: levels - 1) } }
        return value.array?.contains { isDeep($0, levels: levels - 1) } ?? false
    }

    private static func cut(_ text: String, to limit: Int) -> String {
        let size = text.utf8.count
        guard size > limit else { return text }
        return String(decoding: text.utf8.prefix(limit - 100), as: UTF8.self) + " … [\(size) bytes in all]"
    }
}
