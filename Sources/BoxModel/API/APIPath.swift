/// The API's path prefix under an origin, and the paths of its operations.
public enum APIPath {
    /// The prefix that the command line appends to `api_url`.
    public static let prefix = "/api/box/v1"

    /// The prefix of logins through a browser, which aren't part of the API.
    public static let loginPrefix = "/api/box/auth"

    public static func boxes() -> String { "/boxes" }
    public static func box(_ id: String) -> String { "/boxes/\(escape(id))" }
    public static func box(_ id: String, _ action: String) -> String { "/boxes/\(escape(id))/\(action)" }

    public static func apiKeys() -> String { "/api-keys" }
    public static func apiKey(_ id: String) -> String { "/api-keys/\(escape(id))" }
    public static func secrets() -> String { "/secrets" }
    public static func repos() -> String { "/repos" }
    public static func providers() -> String { "/providers" }
    public static func provider(_ name: String) -> String { "/providers/\(escape(name))" }

    /// Percent-encodes everything but RFC 3986's unreserved characters, so that an id can't change the path.
    public static func escape(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.append(byte)
            default: out += [0x25, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
