import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOPosix
import Synchronization

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// An HTTP client for a server on this machine. Connections are reused, and each has one request at a time.
final class TestClient: Sendable {
    let port: Int
    private let idle = Mutex<[any Channel]>([])

    init(port: Int) { self.port = port }

    func close() {
        for channel in idle.withLock({ $0 }) { channel.close(promise: nil) }
    }

    func send(
        _ method: HTTPRequest.Method, _ uri: String, _ fields: HTTPFields, _ body: ByteBuffer?
    ) async throws -> Answer {
        var fields = fields
        if let body { fields[.contentLength] = String(body.readableBytes) }
        let request = HTTPRequest(
            method: method, scheme: "http", authority: "localhost", path: uri, headerFields: fields)
        let idle = kept()
        let channel = if let idle { idle } else { try await connect() }
        let answered = channel.eventLoop.makePromise(of: Answer.self)
        let exchange = Exchange(request: request, body: body, answered: answered)
        channel.writeAndFlush(exchange).cascadeFailure(to: answered)
        return try await withTaskCancellationHandler {
            let answer = try await answered.futureResult.get()
            if answer.header("Connection") != "close" { self.idle.withLock { $0.append(channel) } }
            return answer
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private func kept() -> (any Channel)? {
        idle.withLock { channels in
            while let channel = channels.popLast() {
                if channel.isActive { return channel }
            }
            return nil
        }
    }

    private func connect() async throws -> any Channel {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandlers(HTTP1ToHTTPClientCodec(), Exchanger())
                }
            }.connect(host: "127.0.0.1", port: port).get()
    }
}

private struct Exchange: Sendable {
    let request: HTTPRequest
    let body: ByteBuffer?
    let answered: EventLoopPromise<Answer>
}

/// Sends a request and collects its response.
private final class Exchanger: ChannelDuplexHandler {
    typealias InboundIn = HTTPResponsePart
    typealias OutboundIn = Exchange
    typealias OutboundOut = HTTPRequestPart

    private var answered: EventLoopPromise<Answer>?
    private var head: HTTPResponse?
    private var body = ByteBuffer()

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        answered = exchange.answered
        context.write(wrapOutboundOut(.head(exchange.request)), promise: nil)
        if let body = exchange.body { context.write(wrapOutboundOut(.body(body)), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head.status.kind == .informational ? nil : head
        case .body(let part): body.writeImmutableBuffer(part)
        case .end:
            guard let head else { return }
            answered?.succeed(Answer(head, body))
            (answered, self.head, body) = (nil, nil, ByteBuffer())
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(context, error) }
    func channelInactive(context: ChannelHandlerContext) { end(context, ChannelError.eof) }

    private func end(_ context: ChannelHandlerContext, _ error: any Error) {
        answered?.fail(error)
        answered = nil
        context.close(promise: nil)
    }
}
