import BoxModel

/// Asks a server to wait for news (RFC 7240) since the answer that had a tag, if there was one.
struct NewsRequest {
    var tag: String?
}

extension BoxClient {
    /// One page of a box's events. `GET /boxes/{id}/events`. For all of them, and those to come, see
    /// ``streamEvents(_:types:includeExisting:timeout:onInterruption:)``.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found`, `invalid_limit`, `invalid_cursor` or `invalid_sort`.
    public func events(_ id: String, _ query: EventQuery = EventQuery()) async throws -> EventPage {
        guard let page = try await events(id, query, news: nil) else { throw unexpectedShape("it is empty (304)") }
        return page
    }

    /// How long servers that can wait are asked to, in seconds.
    private static let wait = 25

    /// - Parameter news: whether to wait for events that a tag doesn't stand for. Servers that can, answer when there are some,
    ///   at the latest after ``wait``; others answer at once and give no tag.
    /// - Returns: nil when nothing has changed.
    func events(_ id: String, _ query: EventQuery, news: NewsRequest?) async throws -> EventPage? {
        var call = APICall(
            method: .get, path: APIPath.box(id, "events"),
            query: [
                ("limit", query.limit.map(String.init)), ("cursor", query.cursor), ("sort", query.sort?.rawValue),
                ("type", query.types.isEmpty ? nil : query.types.joined(separator: ",")),
            ])
        if let news {
            call.headers = [HTTPHeader("Prefer", "wait=\(Self.wait)")]
            if let tag = news.tag { call.headers.append(HTTPHeader("If-None-Match", tag)) }
            call.timeout = configuration.timeout + .seconds(Self.wait)
        }
        let response = try await exchange(call)
        if news?.tag != nil, response.status == 304 { return nil }
        let canWait = response.header("Preference-Applied")?.contains("wait") == true
        let page = EventPage(json: try read(response), tag: canWait ? response.header("ETag") : nil)
        guard page.json["events"]?.array != nil else { throw unexpectedShape("it has no list of events") }
        return page
    }
}
