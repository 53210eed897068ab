import BoxModel

extension BoxClient {
    /// Writes a file of a running box from a local file, and creates missing parent directories. `PUT
    /// /boxes/{id}/files`.
    ///
    /// The file is read while it is sent, in base64, and never held in memory as a whole. It is never repeated
    /// automatically.
    ///
    /// - Parameters:
    ///   - path: in the box; relative to the work directory, or absolute under it or `/tmp`.
    ///   - file: the path of a local regular file. It must not change until it is sent.
    /// - Throws: ``FileError`` when the file can't be read, ``BoxError/fileChanged(path:)``, and the errors of
    ///   ``readFile(_:path:encoding:)``.
    public func writeFile(_ id: String, path: String, from file: String) async throws -> WrittenFile {
        guard let file = try UploadFile(path: file) else { throw BoxError.notRegularFile(path: file) }
        return try await writeFile(id, path: path, file: file)
    }

    /// Does the same from an open file. See ``writeFile(_:path:from:)``.
    public func writeFile(_ id: String, path: String, file: UploadFile) async throws -> WrittenFile {
        var call = APICall(
            method: .put, path: APIPath.box(id, "files"), timeout: Self.transferTimeout, waitsWhenBusy: true)
        call.upload = HTTPUpload(
            file, before: #"{"path":\#(JSON.string(HomePath.relative(path)).compact),"content":""#,
            after: #"","encoding":"base64"}"#)
        // The server may still be writing the file after it has received all of it.
        call.stallTimeout = max(configuration.timeout, Self.fileTimeout)
        return WrittenFile(json: try await send(call))
    }

    /// Downloads a file of a box to a local file. `GET /boxes/{id}/artifacts`.
    ///
    /// It is written under a temporary name beside the target, and renamed when all of it has arrived. An interrupted
    /// download leaves nothing.
    ///
    /// - Parameters:
    ///   - path: in the box; relative to the work directory, or absolute under it or `/tmp`.
    ///   - file: a local path in an existing directory. An existing file is replaced; a device is written to.
    ///   - onProgress: called with the number of bytes that have arrived so far.
    /// - Returns: the size in bytes.
    /// - Throws: ``FileError`` when the file can't be written, and the errors of ``artifact(_:path:onBytes:)``.
    @discardableResult
    public func downloadArtifact(
        _ id: String, path: String, to file: String, onProgress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws -> Int64 {
        let target = try FileReplacement(file, mode: 0o644)
        // Discard it now, and not when the transport releases it.
        defer { target.discard() }
        try await artifact(id, path: path) { bytes in
            try target.write(bytes)
            onProgress(target.size)
        }
        try target.commit()
        return target.size
    }
}
