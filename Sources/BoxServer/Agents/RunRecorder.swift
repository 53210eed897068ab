import BoxEngine
import BoxModel
import Crypto

/// What there is new of a run, for one transaction.
struct RunNews: Sendable, Equatable {
    /// In their order.
    var events: [NewEvent] = []
    /// New data of events from before, by their ids.
    var changed: [(id: String, data: JSON)] = []
    /// What is not whole yet, as it is now: an event of its own, which the next one takes the place of.
    var partial: NewEvent?
    /// The ids of partials from before.
    var outdated: [String] = []
    var session: (provider: String, id: String)?

    var isEmpty: Bool { events.isEmpty && changed.isEmpty && partial == nil && outdated.isEmpty && session == nil }

    static func == (left: RunNews, right: RunNews) -> Bool {
        left.events == right.events && left.partial == right.partial && left.outdated == right.outdated
            && left.changed.elementsEqual(right.changed, by: ==)
            && left.session?.provider == right.session?.provider && left.session?.id == right.session?.id
    }
}

/// Makes events of what an agent says. The same output from the same beginning gives the same events with the same ids, so that a
/// run can be read again after boxd has died.
struct RunRecorder: Sendable {
    let prompt: String
    let provider: String
    let model: String
    /// What must not be in any event.
    let secret: String?

    /// The events so far.
    private var count = 0
    private var tools: [AgentTool] = []
    private var text = ""
    private var shownPartial: (id: String, data: JSON)?
    /// Commits that no remote has yet, by what they are known by, with their event's id.
    private var commits: [String: (id: String, data: JSONObject)] = [:]
    /// What the run is known to have come to.
    private(set) var failure: String?
    private(set) var isDone = false
    private(set) var isHopeless = false
    private(set) var usage: JSON?
    /// Whether the agent did anything at all.
    var saidSomething: Bool { count > 0 || isDone }

    init(prompt: String, provider: String, model: String, secret: String?) {
        (self.prompt, self.provider, self.model, self.secret) = (prompt, provider, model, secret)
    }

    /// - Parameter outputs: everything that came since the last time.
    mutating func take(_ outputs: [AgentOutput]) -> RunNews {
        var news = RunNews()
        for output in outputs { take(output, &news) }
        refreshPartial(&news)
        return news
    }

    private mutating func take(_ output: AgentOutput, _ news: inout RunNews) {
        switch output {
        case .session(let id): news.session = (provider, id)
        case .partial(let text): self.text = text
        case .text(let text):
            self.text = ""
            if !text.isEmpty { news.events.append(event("response", response(text, []))) }
        case .toolStarted(let tool): tools.append(tool)
        case .toolEnded(let tool, let result, let isError):
            tools.removeAll { $0.id == tool.id }
            let result: JSON = [
                "type": "tool_result", "tool_use_id": .string(tool.id), "is_error": .bool(isError),
                "content": Self.bounded(result),
            ]
            news.events.append(event("response", response("", [["use": Self.bounded(tool), "result": result]])))
        case .usageLimit(let message, let seconds):
            var data: JSONObject = ["message": .string(message), "provider": .string(provider)]
            if let seconds { data["retry_after"] = JSON(seconds) }
            news.events.append(event("usage_limit", .object(data)))
        case .failure(let message): failure = message
        case .hopeless(let message): (failure, isHopeless) = (message, true)
        case .usage(let usage): self.usage = usage
        case .done: (isDone, failure) = (true, nil)
        }
    }

    /// A commit that was made in the box.
    mutating func take(commit: JSON) -> RunNews {
        guard let data = commit.object, let sha = data["commitSha"]?.string else { return RunNews() }
        let event = event("git_checkpoint", commit)
        if data["pushed"]?.bool == false { commits[sha] = (event.id, data) }
        return RunNews(events: [event])
    }

    mutating func take(pushed commit: String) -> RunNews {
        guard var event = commits.removeValue(forKey: commit) else { return RunNews() }
        event.data["pushed"] = true
        return RunNews(changed: [(event.id, .object(event.data))])
    }

    // MARK: Events

    /// The run's next event. Its id follows from the run and the number.
    private mutating func event(_ type: String, _ data: JSON) -> NewEvent {
        count += 1
        let digest = Array(SHA256.hash(data: Array("\(prompt) \(count)".utf8)).prefix(16))
        return NewEvent(id: Self.uuid(digest), type: type, data: data)
    }

    /// RFC 9562, version 8: what the bytes are is ours to say.
    private static func uuid(_ bytes: [UInt8]) -> String {
        var bytes = bytes
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
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

    /// Shows what isn't whole yet, where that is something else than before.
    private mutating func refreshPartial(_ news: inout RunNews) {
        var shown: JSON?
        if !text.isEmpty || !tools.isEmpty {
            var data = response(redacted(text), tools.map { ["use": Self.bounded($0)] }).object ?? JSONObject()
            data["is_streaming"] = true
            shown = .object(data)
        }
        guard shown != shownPartial?.data else { return }
        if let shownPartial { news.outdated.append(shownPartial.id) }
        shownPartial = shown.map { (Self.uuid((0..<16).map { _ in .random(in: 0...255) }), $0) }
        news.partial = shownPartial.map { NewEvent(id: $0.id, type: "response", data: $0.data) }
    }

    /// The machine keeps secrets out of what it tells line by line; a text comes in pieces.
    private func redacted(_ text: String) -> String {
        guard let secret, !secret.isEmpty else { return text }
        return text.replacing(secret, with: JobRedaction.mark)
    }

    // MARK: Bounds

    /// In bytes: the longest of what a tool was given or answered that an event shows.
    static let longestValue = 256 << 10

    private static func bounded(_ tool: AgentTool) -> JSON {
        var tool = tool
        tool.input = bounded(tool.input)
        return tool.json
    }

    private static func bounded(_ value: JSON) -> JSON {
        if case .string(let text) = value {
            guard text.utf8.count > longestValue else { return value }
            return .string("\(text.prefix(longestValue / 4)) … [\(text.utf8.count) bytes in all]")
        }
        let size = value.compact.utf8.count
        return size > longestValue ? .string("[\(size) bytes]") : value
    }
}
