import BoxModel

extension BoxClient {
    /// How long a file may take. Files are in one request, so it is longer than for others.
    static let fileTimeout = Duration.seconds(300)
    /// In bytes: longer text may grow more by its escapes than base64 does.
    private static let maximumText = 1 << 20
    /// How long a file of any size may take as a whole. It also fails when nothing moves for a while.
    static let transferTimeout = Duration.seconds(3600)

    /// Reads a file of a running box. `GET /boxes/{id}/files`. For small files: the answer may have 64 MiB, and base64
    /// makes a third more of a file.
    ///
    /// - Parameters:
    ///   - path: relative to the work directory, which a leading `~/` means too, or absolute under it or `/tmp`.
    ///   - encoding: how it is sent; with `base64` every byte arrives as it is.
    /// - Throws: ``BoxError/api(_:)`` with `file_not_found`, `invalid_path`, `machine_not_running` or `box_starting`.
    public func readFile(
        _ id: String, path: String, encoding: FileEncoding = .base64
    ) async throws -> FileContents {
        let call = APICall(
            method: .get, path: APIPath.box(id, "files"),
            query: [("path", HomePath.relative(path)), ("encoding", encoding.rawValue)],
            timeout: Self.fileTimeout, waitsWhenBusy: true)
        let json = try await send(call)
        guard let contents = FileContents(json: json) else { throw unexpectedShape("its content can't be read") }
        return contents
    }

    /// Writes a file of a running box, and the directories above it. `PUT /boxes/{id}/files`. Short text is sent as
    /// text, everything else as base64. Never repeated by itself.
    ///
    /// - Parameters:
    ///   - path: relative to the work directory, or absolute under it or `/tmp`.
    ///   - bytes: all of the file, which is replaced. See ``writeFile(_:path:from:)`` for large ones.
    /// - Throws: as ``readFile(_:path:encoding:)``.
    public func writeFile(_ id: String, path: String, bytes: [UInt8]) async throws -> WrittenFile {
        let text = bytes.count <= Self.maximumText ? String(validating: bytes, as: UTF8.self) : nil
        let encoding = text == nil ? FileEncoding.base64 : .utf8
        let body: JSON = [
            "path": .string(HomePath.relative(path)), "content": .string(text ?? Base64.encode(bytes)),
            "encoding": .string(encoding.rawValue),
        ]
        let call = APICall(
            method: .put, path: APIPath.box(id, "files"), body: body, timeout: Self.fileTimeout, waitsWhenBusy: true)
        return WrittenFile(json: try await send(call))
    }

    /// Downloads a file of a box. `GET /boxes/{id}/artifacts`. It is never held as a whole.
    ///
    /// - Parameter onBytes: gets the bytes in order as they arrive. It may block; what it throws ends the download and
    ///   is thrown on.
    /// - Throws: as ``readFile(_:path:encoding:)``. A download that breaks off is only tried again when none of it
    ///   had arrived.
    public func artifact(
        _ id: String, path: String, onBytes: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        try await send(artifactCall(id, path), onBody: onBytes)
    }

    /// Downloads a file of a box, at most 64 MiB, into memory. See ``artifact(_:path:onBytes:)`` for larger ones.
    public func artifact(_ id: String, path: String) async throws -> [UInt8] {
        let collector = ByteCollector(maximum: HTTPRequest.standardMaximumResponseSize)
        try await artifact(id, path: path) { try collector.add($0) }
        return collector.bytes
    }

    private func artifactCall(_ id: String, _ path: String) -> APICall {
        APICall(
            method: .get, path: APIPath.box(id, "artifacts"), query: [("path", HomePath.relative(path))],
            timeout: Self.transferTimeout, waitsWhenBusy: true)
    }
}
