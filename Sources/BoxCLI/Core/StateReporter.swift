import BoxClient
import BoxModel
import Synchronization

/// Reports a box's states during a wait: each once, by its displayed word.
final class StateReporter: Sendable {
    private let context: Context
    private let id: String
    /// Whether programs get a line for each state.
    private let emitsEvents: Bool
    private let lastShown = Mutex<String?>(nil)

    init(_ context: Context, id: String, emitsEvents: Bool) {
        self.context = context
        self.id = id
        self.emitsEvents = emitsEvents
    }

    /// Reports the box's state if it is new. Two states can have the same word, so words are compared.
    func report(_ box: Box) throws {
        let word = box.state.displayName
        let isNew = lastShown.withLock { last in
            defer { last = word }
            return last != word
        }
        guard isNew else { return }
        context.emitter.statusLine.show("\(id) is \(Text.clean(word))")
        if emitsEvents {
            try context.emitter.event(["event": "state", "id": .string(id), "state": .string(word)])
        }
    }
}
