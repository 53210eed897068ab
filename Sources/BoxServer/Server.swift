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
    public var connections = ConnectionLimits()
    /// In seconds: how long an agent may say nothing before it is ended.
    public var agentSilence = 3600
    /// How long requests that are under way may take after the signal to stop.
    public var stopTimeout = Duration.seconds(30)

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
    let accounts: AccountStore
    let events: EventService
    let guests: GuestService
    let secrets: SecretStore
    let repositories: RepositoryService
    let agents: AgentService
    let views: BoxViews
    let metrics = Metrics()
    let readiness = Readiness()
    var databasePath: String { configuration.databasePath }

    public init(configuration: ServerConfiguration, engine: any MachineEngine, logger: Logger) throws {
        (self.configuration, self.engine, self.logger) = (configuration, engine, logger)
        database = try Database(path: configuration.databasePath)
        let commits = try CommitSignal(path: configuration.databasePath)
        commits.observe(database.pool)
        keys = KeyStore(database: database, commits: commits)
        accounts = AccountStore(database: database)
        events = EventService(store: EventStore(database: database), commits: commits)
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
            limits: configuration.limits, logger: logger, metrics: metrics)
        agents = AgentService(
            AgentServices(
                boxes: store, prompts: PromptStore(database: database),
                providers: ProviderStore(database: database, sealer: sealer), repositories: repositories.store,
                engine: engine, silence: configuration.agentSilence), logger: logger)
        views = BoxViews(store: store, commits: commits)
    }

    func router() -> Router<BoxdContext> {
        let router = Router(context: BoxdContext.self)
        router.add(middleware: EnvelopeMiddleware(metrics: metrics))
        HealthRoutes(
            readiness: readiness, database: database,
            metrics: MetricsPage(metrics: metrics, boxes: boxes, database: database), keys: keys
        ).add(to: router)
        AgentRoutes().add(to: router)
        LoginRoutes(logins: LoginService(keys: keys)).add(to: router)
        let api = router.group(RouterPath(APIPath.prefix)).add(
            middleware: AuthenticationMiddleware(keys: keys, commits: events.commits))
        AccountRoutes(boxes: boxes, database: database).add(to: api)
        APIKeyRoutes(keys: keys).add(to: api)
        BoxRoutes(boxes: boxes, views: views).add(to: api)
        BoxActionRoutes(boxes: boxes).add(to: api)
        EventRoutes(boxes: boxes, events: events).add(to: api)
        CommandRoutes(guests: guests).add(to: api)
        FileRoutes(guests: guests).add(to: api)
        SecretRoutes(secrets: secrets, boxes: boxes).add(to: api)
        RepositoryRoutes(repositories: repositories).add(to: api)
        ProviderRoutes(providers: agents.services.providers).add(to: api)
        PromptRoutes(boxes: boxes, agents: agents, events: events.store).add(to: api)
        DesktopRoutes(boxes: boxes).add(to: api)
        return router
    }

    private func makeScratchDirectory() throws {
        let path = configuration.scratchDirectory
        try? FileManager.default.removeItem(atPath: path)
        guard mkdir(path, 0o700) == 0 else {
            throw StartupError("\(path) can't be made: \(String(cString: strerror(errno)))")
        }
    }

    /// Makes the host ready, takes up what the last boxd left, and serves until a signal asks it to stop. Then nobody new is let
    /// in, what is under way is finished, and what isn't by the end of the configuration's `stopTimeout` is cancelled.
    ///
    /// - Parameter onRunning: called once requests are answered.
    public func run(onRunning: @escaping @Sendable () async -> Void = {}) async throws {
        try makeScratchDirectory()
        try await engine.prepare()
        try await boxes.reconcile()
        try await agents.reconcile()
        var group = ServiceGroupConfiguration(
            services: [
                .init(service: application { _ in await onRunning() }),
                .init(service: Watch(boxes: boxes, accounts: accounts, logger: logger)),
                .init(service: StopNotice(readiness: readiness)),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = configuration.stopTimeout
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await ServiceGroup(configuration: group).run()) } catch {
            outcome = .failure(error)
        }
        // Also when serving failed, such as on a port that is taken: what was made ready for boxes goes again.
        await agents.settleForShutdown()
        await boxes.settleForShutdown()
        await engine.shutdown()
        do { try outcome.get() } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StartupError(
                "something else listens on \(configuration.host):\(configuration.port): stop it, or choose another --listen"
            )
        } catch is CancellationError {
            logger.warning("requests were cut off, because they took longer than boxd may take to stop")
        }
    }

    /// - Parameter onRunning: called with the port once connections are taken.
    func application(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) -> Application<RouterResponder<BoxdContext>> {
        Application(
            router: router(),
            server: .http1(configuration: configuration.connections.channel(metrics)),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: "boxd",
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.connections.maximum)),
            onServerRunning: { [readiness] channel in
                readiness.enter(.ready)
                await onRunning(channel.localAddress?.port ?? 0)
            },
            logger: logger)
    }
}
