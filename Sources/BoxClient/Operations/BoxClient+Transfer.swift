import BoxModel

extension BoxClient {
    /// Writes a file of a running box, and the directories above it, from a file of this machine. `PUT /boxes/{id}/files`. It is
    /// read while it is sent and never held as a whole, in base64. Never repeated by itself.
    ///
    /// - Parameters:
    ///   - path: in the box; relative to the work directory, or absolute under it or `/tmp`.
    ///   - file: a path of a regular file here. It must stay as it is until it is sent.
    /// - Throws: ``FileError`` when the file can't be read, ``BoxError/fileChanged(path:)``, and what
    ///   ``readFile(_:path:encoding:)`` throws.
    public func writeFile(_ id: String, path: String, from file: String) async throws -> WrittenFile {
        guard let file = try UploadFile(path: file) else { throw BoxError.notRegularFile(path: file) }
        return try await writeFile(id, path: path, file: file)
    }

    /// The same from a file that is open. See ``writeFile(_:path:from:)``.
    public func writeFile(_ id: String, path: String, file: UploadFile) async throws -> WrittenFile {
        var call = APICall(
            method: .put, path: APIPath.box(id, "files"), timeout: Self.transferTimeout, waitsWhenBusy: true)
        call.upload = HTTPUpload(
            file, before: #"{"path":\#(JSON.string(HomePath.relative(path)).compact),"content":""#,
            after: #"","encoding":"base64"}"#)
        // The server may be writing the file with all of it received.
        call.stallTimeout = max(configuration.timeout, Self.fileTimeout)
        return WrittenFile(json: try await send(call))
    }

    /// Downloads a file of a box to a file of this machine. `GET /boxes/{id}/artifacts`. It is written under a temporary
    /// name beside the target, and takes its place when all of it has arrived: a download that breaks off leaves nothing.
    ///
    /// - Parameters:
    ///   - path: in the box; relative to the work directory, or absolute under it or `/tmp`.
    ///   - file: a path here, in a directory that exists. What is there is replaced; a device is written to.
    ///   - onProgress: told how many bytes have arrived, as they do.
    /// - Returns: the size in bytes.
    /// - Throws: ``FileError`` when the file can't be written, and what ``artifact(_:path:onBytes:)`` throws.
    @discardableResult
    public func downloadArtifact(
        _ id: String, path: String, to file: String, onProgress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws -> Int64 {
        let target = try FileReplacement(file, mode: 0o644)
        // Now, and not when the transport lets go of it.
        defer { target.discard() }
        try await artifact(id, path: path) { bytes in
            try target.write(bytes)
            onProgress(target.size)
        }
        try target.commit()
        return target.size
    }
}
