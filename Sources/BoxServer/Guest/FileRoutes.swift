import BoxControl
import BoxEngine
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `/boxes/{id}/files`, a box's files as JSON, and `GET /boxes/{id}/artifacts`, a file's bytes.
struct FileRoutes {
    let guests: GuestService

    /// In bytes, of a file that is sent in JSON.
    static let maximumFileSize = 50_000_000
    /// In bytes: such a file in base64, and the rest of the body.
    static let maximumBodySize = maximumFileSize / 3 * 4 + (64 << 10)

    /// Limits an account's concurrent writes. Each file is in memory as a whole, more than once.
    private let writers = ConcurrencyLimit(slots: 4, queue: 128)

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes/:id/files", [.get: read, .put: write])
        router.route("/boxes/:id/artifacts", [.get: download])
    }

    private enum Encoding: String, CaseIterable { case utf8, base64 }

    private static func encoding(_ text: String?) throws -> Encoding {
        guard let text else { return .utf8 }
        guard let encoding = Encoding(rawValue: text) else {
            throw APIError(
                .invalidEncoding, "encoding \"\(text.prefix(32))\" is not valid: use utf8 or base64")
        }
        return encoding
    }

    private static func path(_ text: String?) throws -> String {
        guard let text, !text.isEmpty else {
            throw APIError(.invalidPath, "path is missing: name a file under /home/user or /tmp")
        }
        return text
    }

    @Sendable private func read(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let path = try Self.path(request.query("path", code: .invalidPath))
        let encoding = try Self.encoding(request.query("encoding", code: .invalidEncoding))
        let file = try await guests.openFile(
            path, of: context.boxID(), context.requireAccount(), limit: Self.maximumFileSize)
        let bytes: [UInt8]
        do { bytes = try await file.wholeContents() } catch let error as EngineError {
            throw APIError(.boxFailed, error.message)
        }
        return .success(
            "file.read",
            [
                "success": true, "path": .string(path), "encoding": .string(encoding.rawValue),
                "size": JSON(bytes.count), "content": .string(try Self.text(of: bytes, encoding)),
            ])
    }

    private static func text(of bytes: [UInt8], _ encoding: Encoding) throws -> String {
        if encoding == .base64 { return Base64.encode(bytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw APIError(
                .invalidEncoding, "the file is not UTF-8 text: read it with encoding=base64")
        }
        return text
    }

    @Sendable private func write(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (id, account) = (try context.boxID(), try context.requireAccount())
        // Checked before the body is read, which can be large.
        _ = try await guests.requireRunning(id, account)
        let slot: ConcurrencyLimit.Slot
        do { slot = try await writers.acquire(account.id) } catch is ConcurrencyLimit.QueueIsFull {
            throw APIError(
                .rateLimited,
                "\(writers.slots) files are being written already, and \(writers.queue) more wait: try again in a moment",
                retryAfter: 1)
        }
        defer { slot.release() }
        let body = try JSONBody(await context.bytes(of: request, limit: Self.maximumBodySize))
        let path = try Self.path(try body.string("path", code: .invalidPath))
        let encoding = try Self.encoding(try body.string("encoding", code: .invalidEncoding))
        guard let content = try body.string("content", code: .invalidContent) else {
            throw APIError(
                .invalidContent, "content is missing: send the file's text, or its bytes in base64")
        }
        let bytes = try Self.bytes(of: content, encoding)
        guard bytes.count <= Self.maximumFileSize else {
            throw APIError(
                .fileTooLarge,
                "the file has \(bytes.count) bytes; at most \(Self.maximumFileSize) are possible here: use scp")
        }
        try await guests.writeFile(path, bytes, in: id, account)
        return .success(
            "file.written",
            [
                "success": true, "path": .string(path), "encoding": .string(encoding.rawValue),
                "size": JSON(bytes.count),
            ])
    }

    private static func bytes(of content: String, _ encoding: Encoding) throws -> [UInt8] {
        if encoding == .utf8 { return Array(content.utf8) }
        guard let bytes = Base64.decode(content) else {
            throw APIError(.invalidContent, "content is not valid base64")
        }
        return bytes
    }

    @Sendable private func download(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let path = try Self.path(request.query("path", code: .invalidPath))
        let file = try await guests.openFile(path, of: context.boxID(), context.requireAccount(), limit: nil)
        let body = ResponseBody(contentLength: file.size) { writer in
            var sent = 0
            while let piece = try await file.next() {
                sent += piece.count
                try await writer.write(ByteBuffer(bytes: piece))
            }
            // The closed connection tells the client that the rest isn't coming.
            guard sent == file.size else { throw EngineError(.failed, "the file became shorter while it was read") }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/octet-stream", .cacheControl: "no-store"], body: body)
    }
}
