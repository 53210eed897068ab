import BoxClient
import BoxModel
import Synchronization

/// Writes a box's events: one chat line each for programs, readable text for people.
final class ChatOutput: Sendable {
    private struct State {
        /// The response that is being written on the terminal, and how much of it is there.
        var partial = ""
        var endsLine = true
    }

    private let context: Context
    private let state = Mutex(State())

    init(_ context: Context) { self.context = context }

    func write(_ events: [BoxEvent]) throws {
        for event in events {
            switch context.emitter.mode {
            case .json: try context.emitter.event(Self.line(event))
            case .human: try write(text(of: event))
            }
        }
    }

    /// The event as it was sent, in its envelope.
    static func line(_ event: BoxEvent) -> JSON {
        ["event": "chat", "final": .bool(!event.isPartial), "data": event.json]
    }

    /// Ends a line that was begun.
    func end() throws {
        try write(
            state.withLock { state in
                defer { state = State() }
                return state.endsLine ? "" : "\n"
            })
    }

    private func write(_ text: String) throws {
        if !text.isEmpty {
            context.emitter.statusLine.clear()
            try context.emitter.text(text)
        }
    }

    private func text(of event: BoxEvent) -> String {
        state.withLock { state in
            if event.type == "response" { return Self.response(event, &state, context.emitter.style) }
            let block = ChatText.block(event, style: context.emitter.style)
            let lead = state.endsLine || block.isEmpty ? "" : "\n"
            if !block.isEmpty { state = State() }
            return lead + block
        }
    }

    /// What a response adds to what is on the terminal: partials hold the text so far, or the next piece of it.
    private static func response(_ event: BoxEvent, _ state: inout State, _ style: Style) -> String {
        let content = Text.cleanLines(event.data?["content"]?.string ?? "")
        let isContinuation = !state.partial.isEmpty && content.hasPrefix(state.partial)
        var text = isContinuation ? String(content.dropFirst(state.partial.count)) : content
        if !isContinuation, !event.isPartial || state.partial.isEmpty, !state.endsLine { text = "\n" + text }
        if event.isPartial {
            state.partial = isContinuation ? content : state.partial + content
            if !text.isEmpty { state.endsLine = text.hasSuffix("\n") }
            return text
        }
        let tools = ChatText.tools(event, style: style)
        let ends = text.isEmpty ? state.endsLine : text.hasSuffix("\n")
        state = State()
        return text + (ends || (text.isEmpty && content.isEmpty) ? "" : "\n") + tools
    }
}
