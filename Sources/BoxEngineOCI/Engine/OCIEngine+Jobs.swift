import BoxEngine
import BoxModel
import HostTools

extension OCIEngine {
    public func startJob(_ job: MachineJob, in id: String) async throws {
        let request: JSON = [
            "operation": "job-start", "id": .string(job.id),
            "arguments": .array(([job.script] + job.arguments).map { .string($0) }),
            "environment": .object(JSONObject(job.environment.map { ($0.name, .string($0.value)) })),
            "secrets": .array(job.secrets.map { .string($0) }), "redaction": .string(JobRedaction.mark),
            "folders": .array(job.directories.map { .string($0) }), "input": JSON(job.input.count),
            "silence": JSON(job.silence),
        ]
        try await call(id, timeout: Self.guestTimeout) { call in
            _ = try await call.perform(request, payload: [.init(job.input)]) { try await $0.header() }
        }
    }

    public func followJob(
        _ job: String, in id: String, _ allocate: @escaping @Sendable ([JobRecord]) async throws -> Void
    ) async throws {
        let (isOver, over) = AsyncStream<Void>.makeStream()
        try await call(id, timeout: nil) { call in
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await call.perform(["operation": "job-follow", "id": .string(job)]) { answer in
                        try await Self.follow(&answer, allocate)
                        over.yield()
                    }
                }
                // The program in the machine may keep running after it has sent the last record.
                group.addTask { for await _ in isOver { return } }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private static func follow(
        _ answer: inout GuestAnswer, _ allocate: @Sendable ([JobRecord]) async throws -> Void
    ) async throws {
        _ = try await answer.header()
        var reader = JobRecordReader()
        while let piece = try await answer.next() {
            let records = try reader.read(piece)
            if !records.isEmpty { try await allocate(records) }
            if records.contains(where: \.isLast) { return }
        }
        throw EngineError(.failed, "the job's supervisor has gone")
    }

    public func stopJob(_ job: String, in id: String) async throws { try await send("job-stop", job, id) }

    public func forgetJob(_ job: String, in id: String) async throws { try await send("job-forget", job, id) }

    private func send(_ operation: String, _ job: String, _ id: String) async throws {
        try await call(id, timeout: Self.guestTimeout) { call in
            _ = try await call.perform(["operation": .string(operation), "id": .string(job)]) {
                try await $0.header()
            }
        }
    }

    public func installAgents() async throws {
        let programs = AgentPrograms(directory: configuration.agentsDirectory)
        if programs.areInstalled { return }
        try await agentsInstallation.join("agents") { try await programs.install() }
    }
}

/// Parses the records of a job: see `Guest/README.md`.
struct JobRecordReader {
    /// In bytes: more than the supervisor allows for one line, and for all lines.
    private static let longestLine = 9 << 20
    private static let longestOutput = 160 << 20

    private var line: [UInt8] = []
    private var count = 0

    /// - Throws: ``EngineError`` for what no supervisor sends. The machine's owner can replace the supervisor.
    mutating func read(_ piece: ArraySlice<UInt8>) throws -> [JobRecord] {
        count += piece.count
        guard count <= Self.longestOutput else { throw Self.damaged }
        var records: [JobRecord] = []
        var rest = piece
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if let record = try Self.record(line + rest[..<end]) { records.append(record) }
            line = []
            rest = rest[rest.index(after: end)...]
        }
        line += rest
        guard line.count <= Self.longestLine else { throw Self.damaged }
        return records
    }

    private static var damaged: EngineError {
        EngineError(.failed, "the job's supervisor says what can't be understood")
    }

    /// - Returns: nil for a commit that isn't valid.
    private static func record(_ line: [UInt8]) throws -> JobRecord? {
        guard let kind = line.first else { throw damaged }
        let text = Array(line.dropFirst())
        if kind == UInt8(ascii: "o") { return .output(text) }
        guard let json = try? JSON.parse(text) else { throw damaged }
        switch kind {
        case UInt8(ascii: "c"): return JobCommit(json).map { .commit($0) }
        case UInt8(ascii: "p"): return .pushed(commit: json["commitSha"]?.string ?? "")
        case UInt8(ascii: "e"): return .ended(JobOutcome(json))
        default: throw damaged
        }
    }
}

extension JobRecord {
    fileprivate var isLast: Bool { if case .ended = self { true } else { false } }
}

extension JobOutcome {
    init(_ json: JSON) {
        self.init(
            exitCode: json["exitCode"]?.int, signal: json["signal"]?.string,
            reason: json["reason"]?.string.flatMap(Reason.init(rawValue:)),
            outOfMemory: json["outOfMemory"]?.bool ?? false, standardError: json["stderr"]?.text ?? "")
    }
}
