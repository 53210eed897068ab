import BoxModel

/// When a box stops by itself, counted from its creation or resume.
public enum TimeToLiveChoice: Sendable, Equatable {
    /// The server's default: an hour.
    case standard
    /// From 1; servers cap it at 30 days.
    case seconds(Int)
    /// The box runs until somebody stops it.
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
    /// A letter or `_`, and then letters, digits or `_`, at most 128 in all. Some are reserved, see `EnvironmentRules`.
    public var name: String
    /// Names and values together have at most 64 KiB.
    public var value: String

    /// A variable with a value.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// How a box's machine is made. Empty fields are left to the server.
public struct MachineOptions: Sendable, Equatable {
    /// How large it is.
    public var type: MachineType?
    /// Variables besides the account's secrets.
    public var environment: [EnvironmentVariable]
    /// None of the account's secrets, repositories or credentials.
    public var noEnvironment: Bool

    /// A machine as the server makes it by itself, unless something is given.
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

/// What a new box should be.
public struct CreateBoxRequest: Sendable, Equatable {
    /// When it stops by itself.
    public var ttl: TimeToLiveChoice
    /// Servers of the hosted API ignore it: compare the answer and use ``BoxClient/update(_:_:)``.
    public var name: String?
    /// How its machine is made.
    public var machine: MachineOptions

    /// A box with the server's defaults, unless something is given.
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

/// How a stopped box should start again.
public struct ResumeBoxRequest: Sendable, Equatable {
    /// When it stops by itself, counted from now.
    public var ttl: TimeToLiveChoice
    /// How its machine is made; what is empty stays as it was.
    public var machine: MachineOptions

    /// A start with the server's defaults, unless something is given.
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

/// A key under which a repeated creation gives the same box for 24 hours.
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
