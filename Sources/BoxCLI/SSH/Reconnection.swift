import BoxClient
import BoxModel
import BoxSSH

/// Finds a box again after its connection was lost. It may have another address, or be deleted.
struct Reconnection {
    private let context: Context
    private let boxID: String
    private var hasConnected = false
    /// The start of the current connection.
    private var upSince: ContinuousClock.Instant?
    private var tries = 0
    /// The time since which a port in the box is refused.
    private var refusedSince: ContinuousClock.Instant?

    /// After a connection of at least this length, the pauses start from the shortest again.
    private static let stable = Duration.seconds(10)
    private static let longestPause = 30.0
    /// How long another process may hold a port in the box.
    private static let refusalLimit = Duration.seconds(60)

    init(_ context: Context, boxID: String) {
        self.context = context
        self.boxID = boxID
    }

    mutating func connected() {
        hasConnected = true
        refusedSince = nil
        upSince = .now
    }

    /// Whether a retry may succeed. A first connection that fails is an error immediately.
    func isWorthTrying(after error: SSHError) -> Bool {
        guard hasConnected else { return false }
        return switch error.kind {
        case .connectionLost, .connectionRefused, .timedOut, .unreachable, .protocolFailure: true
        // A port in the box: the lost connection's sshd holds it until it notices the end. Local ports are kept open.
        case .portUnavailable: ContinuousClock.now - (refusedSince ?? .now) < Self.refusalLimit
        default: false
        }
    }

    /// Records that the connection was lost, or that a retry failed. A retry that fails for the same reason isn't
    /// reported.
    mutating func lost(_ error: SSHError) throws {
        let isRefused = error.kind == .portUnavailable && refusedSince == nil
        guard upSince != nil || isRefused else { return }
        if isRefused { refusedSince = .now }
        if let upSince, ContinuousClock.now - upSince > Self.stable { tries = 0 }
        upSince = nil
        try context.emitter.event([
            "event": "reconnecting", "id": .string(boxID), "reason": .string(error.message),
        ])
        context.emitter.notice("\(Text.clean(error.message)). Connecting again")
    }

    /// The box's current address. It first pauses, longer each time, and continues while the API can't be reached.
    ///
    /// - Throws: when the box is stopped or deleted, or the API refuses.
    mutating func destination() async throws -> SSHDestination {
        while true {
            context.emitter.statusLine.show("connecting to \(boxID) again")
            try await context.dependencies.pause(nextPause())
            do {
                return try await context.sshDestination(ofArgument: boxID)
            } catch let error as Unconnected {
                switch error.cause {
                case BoxError.api(let failure) where failure.code == .notFound:
                    throw Unconnected(cause: BoxError.deletedWhileWaiting(id: boxID))
                case let cause as BoxError where cause.isTransient: continue
                default: throw error
                }
            }
        }
    }

    /// Doubles from a quarter of a second. It is randomly up to half shorter, so that clients don't reconnect all at
    /// once.
    private mutating func nextPause() -> Duration {
        let longest = min(0.25 * Double(1 << min(tries, 10)), Self.longestPause)
        tries += 1
        return .seconds(longest * Double.random(in: 0.5...1))
    }
}

extension BoxError {
    /// Whether the error is about reaching the server and not about the box.
    fileprivate var isTransient: Bool {
        switch self {
        case .network, .invalidResponse: true
        case .api(let failure): failure.status >= 500 || failure.status == 429
        default: false
        }
    }
}
