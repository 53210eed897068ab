import BoxControl
import HummingbirdCore
import NIOCore

/// The timeouts and limits of connections. None of them limits the work on a request: nothing is measured between a
/// complete request and the start of its response.
public struct ConnectionLimits: Sendable, Equatable {
    /// The largest number of open connections. A further one replaces one without a key, or waits to be accepted. It is
    /// well below a process's limit of descriptors, so that idle connections can't use up those that boxes need.
    public var maximum = 400
    /// How many of these one address may have. Loopback has no limit of its own.
    public var maximumPerAddress = 200
    /// How long a connection may be open without a request.
    public var idle = Duration.seconds(60)
    /// The time from a request's first byte to the end of its head.
    public var head = Duration.seconds(15)
    /// The time before a body's rate is checked, and the longest pause within a body.
    public var bodyGrace = Duration.seconds(30)
    public var bodyBytesPerSecond = 1024
    /// How long a client may leave a response unread.
    public var unread = Duration.seconds(60)
    /// How long a refused body is read and dropped, so that the client can read the response, and the longest pause
    /// within that.
    public var drain = Duration.seconds(30)
    public var drainPause = Duration.seconds(5)

    public init() {}

    func channel(_ table: ConnectionTable, _ metrics: Metrics) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionWatch(limits: self, table: table, metrics: metrics), UnreadBodyHandler(self),
            ],
            idleTimeout: TimeAmount(idle))
    }
}
