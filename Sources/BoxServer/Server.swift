import BoxControl
import BoxEngine
import BoxModel
import BoxStore
import BoxSystem
import FoundationEssentials
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The configuration of a boxd.
public struct ServerConfiguration: Sendable {
    /// The directory of the database and the key file. Only root can read it.
    public var dataDirectory: String
    public var host: String
    public var port: Int
    public var limits = ServerLimits()
    public var connections = ConnectionLimits()
    /// The names by which clients may address the server.
    public var hostNames: HostNames
    /// In seconds: how long an agent may be silent before it is ended.
    public var agentSilence = 3600
    /// How long the processes of a stopping box have to end, unless the request sets it.
    public var stopGrace = Duration.seconds(10)
    /// How long running requests may take after the signal to stop.
    public var stopTimeout = Duration.seconds(30)

    /// How long a change of an account's secrets waits for its running boxes. Deliveries that aren't done by then
    /// continue.
    public var secretsTimeout = Duration.seconds(10)
    /// In bytes: the limit of one box's events. Above it, the oldest runs are removed.
    public var eventBytesPerBox = 256 << 20
    /// Whether to remove values that `secret.key` doesn't open, instead of refusing to start.
    public var forgetsSealed = false

    public init(dataDirectory: String, host: String, port: Int) {
        (self.dataDirectory, self.host, self.port) = (dataDirectory, host, port)
        hostNames = HostNames(listeningOn: host, names: [])
    }

    var files: DataDirectory { DataDirectory(dataDirectory) }
}

