/// A request that is answered when something has changed since the answer with ``tag`` (RFC 7240).
struct LongPoll {
    var tag: String?
    /// The requested wait in seconds, for servers that support it.
    var wait = 25
}

extension BoxClient {
    /// Sends a call as a long poll. Servers without support answer immediately and send no tag.
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
