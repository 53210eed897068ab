/// Asks a server to wait for news (RFC 7240) since the answer that had a tag, if there was one.
struct NewsRequest {
    var tag: String?
    /// How long servers that can wait are asked to, in seconds.
    var wait = 25
}

extension BoxClient {
    /// Servers that can wait answer when there is news; others at once, and give no tag.
    ///
    /// - Returns: nil when nothing has changed.
    func exchange(_ call: APICall, news: NewsRequest?) async throws -> (response: HTTPResponse, tag: String?)? {
        guard let news else { return (try await exchange(call), nil) }
        var call = call
        call.headers.append(HTTPHeader("Prefer", "wait=\(news.wait)"))
        if let tag = news.tag { call.headers.append(HTTPHeader("If-None-Match", tag)) }
        call.timeout = configuration.timeout + .seconds(news.wait)
        let response = try await exchange(call)
        if news.tag != nil, response.status == 304 { return nil }
        let canWait = response.header("Preference-Applied")?.contains("wait") == true
        return (response, canWait ? response.header("ETag") : nil)
    }
}
