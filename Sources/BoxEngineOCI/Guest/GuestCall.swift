import BoxEngine
import BoxModel
import HostTools
import Subprocess
import SystemPackage

/// One request to a machine's guest program (`Guest/` of the repository), which the OCI runtime starts in the machine for it.
///
/// The host writes the program's source at every start of a machine, so that it always fits this boxd. It needs the
/// image's Python, which a box's owner can remove.
struct GuestCall: Sendable {
    let runtime: OCIRuntime
    let id: String
    /// The time limit for the request and for reading all of its answer; nil for none. Time in which the machine is
    /// frozen doesn't count.
    let timeout: Duration?
    let freezes: FreezeClock

    /// The guest program's directory in the machine. Its file name is the same there and in the host's directory for
    /// it.
    static let directory = "/run/box"
    static let name = "guest.py"

    /// - Parameters:
    ///   - request: includes the sizes of the parts of `payload`.
    ///   - read: reads the answer. What it leaves unread is dropped.
    func perform<Value: Sendable>(
        _ request: JSON, payload: [GuestPayload] = [],
        _ read: @escaping @Sendable (inout GuestAnswer) async throws -> Value
    ) async throws -> Value {
        try await freezes.waitUntilThawed()
        guard let timeout else { return try await exchange(request, payload, read) }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await exchange(request, payload, read) }
            group.addTask {
                try await freezes.sleep(for: timeout)
                throw EngineError(
                    .failed, "the box took too long to answer",
                    diagnostics: "guest \(request["operation"]?.string ?? ""): \(timeout)")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    private func exchange<Value: Sendable>(
        _ request: JSON, _ payload: [GuestPayload],
        _ read: @escaping @Sendable (inout GuestAnswer) async throws -> Value
    ) async throws -> Value {
        let header = request.compactBytes
        let ended: Ended<Value>
        do { ended = try await start(header, payload, read) } catch let error as SubprocessError {
            throw EngineError(.failed, "the box could not do it", diagnostics: "\(error)")
        }
        do { return try ended.closureResult.get() } catch is GuestAnswer.IsMissing {
            throw Self.failure(ended.standardError, "\(ended.terminationStatus)")
        }
    }

    /// The error for a missing answer, from the messages of the OCI runtime or the guest program.
    static func failure(_ errors: String, _ status: String) -> EngineError {
        // EAGAIN as the callers of fork(2) word it: Go, C and Python.
        let isFull = errors.lowercased().contains("resource temporarily unavailable")
        return EngineError(
            .failed,
            isFull
                ? "its process table is full, so nothing can be started in it: end some of its processes, or stop it with --force"
                : "the box could not do it: its /usr/bin/python3 has to work",
            diagnostics: "\(status): \(errors.suffix(2000))")
    }

    private typealias Ended<Value> = ExecutionResult<Result<Value, any Error>, SequenceOutput, StringOutput<UTF8>>

    private func start<Value: Sendable>(
        _ header: [UInt8], _ payload: [GuestPayload],
        _ read: @escaping @Sendable (inout GuestAnswer) async throws -> Value
    ) async throws -> Ended<Value> {
        try await Subprocess.run(
            Tool.executable(runtime.program),
            arguments: Arguments(
                runtime.execArguments(id, ["/usr/bin/python3", "-ISB", "\(Self.directory)/\(Self.name)"])),
            environment: OCIRuntime.environment, input: .inputWriter, output: .sequence, error: .string(limit: 16 << 10)
        ) { execution in
            // The input stays open until the answer is read. Its end means that the caller waits no longer.
            let writer = execution.standardInputWriter
            async let written: Void = Self.write([.init(Self.length(header) + header)] + payload, to: writer)
            var answer = GuestAnswer(execution.standardOutput)
            let result: Result<Value, any Error>
            do { result = .success(try await read(&answer)) } catch { result = .failure(error) }
            try? await written
            return result
        }
    }

    private static func length(_ header: [UInt8]) -> [UInt8] {
        let digits = String(header.count, radix: 16)
        return Array((String(repeating: "0", count: 8 - digits.utf8.count) + digits).utf8)
    }

    private static func write(_ payload: [GuestPayload], to writer: StandardInputWriter) async throws {
        for part in payload {
            for try await piece in part where !piece.isEmpty { _ = try await writer.write(piece) }
        }
    }
}

/// The guest program's answer: a header, and bytes that follow it.
struct GuestAnswer {
    /// The guest program ended without a complete answer.
    struct IsMissing: Error {}

    private var output: SubprocessOutputSequence.Iterator
    private var unread: ArraySlice<UInt8> = []

    init(_ output: SubprocessOutputSequence) { self.output = output.makeAsyncIterator() }

    /// - Throws: ``GuestRefusal`` when the guest program refuses the request.
    mutating func header() async throws -> JSON {
        guard let count = Int(String(decoding: try await bytes(8), as: UTF8.self), radix: 16), count <= 1 << 20,
            let json = try? JSON.parse(await bytes(count))
        else { throw IsMissing() }
        guard let code = json["error"]?.string else { return json }
        let message = String((json["message"]?.string ?? code).prefix(1000))
        guard let reason = GuestRefusal.Reason(rawValue: code) else { throw EngineError(.failed, message) }
        throw GuestRefusal(reason, message)
    }

    mutating func bytes(_ count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let piece = try await next(atMost: count - bytes.count) else { throw IsMissing() }
            bytes += piece
        }
        return bytes
    }

    /// The next bytes, nil at the end.
    mutating func next(atMost count: Int = .max) async throws -> ArraySlice<UInt8>? {
        while unread.isEmpty {
            guard let buffer = try await output.next() else { return nil }
            unread = buffer.withUnsafeBytes { Array($0)[...] }
        }
        let piece = unread.prefix(count)
        unread = unread.dropFirst(piece.count)
        return piece
    }
}
