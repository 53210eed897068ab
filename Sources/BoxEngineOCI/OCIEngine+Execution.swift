import AsyncAlgorithms
import BoxEngine
import BoxModel

extension OCIEngine {
    /// For ending a command, and for getting its output out of the machine.
    private static let grace = Duration.seconds(30)
    private static let patience = Duration.seconds(120)

    public func run(_ command: MachineCommand, in id: String) async throws -> CommandOutcome {
        let script = Array(command.script.utf8)
        let request: JSON = [
            "operation": "run", "script": JSON(script.count), "cwd": JSON(command.workingDirectory),
            "timeout": JSON(command.timeout), "limit": JSON(command.outputLimit),
            "arguments": .array(command.arguments.map { .string($0) }),
            "environment": .object(JSONObject(command.environment.map { ($0.name, .string($0.value)) })),
        ]
        return try await call(id, timeout: .seconds(command.timeout) + Self.grace) { call in
            try await call.perform(request, payload: [.init(script)]) { try await CommandOutcome(reading: &$0) }
        }
    }

    public func writeFile(_ path: String, _ contents: FileSource, in id: String) async throws {
        let contents = try GuestPayload(contents)
        let request: JSON = ["operation": "write", "path": .string(path), "size": JSON(contents.size)]
        try await call(id, timeout: Self.patience) { call in
            _ = try await call.perform(request, payload: [contents]) { try await $0.header() }
        }
    }

    public func apply(_ change: FileChange, in id: String) async throws -> [String: String] {
        let request: JSON = [
            "operation": "apply", "remove": .array(change.removing.map { .string($0) }),
            "write": .array(
                change.writing.map {
                    ["path": .string($0.path), "size": JSON($0.contents.count), "mode": JSON($0.mode)]
                }),
        ]
        let header = try await call(id, timeout: Self.patience) { call in
            try await call.perform(request, payload: change.writing.map { GuestPayload($0.contents) }) {
                try await $0.header()
            }
        }
        var failures: [String: String] = [:]
        for (path, reason) in header["failures"]?.object?.members ?? [] { failures[path] = reason.string ?? "" }
        return failures
    }

    public func openFile(_ path: String, of id: String, limit: Int?) async throws -> OpenFile {
        var request: JSONObject = ["operation": "read", "path": .string(path)]
        if let limit { request["limit"] = JSON(limit) }
        let call = try guestCall(id, timeout: nil)
        let (pieces, size) = (AsyncThrowingChannel<[UInt8], any Error>(), AsyncThrowingChannel<Int, any Error>())
        let reading = Task { [request] in
            do {
                try await call.perform(.object(request)) { answer in
                    await size.send(try await answer.header()["size"]?.int ?? 0)
                    while let piece = try await answer.next() { await pieces.send(Array(piece)) }
                }
                pieces.finish()
            } catch {
                size.fail(error)
                pieces.fail(error)
            }
        }
        return try await withTaskCancellationHandler {
            do {
                for try await size in size {
                    let reader = PieceReader(pieces)
                    return OpenFile(size: size, next: { try await reader.next() }, close: { reading.cancel() })
                }
                throw CancellationError()
            } catch { throw endedMeanwhile(id) ?? error }
        } onCancel: {
            reading.cancel()
        }
    }

    private func call<Value: Sendable>(
        _ id: String, timeout: Duration, _ perform: (GuestCall) async throws -> Value
    ) async throws -> Value {
        let call = try guestCall(id, timeout: timeout)
        do { return try await perform(call) } catch let error as EngineError { throw endedMeanwhile(id) ?? error }
    }

    private func guestCall(_ id: String, timeout: Duration?) throws -> GuestCall {
        if let error = endedMeanwhile(id) { throw error }
        return GuestCall(runtime: runtime, id: id, timeout: timeout)
    }

    private func endedMeanwhile(_ id: String) -> EngineError? {
        processes[id]?.isAlive == true ? nil : EngineError(.machineNotRunning, "the box is not running")
    }
}

/// Makes a sequence of calls of an iterator.
private final class PieceReader: @unchecked Sendable {  // OpenFile lets in one caller at a time.
    private var iterator: AsyncThrowingChannel<[UInt8], any Error>.Iterator

    init(_ pieces: AsyncThrowingChannel<[UInt8], any Error>) { iterator = pieces.makeAsyncIterator() }

    func next() async throws -> [UInt8]? { try await iterator.next() }
}

extension CommandOutcome {
    init(reading answer: inout GuestAnswer) async throws {
        let header = try await answer.header()
        func moment(_ name: String) -> Timestamp {
            header[name]?.int.map { Timestamp(milliseconds: Int64($0)) } ?? .now
        }
        self.init(
            exitCode: header["exitCode"]?.int, workingDirectory: header["cwd"]?.string ?? "",
            startedAt: moment("startedAt"), finishedAt: moment("finishedAt"))
        signal = header["signal"]?.string
        timedOut = header["timedOut"]?.bool ?? false
        stdoutIsTruncated = header["stdoutTruncated"]?.bool ?? false
        stderrIsTruncated = header["stderrTruncated"]?.bool ?? false
        stdout = try await answer.bytes(header["stdout"]?.int ?? 0)
        stderr = try await answer.bytes(header["stderr"]?.int ?? 0)
    }
}
