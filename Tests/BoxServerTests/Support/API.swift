import BoxModel
import HTTPTypes
import Hummingbird
import Logging
import ServiceLifecycle
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// A server under test and a client with a key of its own.
struct API: Sendable {
    static let base = "/api/box/v1"

    let client: TestClient
    let server: Server
    let engine: TestEngine
    /// The account `alice`'s key.
    let secret: String

    /// Sends a request with the key.
    ///
    ///   - path: the path below the API's base.
    ///   - authorization: the header's value, or nil for no header.
    ///   - authorization: the header's value in place of the key's, or nil for no header.
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, headers: [String: String] = [:],
        authorization: String?
    ) async throws -> Answer {
        var headers = headers
        headers["Authorization"] = authorization
        return try await raw(method, Self.base + path, body, headers: headers)
    }

    /// Sends a request without the key to any path.
    func raw(
        _ method: HTTPRequest.Method, _ uri: String, _ body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields = HTTPFields()
        for (name, value) in headers { fields[HTTPField.Name(name)!] = value }
        return try await client.send(method, uri, fields, body.map { ByteBuffer(string: $0) })
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        try await send(method, path, body, headers: headers, authorization: "Bearer \(secret)")
    }

    func get(_ path: String) async throws -> Answer { try await send(.get, path) }
    func post(_ path: String, _ body: String? = nil, headers: [String: String] = [:]) async throws -> Answer {
        try await send(.post, path, body, headers: headers)
    }
    func patch(_ path: String, _ body: String? = nil) async throws -> Answer { try await send(.patch, path, body) }
    func delete(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send(.delete, path, headers: headers)
    }

    /// The same server with another account's key.
    func other(_ login: String) async throws -> API {
        let key = try await server.keys.create(name: "test", account: server.keys.account(login: login))
        return API(client: client, server: server, engine: engine, secret: key.secret)
    }

    // MARK: Boxes

    /// Creates a box and returns its id; it may still be starting.
    func create(_ body: String? = nil) async throws -> String {
        let answer = try await post("/boxes", body)
        return try #require(answer.json["box"]?["id"]?.string, "\(answer.text)")
    }

    /// Creates a box and waits until it is ready.
    func ready(_ body: String? = nil) async throws -> String {
        let id = try await create(body)
        await settle()
        try #require(try await state(id) == "ready")
        return id
    }

    /// Creates a box and stops it.
    func archived(_ body: String? = nil) async throws -> String {
        let id = try await ready(body)
        try #require(try await post("/boxes/\(id)/stop").status == 202)
        await settle()
        try #require(try await state(id) == "archived")
        return id
    }

    func box(_ id: String) async throws -> JSON { try #require(try await get("/boxes/\(id)").json["box"]) }
    func state(_ id: String) async throws -> String? { try await box(id)["state"]?.string }

    /// Waits until the server's work is done.
    func settle() async { await server.boxes.settle() }

    /// Changes a box's row, to simulate a crash or what takes too long for a test.
    func rewrite(_ id: String, _ change: @escaping @Sendable (inout BoxRow) -> Void) async throws {
        try #require(try await server.boxes.store.update(id, change) != nil)
    }

    func row(_ id: String) async throws -> BoxRow? { try await server.boxes.store.find(id) }
}

/// A response.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let text: String
    /// `.null` when the body isn't JSON.
    let json: JSON

    init(_ head: HTTPResponse, _ body: ByteBuffer) {
        status = head.status.code
        headers = head.headerFields
        text = String(buffer: body)
        json = (try? JSON.parse(text)) ?? .null
    }

    func header(_ name: String) -> String? { headers[HTTPField.Name(name)!] }
    var type: String { json["type"]?.string ?? "" }
    var code: String? { json["code"]?.string }
    var message: String { json["message"]?.string ?? "" }
    var box: JSON { json["box"] ?? .null }
}

/// Runs a test against a server on an engine without machines.
///
/// - Parameter scratch: the data directory of a server that ran before, or nil for a new one that is removed at the end.
func withServer<Value: Sendable>(
    in scratch: Scratch? = nil, engine: TestEngine = TestEngine(), limits: ServerLimits = ServerLimits(),
    connections: ConnectionLimits = ConnectionLimits(),
    configure: (inout ServerConfiguration) -> Void = { _ in },
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    _ body: @escaping @Sendable (API) async throws -> Value
) async throws -> Value {
    let directory = try scratch ?? Scratch()
    defer { if scratch == nil { directory.remove() } }
    var configuration = ServerConfiguration(dataDirectory: directory.path, host: "127.0.0.1", port: 0)
    configuration.limits = limits
    configuration.connections = connections
    configure(&configuration)
    let server = try Server(configuration: configuration, engine: engine, logger: logger)
    let key = try await server.keys.create(name: "test", account: server.keys.account(login: "alice"))
    let result: Result<Value, any Error>
    do {
        result = .success(
            try await server.whileServing { port in
                let client = TestClient(port: port)
                defer { client.close() }
                return try await body(API(client: client, server: server, engine: engine, secret: key.secret))
            })
    } catch { result = .failure(error) }
    await engine.releaseAll()
    await server.boxes.settle()
    return try result.get()
}

extension Server {
    /// Accepts connections on a free port while `body` runs.
    fileprivate func whileServing<Value: Sendable>(
        _ body: @escaping @Sendable (_ port: Int) async throws -> Value
    ) async throws -> Value {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let group = ServiceGroup(
            services: [application { port.yield($0) }], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { port.finish() }
                try await group.run()
            }
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(try #require(await ports.first { _ in true }, "boxd doesn't start")))
            } catch { result = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try result.get()
        }
    }
}
