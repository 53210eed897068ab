import BoxModel

/// Asks a server to wait for news (RFC 7240) since the answer that had a tag, if there was one.
struct NewsRequest {
    var tag: String?
}

extension BoxClient {
    /// One page of a box's events. `GET /boxes/{id}/events`. For all of them, and those to come, see ``EventFollower``.
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

/// A prompt for a box's agent. Empty fields are left to the server.
public struct PromptRequest: Sendable, Equatable {
    public var text: String
    /// `codex` or `claude-code`.
    public var provider: String?
    public var model: String?
    public var reasoningEffort: String?

    public init(text: String, provider: String? = nil, model: String? = nil, reasoningEffort: String? = nil) {
        self.text = text
        self.provider = provider
        self.model = model
        self.reasoningEffort = reasoningEffort
    }

    var body: JSON {
        var body = JSONObject([("prompt", .string(text))])
        for (name, value) in [("provider", provider), ("model", model), ("reasoningEffort", reasoningEffort)] {
            if let value { body[name] = .string(value) }
        }
        return .object(body)
    }
}

/// A prompt that the server has taken.
public struct QueuedPrompt: Sendable, Equatable {
    public let json: JSON
    /// A UUID. Events of the prompt's run have it as their `taskId`.
    public let promptID: String
}

/// How a prompt's run stands.
public struct PromptRun: Sendable, Equatable {
    public let json: JSON
    public let status: PromptStatus
}

extension BoxClient {
    /// Queues work for the box's agent. `POST /boxes/{id}/prompt`. Never sent twice.
    public func prompt(_ id: String, _ request: PromptRequest) async throws -> QueuedPrompt {
        let json = try await send(APICall(method: .post, path: APIPath.box(id, "prompt"), body: request.body))
        guard let promptID = json["promptId"]?.string, !promptID.isEmpty else {
            throw unexpectedShape("it has no promptId")
        }
        return QueuedPrompt(json: json, promptID: promptID)
    }

    /// How a prompt's run stands. `GET /boxes/{id}/prompts/{promptId}`.
    public func promptRunStatus(_ id: String, prompt: String) async throws -> PromptRun {
        let path = APIPath.box(id, "prompts/\(APIPath.escape(prompt))")
        let json = try await send(APICall(method: .get, path: path))
        guard let status = json["promptRun"]?["status"]?.string else { throw unexpectedShape("it has no promptRun") }
        return PromptRun(json: json, status: PromptStatus(rawValue: status))
    }
}
