import BoxEngine
import BoxModel

extension OCIEngine {
    /// How long a command may take to end, and its output to arrive, after its own time limit.
    private static let grace = Duration.seconds(30)
    static let guestTimeout = Duration.seconds(60)

    public func run(_ command: MachineCommand, in id: String) async throws -> CommandOutcome {
        let script = Array(command.script.utf8)
        let request: JSON = [
            "operation": "run", "script": JSON(script.count), "cwd": JSON(command.workingDirectory),
            "timeout": JSON(command.timeout), "limit": JSON(command.outputLimit),
            "arguments": .array(command.arguments.map { .string($0) }),
            "environment": .object(JSONObject(command.environment.map { ($0.name, .string($0.value)) })),
        ]
        return try await call(id, timeout: .seconds(command.timeout) + Self.grace) { call in
            try await call.perform(request, payload: [.init(script)]) {
                try await CommandOutcome(reading: &$0, limit: command.outputLimit)
            }
        }
    }

    public func writeFile(_ path: String, _ contents: FileSource, in id: String) async throws {
        let contents = try GuestPayload(contents)
        let request: JSON = ["operation": "write", "path": .string(path), "size": JSON(contents.size)]
        try await call(id, timeout: Self.guestTimeout) { call in
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
        let header = try await call(id, timeout: Self.guestTimeout) { call in
            try await call.perform(request, payload: change.writing.map { GuestPayload($0.contents) }) {
                try await $0.header()
            }
        }
        var failures: [String: String] = [:]
        for (path, reason) in header["failures"]?.object?.members ?? [] {
            failures[path] = String((reason.string ?? "").prefix(300))
        }
        return failures
    }

    public func openFile(_ path: String, of id: String, limit: Int?) async throws -> OpenFile {
        var request: JSONObject = ["operation": "read", "path": .string(path)]
        if let limit { request["limit"] = JSON(limit) }
        let reading = GuestReading(
            try guestCall(id, timeout: nil), .object(request), limit: limit, timeout: Self.guestTimeout)
        do {
            let size = try await reading.size()
            return OpenFile(size: size, next: { try await reading.next() }, close: { reading.cancel() })
        } catch {
            reading.cancel()
            throw endedMeanwhile(id) ?? error
        }
    }

    func call<Value: Sendable>(
        _ id: String, timeout: Duration?, _ perform: (GuestCall) async throws -> Value
    ) async throws -> Value {
        let call = try guestCall(id, timeout: timeout)
        do { return try await perform(call) } catch let error as EngineError { throw endedMeanwhile(id) ?? error }
    }

    private func guestCall(_ id: String, timeout: Duration?) throws -> GuestCall {
        if let error = endedMeanwhile(id) { throw error }
        return GuestCall(
            runtime: runtime, id: id, timeout: timeout, freezes: processes[id]?.freezes ?? FreezeClock())
    }

    private func endedMeanwhile(_ id: String) -> EngineError? {
        processes[id]?.isAlive == true ? nil : EngineError(.machineNotRunning, "the box is not running")
    }
}

extension CommandOutcome {
    /// - Parameter limit: of each output, in bytes. The machine may send anything, so it isn't trusted to keep to it.
    init(reading answer: inout GuestAnswer, limit: Int) async throws {
        let header = try await answer.header()
        guard let exitCode = header["exitCode"]?.int else { throw GuestAnswer.IsMissing() }
        func moment(_ name: String) -> Timestamp {
            header[name]?.int.map { Timestamp(milliseconds: Int64($0)) } ?? .now
        }
        self.init(
            exitCode: exitCode, workingDirectory: String((header["cwd"]?.string ?? "").prefix(4096)),
            startedAt: moment("startedAt"), finishedAt: moment("finishedAt"))
        signal = header["signal"]?.string
        timedOut = header["timedOut"]?.bool ?? false
        stdoutIsTruncated = header["stdoutTruncated"]?.bool ?? false
        stderrIsTruncated = header["stderrTruncated"]?.bool ?? false
        stdout = try await answer.bytes(min(header["stdout"]?.int ?? 0, limit))
        stderr = try await answer.bytes(min(header["stderr"]?.int ?? 0, limit))
    }
}
