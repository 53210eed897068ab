import BoxModel

extension BoxClient {
    /// Reads a text file of a running box. See ``readFile(_:path:encoding:)``.
    ///
    /// - Throws: ``BoxError/notText(path:)`` when it isn't UTF-8, and what ``readFile(_:path:encoding:)`` throws.
    public func readText(_ id: String, path: String) async throws -> String {
        // As base64, because a server that sends other bytes as text must replace some.
        guard let text = try await readFile(id, path: path, encoding: .base64).text else {
            throw BoxError.notText(path: path)
        }
        return text
    }

    /// Writes a text file of a running box. See ``writeFile(_:path:bytes:)``.
    public func writeText(_ id: String, path: String, _ text: String) async throws -> WrittenFile {
        try await writeFile(id, path: path, bytes: Array(text.utf8))
    }

    /// Does the same as ``command(_:_:cwd:timeoutSeconds:)``, under the name of the other SDKs' helper.
    public func execCommand(
        _ id: String, _ command: String, cwd: String? = nil, timeoutSeconds: Int? = nil
    ) async throws -> CommandResult {
        try await self.command(id, command, cwd: cwd, timeoutSeconds: timeoutSeconds)
    }

    /// Stops a box, waits until it is stopped, and deletes it. For the end of a program: a deleted box is no error.
    ///
    /// - Parameters:
    ///   - delete: false keeps the stopped box and its disk.
    ///   - timeout: the time limit of the stop, two minutes by default. With `delete`, it is deleted even if that fails.
    /// - Returns: nil when nothing was deleted.
    /// - Throws: the errors of ``stop(_:force:timeoutSeconds:)``, ``waitUntilStopped(_:from:timeout:onState:)`` and
    ///   ``remove(_:tracked:)``.
    @discardableResult
    public func stopAndRemove(
        _ id: String, delete: Bool = true, timeout: Duration = .seconds(120)
    ) async throws -> DeletedBox? {
        do {
            let action = try await stop(id)
            _ = try await waitUntilStopped(id, from: action.box, timeout: timeout)
        } catch BoxError.api(let failure) where failure.code == .notFound {
            return nil
        } catch BoxError.deletedWhileWaiting {
            return nil
        } catch let error as BoxError where delete && error.leavesDeletion {
            // The deletion below also ends the machine.
        }
        guard delete else { return nil }
        do {
            return try await remove(id)
        } catch BoxError.api(let failure) where failure.code == .notFound {
            return nil
        }
    }
}

extension BoxError {
    /// Whether the box may still be deleted after stopping it failed with this error.
    fileprivate var leavesDeletion: Bool {
        switch self {
        case .waitTimedOut, .unexpectedState: true
        case .api(let failure): failure.status != 401 && failure.status != 403
        default: false
        }
    }
}
