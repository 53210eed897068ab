import BoxClient
import BoxModel
import Synchronization

/// Writes a box's events: one chat line each for programs, and a view of the work for people.
final class ChatOutput: Sendable {
    private struct State {
        /// The response that is being written.
        var text = GrowingText()
        var isLineOpen = false
        /// The tools that are running, by the last event.
        var running: [ToolUse] = []
        var runningSince = ContinuousClock.now
        /// Prompts whose text is shown.
        var prompts: Set<String> = []
        /// The status of the prompt that isn't finished.
        var open: PromptStatus?
        var openSince = ContinuousClock.now
        var tools = 0
        var commits = 0
    }

    private let context: Context
    private let showsPrompts: Bool
    private let state = Mutex(State())

    /// - Parameter showsPrompts: whether people should see the prompts and their outcomes.
    init(_ context: Context, showsPrompts: Bool) {
        self.context = context
        self.showsPrompts = showsPrompts
    }

    func write(_ events: [BoxEvent]) throws {
        for event in events {
            switch context.emitter.mode {
            case .json: try context.emitter.event(Self.line(event))
            case .human: try write(state.withLock { text(of: event, &$0) })
            }
        }
    }

    /// The event as the server sent it, in a chat line.
    static func line(_ event: BoxEvent) -> JSON {
        ["event": "chat", "final": .bool(!event.isPartial), "data": event.json]
    }

    /// Shows the current activity in the status line, or clears it.
    ///
    /// - Parameter worker: the name to show for the agent.
    func showStatus(worker: String) {
        let status = state.withLock { state -> (String, ContinuousClock.Instant)? in
            guard let first = state.running.first else {
                guard let open = state.open else { return nil }
                return (open == .running ? "\(worker) works" : "waiting for \(worker)", state.openSince)
            }
            let others = state.running.count > 1 ? "(+\(state.running.count - 1)) " : ""
            return (others + ToolText.status(first), state.runningSince)
        }
        if let status {
            context.emitter.statusLine.show(status.0, since: status.1)
        } else {
            context.emitter.statusLine.clear()
        }
    }

    /// Runs `body`, and then ends an unfinished line, also on failure.
    func whole(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            // The error of `body` matters more than whether this can still be written.
            try? end()
            throw error
        }
        try end()
    }

    /// Ends an unfinished line, and shows the tools that are still running.
    func end() throws {
        try write(
            state.withLock { state in
                let lines = state.running.map { toolLine($0, nil) }
                defer { state.running = [] }
                return Self.lead(&state) + lines.joined()
            })
    }

    /// A summary of the work, such as `4 tools used, 1 commit`; nil when there was none.
    var summary: String? {
        let (tools, commits) = state.withLock { ($0.tools, $0.commits) }
        let parts = [
            tools > 0 ? "\(Text.count(tools, "tool")) used" : nil, commits > 0 ? Text.count(commits, "commit") : nil,
        ]
        return parts.contains { $0 != nil } ? parts.compactMap { $0 }.joined(separator: ", ") : nil
    }

    private func toolLine(_ use: ToolUse?, _ result: ToolResult?) -> String {
        ToolText.line(use, result, style: chat.style, width: chat.width)
    }

    private func write(_ text: String) throws {
        if !text.isEmpty { try context.emitter.text(text) }
    }

    private var chat: ChatText {
        ChatText(style: context.emitter.style, width: context.outputWidth ?? 120, now: context.dependencies.now())
    }
}

// MARK: - For people

extension ChatOutput {
    private func text(of event: BoxEvent, _ state: inout State) -> String {
        switch event.kind {
        case .response(let response):
            return event.isPartial ? partial(response, &state) : whole(response, &state)
        case .prompt: return prompt(event, &state)
        case .gitCheckpoint: state.commits += 1
        case .completion, .error, .unknown: break
        }
        return Self.lead(&state) + chat.line(event)
    }

    /// Ends an unfinished line.
    private static func lead(_ state: inout State) -> String {
        defer { state.isLineOpen = false }
        return state.isLineOpen ? "\n" : ""
    }

    /// A partial response replaces the earlier parts, so it has the tools that are running now.
    private func partial(_ response: ResponseEvent, _ state: inout State) -> String {
        let running = response.tools.filter { $0.result == nil }.compactMap(\.use)
        if running.map(\.id) != state.running.map(\.id) { state.runningSince = .now }
        state.running = running
        guard !response.content.isEmpty else { return "" }
        return Self.shown(state.text.grow(to: response.content), &state)
    }

    private func whole(_ response: ResponseEvent, _ state: inout State) -> String {
        var text = ""
        if !response.content.isEmpty { text = Self.shown(state.text.finish(with: response.content), &state) }
        if !response.content.isEmpty || !response.tools.isEmpty { text += Self.lead(&state) }
        let ended = response.tools.compactMap(\.use?.id)
        state.running.removeAll { use in use.id.map(ended.contains) ?? true }
        state.tools += response.tools.count
        return text + response.tools.map { toolLine($0.use, $0.result) }.joined()
    }

    private static func shown(_ step: GrowingText.Step, _ state: inout State) -> String {
        let (lead, text) =
            switch step {
            case .more(let text): ("", text)
            case .other(let text): (Self.lead(&state), text)
            }
        if text.isEmpty { return lead }
        defer { state.isLineOpen = true }
        // Other lines may have been written in between.
        return lead + (state.isLineOpen ? text : String(text.drop { $0 == " " || $0 == "\n" }))
    }

    private func prompt(_ event: BoxEvent, _ state: inout State) -> String {
        let open = event.status.flatMap { $0.isOpen ? $0 : nil }
        if open != state.open { state.openSince = .now }
        state.open = open
        if open == nil { state.running = [] }
        guard showsPrompts else { return "" }
        let isNew = event.id.map { state.prompts.insert($0).inserted } ?? true
        if !isNew, open != nil { return "" }
        // A prompt that is already finished when it is first seen comes before its responses.
        let outcome = isNew && event.status == .finished ? "" : chat.outcome(event)
        if isNew || !outcome.isEmpty { state.text = GrowingText() }
        return Self.lead(&state) + (isNew ? chat.prompt(event) : "") + outcome
    }
}
