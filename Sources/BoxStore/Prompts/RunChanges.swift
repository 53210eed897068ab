import BoxModel

/// The changes of a run that one transaction records.
package struct RunChanges: Sendable, Equatable {
    /// New events, in order.
    package var events: [NewEvent] = []
    /// New data of earlier events, by id.
    package var changed: [(id: String, data: JSON)] = []
    /// The incomplete text so far, as an event of its own. The next partial or the complete event replaces it.
    package var partial: NewEvent?
    /// The ids of earlier partial events, which are deleted.
    package var outdated: [String] = []
    package var session: (provider: String, id: String)?

    package init(
        events: [NewEvent] = [], changed: [(id: String, data: JSON)] = [], partial: NewEvent? = nil,
        outdated: [String] = [], session: (provider: String, id: String)? = nil
    ) {
        (self.events, self.changed, self.partial, self.outdated) = (events, changed, partial, outdated)
        self.session = session
    }

    package var isEmpty: Bool {
        events.isEmpty && changed.isEmpty && partial == nil && outdated.isEmpty && session == nil
    }

    package static func == (left: RunChanges, right: RunChanges) -> Bool {
        left.events == right.events && left.partial == right.partial && left.outdated == right.outdated
            && left.changed.elementsEqual(right.changed, by: ==)
            && left.session?.provider == right.session?.provider && left.session?.id == right.session?.id
    }
}
