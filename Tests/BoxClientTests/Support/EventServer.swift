import BoxClient
import BoxModel
import Synchronization

/// A transport that answers `GET /boxes/…/events` from a list of events, as a server does, and fails on request.
///
/// It also accepts prompts, with the id `p`, and reports the state of their run.
final class EventServer: HTTPTransport {
    struct Entry {
        var id: String
        var type: String
        var timestamp: Int
        var status: String?
        var isPartial = false
        var taskID: String?

        var json: JSON {
            var data = JSONObject()
            if let status { data["status"] = .string(status) }
            if isPartial { data["is_streaming"] = true }
            var object = JSONObject([
                ("id", .string(id)), ("type", .string(type)), ("timestamp", JSON(timestamp)), ("data", .object(data)),
            ])
            if let taskID { object["taskId"] = .string(taskID) }
            return .object(object)
        }
    }

    private struct State {
        var entries: [Entry] = []
        var revision = 0
        var failures: [Result<HTTPResponse, TransportError>] = []
        var targets: [String] = []
        var run: JSON = nil
        var promptsTaken = 0
    }

    private let state = Mutex(State())
    /// Whether it supports tags and long polls. It never waits: 304 is sent immediately.
    let knowsTags: Bool
    /// The most events of a page, regardless of the requested limit.
    let pageSize: Int

    init(knowsTags: Bool = true, pageSize: Int = 200) {
        self.knowsTags = knowsTags
        self.pageSize = pageSize
    }

    var targets: [String] { state.withLock(\.targets) }
    var promptsTaken: Int { state.withLock(\.promptsTaken) }

    /// Sets the run of every prompt; null when it can't be read.
    func setRun(_ run: JSON) { state.withLock { $0.run = run } }

    func store(_ entry: Entry) {
        state.withLock { state in
            state.entries.removeAll { $0.id == entry.id }
            state.entries.append(entry)
            state.entries.sort { ($0.timestamp, $0.id) < ($1.timestamp, $1.id) }
            state.revision += 1
        }
    }

    /// Sets the answers to the next requests, in order.
    func fail(_ outcomes: Result<HTTPResponse, TransportError>...) { state.withLock { $0.failures += outcomes } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try state.withLock { state in
            state.targets.append(request.url)
            if !state.failures.isEmpty { return try state.failures.removeFirst().get() }
            if request.method == .post {
                state.promptsTaken += 1
                return Self.answer(202, ["ok": true, "id": "bx_1", "promptId": "p", "status": "queued"])
            }
            if request.url.contains("/prompts/") {
                return state.run == nil
                    ? Self.answer(404, ["error": "not_found"]) : Self.answer(200, ["ok": true, "promptRun": state.run])
            }
            let tag = "\"\(state.revision)\""
            if knowsTags, request.header("If-None-Match") == tag {
                return HTTPResponse(status: 304, headers: headers(tag))
            }
            return HTTPResponse(status: 200, headers: headers(tag), body: page(request.url, state.entries).compactBytes)
        }
    }

    private static func answer(_ status: Int, _ body: JSON) -> HTTPResponse {
        HTTPResponse(status: status, body: body.compactBytes)
    }

    private func headers(_ tag: String) -> [HTTPHeader] {
        knowsTags ? [HTTPHeader("ETag", tag), HTTPHeader("Preference-Applied", "wait")] : []
    }

    private func page(_ url: String, _ entries: [Entry]) -> JSON {
        let query = url.split(separator: "?").last?.split(separator: "&") ?? []
        func value(_ name: String) -> String? {
            query.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
        }
        var list = entries
        if let types = value("type")?.split(separator: ",").flatMap({ $0.split(separator: "%2C") }) {
            list = list.filter { types.contains(Substring($0.type)) }
        }
        if value("sort") == "desc" { list.reverse() }
        if let cursor = value("cursor").flatMap({ PageCursor(text: $0) }) {
            list = list.filter {
                let place = (Int64($0.timestamp), $0.id)
                return value("sort") == "desc" ? place < (cursor.moment, cursor.id) : place > (cursor.moment, cursor.id)
            }
        }
        let limit = min(value("limit").flatMap { Int($0) } ?? 100, pageSize)
        let shown = list.prefix(limit)
        let next = list.count > limit ? shown.last : nil
        return [
            "ok": true, "type": "events.list", "events": .array(shown.map(\.json)),
            "pageInfo": [
                "hasMore": .bool(next != nil),
                "nextCursor": JSON(next.map { PageCursor(moment: Int64($0.timestamp), id: $0.id).text }),
            ],
        ]
    }
}
