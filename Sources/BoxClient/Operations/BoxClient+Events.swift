import BoxModel

extension BoxClient {
    /// Returns one page of a box's events. `GET /boxes/{id}/events`. For all events, including future ones, see
    /// ``streamEvents(_:types:includeExisting:timeout:onInterruption:)``.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found`, `invalid_limit`, `invalid_cursor` or `invalid_sort`.
    public func events(_ id: String, _ query: EventQuery = EventQuery()) async throws -> EventPage {
        guard let page = try await events(id, query, longPoll: nil) else { throw unexpectedShape("it is empty (304)") }
        return page
    }

    /// - Parameter longPoll: waits for events that are newer than a tag. Servers that support it answer when there are
    ///   some, at the latest after ``LongPoll/wait``. Others answer immediately and send no tag.
    /// - Returns: nil when nothing has changed.
    func events(_ id: String, _ query: EventQuery, longPoll: LongPoll?) async throws -> EventPage? {
        let call = APICall(
            method: .get, path: APIPath.box(id, "events"),
            query: [
                ("limit", query.limit.map(String.init)), ("cursor", query.cursor), ("sort", query.sort?.rawValue),
                ("type", query.types.isEmpty ? nil : query.types.joined(separator: ",")),
            ])
        guard let (response, tag) = try await exchange(call, longPoll: longPoll) else { return nil }
        let page = EventPage(json: try read(response), tag: tag)
        guard page.json["events"]?.array != nil else { throw unexpectedShape("it has no list of events") }
        return page
    }
}
