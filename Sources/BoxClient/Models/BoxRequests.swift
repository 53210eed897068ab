import BoxModel

/// When a box is stopped automatically, counted from its creation or resume.
public enum TimeToLiveChoice: Sendable, Equatable {
    /// The server's default: an hour.
    case standard
    /// At least 1; servers limit it to 30 days.
    case seconds(Int)
    /// The box runs until it is stopped explicitly.
    case never

    func write(to body: inout JSONObject) {
        switch self {
        case .standard: break
        case .seconds(let seconds): body["ttlSeconds"] = JSON(seconds)
        case .never: body["ttlSeconds"] = .null
        }
    }
}

/// A variable of a box's environment.
public struct EnvironmentVariable: Sendable, Equatable {
    /// A letter or `_`, then letters, digits or `_`, at most 128 characters. Some names are reserved; see
    /// `EnvironmentRules`.
    public var name: String
    /// The value. All names and values together have at most 64 KiB.
    public var value: String

    /// A variable with a value.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// The configuration of a box's machine. The server chooses empty fields.
public struct MachineOptions: Sendable, Equatable {
    /// The machine's size.
    public var type: MachineType?
    /// Variables in addition to the account's secrets.
    public var environment: [EnvironmentVariable]
    /// Whether the box gets none of the account's secrets, repositories or credentials.
    public var noEnvironment: Bool

    /// A machine with the server's defaults, except for the given arguments.
    public init(type: MachineType? = nil, environment: [EnvironmentVariable] = [], noEnvironment: Bool = false) {
        self.type = type
        self.environment = environment
        self.noEnvironment = noEnvironment
    }

    func write(to body: inout JSONObject) {
        if let type { body["type"] = .string(type.rawValue) }
        if !environment.isEmpty {
            body["env"] = .object(JSONObject(environment.map { ($0.name, JSON.string($0.value)) }))
        }
        if noEnvironment { body["noEnv"] = true }
    }
}

/// The parameters of a new box.
public struct CreateBoxRequest: Sendable, Equatable {
    /// When the box is stopped automatically.
    public var ttl: TimeToLiveChoice
    /// The box's name. The hosted service ignores it: compare the answer and use ``BoxClient/update(_:_:)``.
    public var name: String?
    /// The configuration of its machine.
    public var machine: MachineOptions

    /// A box with the server's defaults, except for the given arguments.
    public init(ttl: TimeToLiveChoice = .standard, name: String? = nil, machine: MachineOptions = MachineOptions()) {
        self.ttl = ttl
        self.name = name
        self.machine = machine
    }

    var body: JSON {
        var body = JSONObject()
        ttl.write(to: &body)
        if let name { body["name"] = .string(name) }
        machine.write(to: &body)
        return .object(body)
    }
}

/// The parameters of a stopped box's restart.
public struct ResumeBoxRequest: Sendable, Equatable {
    /// When the box is stopped automatically, counted from now.
    public var ttl: TimeToLiveChoice
    /// The configuration of its machine; empty fields stay unchanged.
    public var machine: MachineOptions

    /// A start with the server's defaults, except for the given arguments.
    public init(ttl: TimeToLiveChoice = .standard, machine: MachineOptions = MachineOptions()) {
        self.ttl = ttl
        self.machine = machine
    }

    var body: JSON {
        var body = JSONObject()
        ttl.write(to: &body)
        machine.write(to: &body)
        return .object(body)
    }
}

/// A key for a creation. Repeating the creation with the same key returns the same box for 24 hours.
public enum IdempotencyKey {
    /// A random UUID (RFC 9562, version 4).
    public static func random() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef")
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(text[$0]) }.joined(separator: "-")
    }
}
