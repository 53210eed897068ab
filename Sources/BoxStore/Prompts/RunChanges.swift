import BoxModel

/// What there is new of a run, for one transaction.
package struct RunChanges: Sendable, Equatable {
    /// In their order.
    package var events: [NewEvent] = []
    /// New data of events from before, by their ids.
    package var changed: [(id: String, data: JSON)] = []
    /// What is not whole yet, as it is now: an event of its own, which the next one takes the place of.
    package var partial: NewEvent?
    /// The ids of partials from before.
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
