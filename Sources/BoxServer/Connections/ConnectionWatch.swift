import BoxControl
import BoxModel
import BoxStore
import Glibc
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Ends connections whose client is too slow or gone. Hummingbird's own idle timeout only ends connections without a
/// request.
///
/// It comes after the HTTP decoder in the pipeline. Timers run only while boxd waits for the client, so a quick request
/// needs none. All of it runs on the connection's event loop.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How much of a request has been received.
    private enum Incoming {
        /// No decoded part. A head may have begun.
        case nothing
        case body(BodyPace)
    }

    private let limits: ConnectionLimits
    private let table: ConnectionTable
    private let metrics: Metrics
    private var incoming = Incoming.nothing
    /// Requests whose response isn't written yet.
    private var unanswered = 0
    private var hasBegunAnswer = false
    /// Whether the current read gave a decoded part.
    private var hasDecoded = false
    /// Whether a read from the client is pending. There is none while enough received data waits to be processed.
    private var isReading = false
    private var headTimer: Scheduled<Void>?
    private var bodyTimer: Scheduled<Void>?
    private var unreadTimer: Scheduled<Void>?

    init(limits: ConnectionLimits, table: ConnectionTable, metrics: Metrics) {
        (self.limits, self.table, self.metrics) = (limits, table, metrics)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        metrics.connectionOpened()
        let address = ConnectionTable.key(ofAddress: channel.remoteAddress?.ipAddress)
        table.open(ObjectIdentifier(channel), address: address) { channel.close(promise: nil) }
        // This comes after `open`, because the future of a closed channel completes at once.
        channel.closeFuture.whenComplete { [metrics, table, id = ObjectIdentifier(channel)] _ in
            metrics.connectionClosed()
            table.close(id)
        }
        Self.keepAlive(channel)
        watchTarget(context)
    }

    /// Hummingbird has no way to add a handler before its codec.
    private func watchTarget(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        guard let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) else { return }
        try? pipeline.addHandler(RequestTargetHandler(), position: .before(codec))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        for timer in [headTimer, bodyTimer, unreadTimer] { timer?.cancel() }
    }

    /// Turns on TCP keepalive, because a client whose machine is gone sends nothing. The kernel probes after a minute,
    /// then four times within another.
    private static func keepAlive(_ channel: any Channel) {
        guard let options = channel.syncOptions else { return }
        try? options.setOption(.socketOption(.so_keepalive), value: 1)
        for (name, value) in [(TCP_KEEPIDLE, 60), (TCP_KEEPINTVL, 15), (TCP_KEEPCNT, 4)] {
            try? options.setOption(.tcpOption(.init(rawValue: name)), value: SocketOptionValue(value))
        }
    }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasDecoded = true
        switch unwrapInboundIn(data) {
        case .head(let head):
            table.beginRequest(
                ObjectIdentifier(context.channel), showsKey: head.headerFields[.authorization] != nil)
            headTimer?.cancel()
            headTimer = nil
            unanswered += 1
            hasBegunAnswer = false
            incoming = .body(BodyPace(limits))
        case .body(let buffer):
            if case .body(var pace) = incoming {
                pace.add(buffer.readableBytes)
                incoming = .body(pace)
            }
        case .end:
            bodyTimer?.cancel()
            bodyTimer = nil
            incoming = .nothing
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        switch incoming {
        case .nothing:
            // Bytes without a decoded part mean that a head has begun. While a request is processed, the next one's
            // head has no timeout.
            if !hasDecoded, unanswered == 0, headTimer == nil {
                headTimer = schedule(context, limits.head) { $0.headIsLate($1) }
            }
        case .body(let pace):
            if bodyTimer == nil { watchBody(context, until: pace.deadline) }
        }
        hasDecoded = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        isReading = true
        context.read()
    }

    private func headIsLate(_ context: ChannelHandlerContext) {
        headTimer = nil
        context.close(promise: nil)
    }

    private func watchBody(_ context: ChannelHandlerContext, until deadline: ContinuousClock.Instant) {
        bodyTimer = schedule(context, deadline - .now) { $0.bodyMayBeLate($1) }
    }

    private func bodyMayBeLate(_ context: ChannelHandlerContext) {
        bodyTimer = nil
        guard case .body(var pace) = incoming else { return }
        // It isn't the client's fault: received data or an earlier request isn't processed yet.
        if !isReading || unanswered > 1 {
            pace = BodyPace(limits)
            incoming = .body(pace)
        }
        guard pace.deadline <= .now else { return watchBody(context, until: pace.deadline) }
        guard unanswered == 1, !hasBegunAnswer else { return context.close(promise: nil) }
        refuse(context)
    }

    /// Writes an error response in place of the route's, and closes the connection.
    private func refuse(_ context: ChannelHandlerContext) {
        hasBegunAnswer = true
        let id = RequestID.make()
        let error = APIError(
            .requestTimeout,
            "the request's body came too slowly: send at least \(limits.bodyBytesPerSecond) bytes a second")
        let body = ByteBuffer(bytes: error.json(requestID: id).compactBytes)
        let head = HTTPResponse(
            status: .requestTimeout,
            headerFields: [
                .contentType: "application/json; charset=utf-8", .contentLength: "\(body.readableBytes)",
                .connection: "close", .requestID: id,
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        let channel = context.channel
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
    }

    // MARK: To the client

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        // The client was only now asked for the body (100 Continue).
        case .head(let head) where head.status.kind == .informational: incoming = .body(BodyPace(limits))
        case .head: hasBegunAnswer = true
        case .body: break
        case .end:
            unanswered -= 1
            if unanswered == 0 { table.endRequest(ObjectIdentifier(context.channel)) }
            hasBegunAnswer = false
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            unreadTimer?.cancel()
            unreadTimer = nil
        } else if unreadTimer == nil {
            watchReader(context, Unread(bytes: Self.unreadBytes(context), since: .now))
        }
        context.fireChannelWritabilityChanged()
    }

    /// The bytes that a client hasn't read, and since when it has read none of them.
    private struct Unread {
        var bytes: Int
        var since: ContinuousClock.Instant
    }

    private static func unreadBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    private func watchReader(_ context: ChannelHandlerContext, _ unread: Unread) {
        unreadTimer = schedule(context, limits.unread / 4) { watch, context in
            watch.unreadTimer = nil
            let bytes = Self.unreadBytes(context)
            let now = ContinuousClock.now
            if bytes == unread.bytes, now - unread.since >= watch.limits.unread { return context.close(promise: nil) }
            watch.watchReader(context, bytes == unread.bytes ? unread : Unread(bytes: bytes, since: now))
        }
    }

    // MARK: Timers

    private func schedule(
        _ context: ChannelHandlerContext, _ delay: Duration,
        _ work: @escaping (ConnectionWatch, ChannelHandlerContext) -> Void
    ) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
            guard let self, context.channel.isActive else { return }
            work(self, context)
        }
    }
}

/// The rate of a request's body.
private struct BodyPace {
    private let limits: ConnectionLimits
    private let began = ContinuousClock.now
    private var last = ContinuousClock.now
    private var bytes = 0

    init(_ limits: ConnectionLimits) { self.limits = limits }

    mutating func add(_ count: Int) {
        bytes += count
        last = .now
    }

    /// When the body counts as too slow, unless more arrives before.
    var deadline: ContinuousClock.Instant {
        let earned = Duration.seconds(Double(bytes) / Double(limits.bodyBytesPerSecond))
        return min(began + limits.bodyGrace + earned, last + limits.bodyGrace)
    }
}
