import BoxClient
import BoxModel
import BoxSSH

/// Finds a box again after the connection to it was lost: it may have another address, or be gone.
struct Reconnection {
    private let context: Context
    private let boxID: String
    private var hasConnected = false
    /// Of the connection that is up.
    private var upSince: ContinuousClock.Instant?
    private var tries = 0
    /// Since when a port of the box is refused.
    private var refusedSince: ContinuousClock.Instant?

    /// A connection that lasted so long starts the pauses from the shortest again.
    private static let stable = Duration.seconds(10)
    private static let longestPause = 30.0
    /// So long a port of the box may be somebody else's.
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

    /// Whether another connection may do better. One that was never made is an error at once.
    func isWorthTrying(after error: SSHError) -> Bool {
        guard hasConnected else { return false }
        return switch error.kind {
        case .connectionLost, .connectionRefused, .timedOut, .unreachable, .protocolFailure: true
        // The box's, which the lost connection's sshd still has until it sees its end. Those of this machine are kept.
        case .portUnavailable: ContinuousClock.now - (refusedSince ?? .now) < Self.refusalLimit
        default: false
        }
    }

    /// The connection was lost, or another try failed, of which nobody needs to hear when it is for the first one's reason.
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

    /// Where the box is now. Waits a while first, longer each time, and goes on while the API can't be reached.
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

    /// Doubles from a quarter of a second, and is up to half shorter, so that many programs don't come at once.
    private mutating func nextPause() -> Duration {
        let longest = min(0.25 * Double(1 << min(tries, 10)), Self.longestPause)
        tries += 1
        return .seconds(longest * Double.random(in: 0.5...1))
    }
}

extension BoxError {
    /// Whether it says something about the way to the server and not about the box.
    fileprivate var isTransient: Bool {
        switch self {
        case .network, .invalidResponse: true
        case .api(let failure): failure.status >= 500 || failure.status == 429
        default: false
        }
    }
}
