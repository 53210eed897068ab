import BoxEngine
import BoxModel
import FoundationEssentials
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// How a boxd is set up.
public struct ServerConfiguration: Sendable {
    /// The database and the key file are here. Readable by root only.
    public var dataDirectory: String
    public var host: String
    public var port: Int
    public var limits = ServerLimits()

    public init(dataDirectory: String, host: String, port: Int) {
        (self.dataDirectory, self.host, self.port) = (dataDirectory, host, port)
    }

    var databasePath: String { "\(dataDirectory)/boxd.sqlite" }
    var keyFile: String { "\(dataDirectory)/secret.key" }
    /// Emptied when boxd starts.
    var scratchDirectory: String { "\(dataDirectory)/scratch" }
}

/// The API on one engine.
public struct Server: Sendable {
    private let configuration: ServerConfiguration
    private let engine: any MachineEngine
    private let logger: Logger
    private let database: Database
    let boxes: BoxService
    let keys: KeyStore
    let events: EventService
    let guests: GuestService
    let secrets: SecretStore
    let repositories: RepositoryService

    public init(configuration: ServerConfiguration, engine: any MachineEngine, logger: Logger) throws {
        (self.configuration, self.engine, self.logger) = (configuration, engine, logger)
        database = try Database(path: configuration.databasePath)
        keys = KeyStore(database: database)
        events = EventService(
            store: EventStore(database: database), commits: try CommitSignal(path: configuration.databasePath))
        let store = BoxStore(database: database)
        let sealer = try Sealer(keyFile: configuration.keyFile)
        secrets = SecretStore(database: database, sealer: sealer)
        repositories = RepositoryService(
            store: RepositoryStore(database: database), github: GitHubStore(database: database, sealer: sealer),
            engine: engine, scratchDirectory: configuration.scratchDirectory)
        guests = GuestService(store: store, engine: engine)
        boxes = BoxService(
            store: store, engine: engine,
            setUp: BoxSetUp(secrets: secrets, repositories: repositories, sealer: sealer),
            limits: configuration.limits, logger: logger)
    }

    func router() -> Router<BoxdContext> {
        let router = Router(context: BoxdContext.self)
        router.add(middleware: EnvelopeMiddleware())
        HealthRoutes().add(to: router)
        LoginRoutes(logins: LoginService(keys: keys)).add(to: router)
        let api = router.group(RouterPath(APIPath.prefix)).add(middleware: AuthenticationMiddleware(keys: keys))
        AccountRoutes(boxes: boxes, database: database).add(to: api)
        APIKeyRoutes(keys: keys).add(to: api)
        BoxRoutes(boxes: boxes).add(to: api)
        BoxActionRoutes(boxes: boxes).add(to: api)
        EventRoutes(boxes: boxes, events: events).add(to: api)
        CommandRoutes(guests: guests).add(to: api)
        FileRoutes(guests: guests).add(to: api)
        SecretRoutes(secrets: secrets, boxes: boxes).add(to: api)
        RepositoryRoutes(repositories: repositories).add(to: api)
        return router
    }

    /// Others pass through to a folder of their own in it.
    private func makeScratchDirectory() throws {
        let path = configuration.scratchDirectory
        try? FileManager.default.removeItem(atPath: path)
        guard mkdir(path, 0o711) == 0 else {
            throw StartupError("\(path) can't be made: \(String(cString: strerror(errno)))")
        }
        chmod(path, 0o711)
    }

    /// Connections that are served at a time; more wait to be accepted. Well below what a process may open, so that idle
    /// connections can't take the descriptors that boxes need.
    private static let maximumConnections = 400

    /// Makes the host ready, takes up what the last boxd left, and serves until a signal asks it to stop.
    ///
    /// - Parameter onRunning: called once requests are answered.
    public func run(onRunning: @escaping @Sendable () async -> Void = {}) async throws {
        try makeScratchDirectory()
        try await engine.prepare()
        try await boxes.reconcile()
        let application = Application(
            router: router(),
            server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: "boxd",
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)),
            onServerRunning: { _ in await onRunning() },
            logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: application), .init(service: Watch(boxes: boxes, logger: logger))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await group.run()) } catch { outcome = .failure(error) }
        // Also when serving failed, such as on a port that is taken: what was made ready for boxes goes again.
        await boxes.settleForShutdown()
        await engine.shutdown()
        do { try outcome.get() } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StartupError(
                "something else listens on \(configuration.host):\(configuration.port): stop it, or choose another --listen"
            )
        }
    }
}

/// What can be done to a data directory without a running server.
public struct Administration: Sendable {
    private let keys: KeyStore

    public init(configuration: ServerConfiguration) throws {
        keys = KeyStore(database: try Database(path: configuration.databasePath))
    }

    /// Makes an API key for the account of that login, and the account where it is new.
    public func createKey(name: String, login: String) async throws -> (id: String, secret: String) {
        try await keys.create(name: name, account: keys.account(login: login))
    }
}
