import BoxModel

extension BoxClient {
    /// The time limit of a file. It is longer than for other calls, since a file is sent in one request.
    static let fileTimeout = Duration.seconds(300)
    /// In bytes. A longer text may grow more by its JSON escapes than by base64.
    private static let maximumText = 1 << 20
    /// The time limit of a file of any size. The transfer also fails when it stalls.
    static let transferTimeout = Duration.seconds(3600)

    /// Reads a small file of a running box. `GET /boxes/{id}/files`.
    ///
    /// The answer may have 64 MiB, and base64 enlarges a file by a third.
    ///
    /// - Parameters:
    ///   - path: relative to the work directory, like a leading `~/`, or absolute under it or `/tmp`.
    ///   - encoding: the encoding of the answer; `base64` transfers every byte unchanged.
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

    /// Writes a file of a running box, and creates missing parent directories. `PUT /boxes/{id}/files`.
    ///
    /// Short text is sent as text, everything else as base64. It is never repeated automatically.
    ///
    /// - Parameters:
    ///   - path: relative to the work directory, or absolute under it or `/tmp`.
    ///   - bytes: the whole contents, which replace the file. See ``writeFile(_:path:from:)`` for large files.
    /// - Throws: the errors of ``readFile(_:path:encoding:)``.
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

    /// Downloads a file of a box in pieces. `GET /boxes/{id}/artifacts`. The file is never held in memory as a whole.
    ///
    /// - Parameter onBytes: receives the bytes in order as they arrive. It may block. An error that it throws ends the
    ///   download and is rethrown.
    /// - Throws: the errors of ``readFile(_:path:encoding:)``. An interrupted download is retried only when no bytes
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