/// The HTTP server of the API, on one engine.
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
    let metrics: Metrics
    let connections: ConnectionTable
    let storage = StorageMonitor()
    let readiness = Readiness()
    let allowance = LogAllowance()
    var databasePath: String { configuration.files.database }

    public init(configuration: ServerConfiguration, engine: any MachineEngine, logger: Logger) throws {
        (self.configuration, self.engine, self.logger) = (configuration, engine, logger)
        metrics = Metrics()
        connections = ConnectionTable(configuration.connections, metrics: metrics)
        database = try Database(configuration.files)
        try database.requireWhole()
        database.makeRoom(with: { _ = await engine.checkStorage() })
        let commits = try CommitSignal(path: configuration.files.database)
        commits.observe(database.pool)
        keys = KeyStore(database: database, commits: commits)
        accounts = AccountStore(database: database)
        events = EventService(store: EventStore(database: database), commits: commits)
        let store = BoxRowStore(database: database)
        let sealer = try KeyCheck(database, keyFile: configuration.files.keyFile)
            .sealer(forgetsSealed: configuration.forgetsSealed)
        secrets = SecretStore(database: database, sealer: sealer)
        repositories = RepositoryService(
            store: RepositoryStore(database: database), github: GitHubStore(database: database, sealer: sealer),
            engine: engine, scratchDirectory: configuration.files.scratch)
        guests = GuestService(store: store, engine: engine, storage: storage)
        boxes = BoxService(
            store: store, engine: engine, storage: storage,
            setUp: BoxSetUp(secrets: secrets, repositories: repositories, sealer: sealer),
            limits: configuration.limits, stopGrace: configuration.stopGrace, logger: logger, metrics: metrics)
        agents = AgentService(
            AgentServices(
                boxes: store, prompts: PromptStore(database: database),
                providers: ProviderStore(database: database, sealer: sealer), repositories: repositories.store,
                engine: engine, silence: configuration.agentSilence), logger: logger)
        views = BoxViews(store: store, commits: commits)
    }

    func router() -> Router<BoxdContext> {
        let router = Router(context: BoxdContext.self)
        router.add(middleware: EnvelopeMiddleware(metrics: metrics, readiness: readiness, allowance: allowance))
        router.add(middleware: HostMiddleware(names: configuration.hostNames))
        HealthRoutes(
            readiness: readiness, storage: storage, database: database,
            metrics: MetricsPage(metrics: metrics, boxes: boxes), keys: keys
        ).add(to: router)
        AgentRoutes().add(to: router)
        LoginRoutes(logins: LoginService(keys: keys)).add(to: router)
        let api = router.group(RouterPath(APIPath.prefix)).add(
            middleware: AuthenticationMiddleware(keys: keys, commits: events.commits, connections: connections))
        AccountRoutes(boxes: boxes).add(to: api)
        APIKeyRoutes(keys: keys).add(to: api)
        BoxRoutes(boxes: boxes, views: views).add(to: api)
        BoxActionRoutes(boxes: boxes).add(to: api)
        EventRoutes(boxes: boxes, events: events).add(to: api)
        CommandRoutes(guests: guests).add(to: api)
        FileRoutes(guests: guests).add(to: api)
        SecretRoutes(secrets: secrets, boxes: boxes, timeout: configuration.secretsTimeout).add(to: api)
        RepositoryRoutes(repositories: repositories).add(to: api)
        ProviderRoutes(providers: agents.services.providers).add(to: api)
        PromptRoutes(boxes: boxes, agents: agents, events: events.store).add(to: api)
        DesktopRoutes(boxes: boxes).add(to: api)
        return router
    }

    private func makeScratchDirectory() throws {
        let path = configuration.files.scratch
        try? FileManager.default.removeItem(atPath: path)
        guard mkdir(path, 0o700) == 0 else {
            throw StartupError("\(path) can't be made: \(errnoText())")
        }
    }

    private var watch: Watch {
        let upkeep = DatabaseUpkeep(database: database, eventLimit: configuration.eventBytesPerBox, logger: logger)
        return Watch(boxes: boxes, accounts: accounts, database: upkeep, allowance: allowance, logger: logger)
    }

    private func makeDatabaseShrinkable() async {
        do {
            if try await database.makeShrinkable() { logger.info("the database can give free space back from now on") }
        } catch {
            logger.warning("the database can't give free space back yet", metadata: ["error": "\(error)"])
        }
    }

    /// Prepares the host, resumes what the last boxd left, and serves until a signal. Then no new connections are
    /// accepted and running requests finish. Requests that exceed the configuration's `stopTimeout` are cancelled.
    ///
    /// - Parameter onRunning: called once requests are served.
    public func run(onRunning: @escaping @Sendable () async -> Void = {}) async throws {
        try makeScratchDirectory()
        await makeDatabaseShrinkable()
        try await engine.prepare()
        try await boxes.reconcile()
        try await agents.reconcile()
        var group = ServiceGroupConfiguration(
            services: [
                .init(service: application { _ in await onRunning() }),
                .init(service: watch),
                .init(service: StopNotice(readiness: readiness)),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = configuration.stopTimeout
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await ServiceGroup(configuration: group).run()) } catch {
            outcome = .failure(error)
        }
        // Also after a failure to serve, such as a port in use: the preparations for boxes are undone.
        await agents.settleForShutdown()
        await boxes.settleForShutdown()
        await engine.shutdown()
        try? await database.emptyLog()
        do { try outcome.get() } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StartupError(
                "something else listens on \(configuration.host):\(configuration.port): stop it, or choose another --listen"
            )
        } catch is CancellationError {
            logger.warning("requests were cut off, because they took longer than boxd may take to stop")
        }
    }

    /// - Parameter onRunning: called with the port once connections are accepted.
    func application(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) -> Application<RouterResponder<BoxdContext>> {
        Application(
            router: router(),
            server: .http1(configuration: configuration.connections.channel(connections, metrics)),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: "boxd",
                availableConnectionsDelegate: ConnectionAdmission(table: connections)),
            onServerRunning: { [readiness] channel in
                readiness.set(.ready)
                await onRunning(channel.localAddress?.port ?? 0)
            },
            logger: logger)
    }
}
