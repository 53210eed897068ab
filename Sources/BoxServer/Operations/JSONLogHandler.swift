import BoxModel
import BoxSystem
import Logging

/// Writes each event as one line with one JSON object: `time`, `level`, `message`, then the metadata.
public struct JSONLogHandler: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let write: @Sendable (String) -> Void

    /// - Parameter write: writes a line, which includes its line feed. The default writes to standard error.
    public init(write: @escaping @Sendable (String) -> Void = Self.writeToStandardError) { self.write = write }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var object: JSONObject = [
            "time": JSON(Timestamp.now), "level": .string(event.level.rawValue),
            "message": .string(LogLines.cut("\(event.message)")),
        ]
        let provided = metadataProvider?.get() ?? [:]
        let all = metadata.merging(provided) { $1 }.merging(event.metadata ?? [:]) { $1 }
        // Hummingbird's metadata numbers requests in its own way. boxd's request ids are used instead.
        for (key, value) in all.sorted(by: { $0.key < $1.key }) where !key.hasPrefix("hb.") && object[key] == nil {
            object[key] = Self.json(value)
        }
        write(JSON.object(object).compact + "\n")
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSON {
        switch value {
        case .string(let text): .string(LogLines.cut(text))
        case .stringConvertible(let number as Int): JSON(number)
        case .stringConvertible(let number as Double): .number("\(number)")
        case .stringConvertible(let other): .string(LogLines.cut("\(other)"))
        case .array(let values): .array(values.map(json))
        case .dictionary(let members):
            .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }))
        }
    }

    /// Writes a line with one call, so that lines of two threads don't mix.
    public static let writeToStandardError: @Sendable (String) -> Void = { line in
        _ = Descriptor.write(line.utf8, to: 2)
    }
}
