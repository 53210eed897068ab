import BoxControl
import HummingbirdCore
import NIOCore

/// How long connections may stay, and how slow they may be. Working on a request takes as long as it takes: nothing here
/// counts while a request is complete and its answer hasn't begun.
public struct ConnectionLimits: Sendable, Equatable {
    /// Connections that are served at a time. Another one takes the place of one without a key, or waits to be accepted. Well below what
    /// a process may open, so that idle connections can't take the descriptors that boxes need.
    public var maximum = 400
    /// Of those, how many one address may have; loopback may have all.
    public var maximumPerAddress = 200
    /// Without a request.
    public var idle = Duration.seconds(60)
    /// From a request's first byte to the end of its head.
    public var head = Duration.seconds(15)
    /// How long a body may take before its rate counts, and how long it may pause.
    public var bodyGrace = Duration.seconds(30)
    public var bodyBytesPerSecond = 1024
    /// How long a client may leave an answer unread.
    public var unread = Duration.seconds(60)
    /// How long a body that was refused is read and dropped, so that the client gets to the answer, and how long it may pause meanwhile.
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
