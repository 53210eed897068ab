import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Handles unread request bodies. It sends `100 Continue` when a route begins to read (RFC 9110, 10.1.1). It closes the
/// connection after a response that came before the body's end.
///
/// Such a close has two steps (RFC 9112, 9.6): the sending side is closed, then received data is dropped for a while.
/// Closing at once with unread data makes the kernel send a reset, which can destroy the response before the client has
/// read it.
///
/// All of it runs on the connection's event loop.
final class UnreadBodyHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The event that a route fires when it begins to read a body.
    struct BodyIsRead: Sendable {}

    /// The part of the request's body that hasn't been received.
    private enum Incoming {
        case nothing
        /// `left` is in bytes, nil for a body without a length. With `expectsContinue` the client sends nothing before
        /// a `100 Continue`.
        case body(left: Int?, expectsContinue: Bool)
    }

    private enum State {
        case open
        /// The response's head says that the connection closes.
        case closing
        /// The response is written. Received data is dropped.
        case draining(bytes: Int)
    }

    private let limits: ConnectionLimits
    private var incoming = Incoming.nothing
    private var state = State.open
    private var timer: Scheduled<Void>?

    init(_ limits: ConnectionLimits) { self.limits = limits }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let head):
            incoming = .body(
                left: head.headerFields[.contentLength].flatMap { Int($0) },
                expectsContinue: head.headerFields[.expect]?.lowercased() == "100-continue")
        case .body(let buffer):
            if case .body(let left, _) = incoming {
                incoming = .body(left: left.map { $0 - buffer.readableBytes }, expectsContinue: false)
            }
        case .end: incoming = .nothing
        }
        guard case .draining(let bytes) = state else { return context.fireChannelRead(data) }
        switch part {
        // The closed connection tells the client that its next request wasn't processed.
        case .head, .end: context.close(promise: nil)
        case .body(let buffer): state = .draining(bytes: bytes + buffer.readableBytes)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // No other handler requests further reads.
        if case .draining = state { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .draining = state {
            if event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed {
                return context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: To the client

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyIsRead else { return context.triggerUserOutboundEvent(event, promise: promise) }
        if case .body(let left, true) = incoming, case .open = state {
            incoming = .body(left: left, expectsContinue: false)
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        promise?.succeed()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch (unwrapOutboundIn(data), state) {
        case (.head(var head), .open) where hasTooMuchLeft:
            state = .closing
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case (.end, .closing):
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenComplete { [weak self] _ in self?.drain(context) }
            context.writeAndFlush(data, promise: written)
        default: context.write(data, promise: promise)
        }
    }

    /// Whether the connection must close, because reading the rest of the body to reuse it would take too long.
    private var hasTooMuchLeft: Bool {
        switch incoming {
        case .nothing: false
        // The client may or may not send the body after the response, so the next bytes can't be interpreted.
        case .body(_, expectsContinue: true): true
        case .body(let left, _): left.map { $0 > Self.worthReading } ?? true
        }
    }

    private static let worthReading = 64 << 10

    private func drain(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        guard case .body = incoming else { return context.close(promise: nil) }
        state = .draining(bytes: 0)
        context.close(mode: .output, promise: nil)
        context.read()
        watchDrain(context, seen: -1, until: .now + limits.drain)
    }

    /// Closes when the time has passed, or when the client pauses for too long.
    private func watchDrain(_ context: ChannelHandlerContext, seen: Int, until end: ContinuousClock.Instant) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.drainPause)) { [weak self] in
            guard let self, case .draining(let bytes) = state else { return }
            guard bytes != seen, .now < end else { return context.close(promise: nil) }
            watchDrain(context, seen: bytes, until: end)
        }
    }
}
