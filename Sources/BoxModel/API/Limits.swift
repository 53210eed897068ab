/// The size of a machine. The raw values are the API's names.
public enum MachineType: String, Sendable, CaseIterable {
    case small, `default`, large

    public var virtualCPUs: Int {
        switch self {
        case .small: 2
        case .default: 4
        case .large: 8
        }
    }

    /// In bytes.
    public var memory: Int64 { Int64(self == .large ? 16 : self == .default ? 8 : 4) << 30 }

    /// In bytes: how much the machine may write, where the server's file system supports limits.
    public var disk: Int64 { 10 * memory }
}

/// The rules of the time to live of a box, in seconds.
public enum TimeToLive {
    /// The default when a request has none.
    public static let standard = 3600
    /// Larger values are reduced to this: 30 days.
    public static let maximum = 2_592_000
}

/// The rules of a box's name.
public enum BoxName {
    /// In code points; longer names are truncated.
    public static let maximumLength = 120

    /// Truncates a name to the longest allowed form. It counts code points, because one visible character can consist
    /// of any number of them.
    public static func cut(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.prefix(maximumLength)))
    }

    /// A default name such as `Box 2026-05-28 16:00`, from the creation time in UTC.
    public static func standard(at moment: Timestamp) -> String {
        let text = moment.iso8601
        return "Box \(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
    }
}

/// The rules for the environment variables that a request may set.
public enum EnvironmentRules {
    public static let maximumCount = 100
    /// The limit for all names and values together, in bytes.
    public static let maximumSize = 64 << 10
    public static let maximumNameLength = 128
    /// Names that the service sets itself.
    public static let reserved: Set<String> = [
        "ASCII_TOKEN", "ASCII_API_URL", "AGENT_ID", "PRODUCT_MODE", "ENVIRONMENT_ID", "BOX_ID",
        "SERVICE_PREVIEW_TOKEN", "BOX_CLI_TOKEN",
    ]

    /// - Returns: the problem with the environment, or nil.
    public static func problem(in environment: [(name: String, value: String)]) -> String? {
        if environment.count > maximumCount {
            return "env has \(environment.count) variables; at most \(maximumCount) are allowed"
        }
        let size = environment.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        if size > maximumSize { return "env is \(size) bytes; at most \(maximumSize) are allowed" }
        for (name, value) in environment {
            if !isValidName(name) {
                return "env name \"\(name.prefix(140))\" is not valid: use a letter or _ and then letters, digits or _"
            }
            if reserved.contains(name) { return "env name \"\(name)\" is reserved" }
            if value.utf8.contains(0) { return "env value of \"\(name)\" has a NUL byte" }
        }
        return nil
    }

    /// Whether the name is a letter or `_`, followed by letters, digits or `_`.
    public static func isValidName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= maximumNameLength else { return false }
        func isLetter(_ byte: UInt8) -> Bool {
            (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
        }
        return isLetter(first) && name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }
}
