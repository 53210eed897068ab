/// A request that the server answers when something has changed (RFC 7240) since the answer that had a tag, if there was one.
struct LongPoll {
    var tag: String?
    /// How long servers that can wait are asked to, in seconds.
    var wait = 25
}

extension BoxClient {
    /// Servers that can wait answer when something has changed; others answer at once and give no tag.
    ///
    /// - Returns: nil when nothing has changed.
    func exchange(_ call: APICall, longPoll: LongPoll?) async throws -> (response: HTTPResponse, tag: String?)? {
        guard let longPoll else { return (try await exchange(call), nil) }
        var call = call
        call.headers.append(HTTPHeader("Prefer", "wait=\(longPoll.wait)"))
        if let tag = longPoll.tag { call.headers.append(HTTPHeader("If-None-Match", tag)) }
        call.timeout = configuration.timeout + .seconds(longPoll.wait)
        let response = try await exchange(call)
        if longPoll.tag != nil, response.status == 304 { return nil }
        let canWait = response.header("Preference-Applied")?.contains("wait") == true
        return (response, canWait ? response.header("ETag") : nil)
    }
}
