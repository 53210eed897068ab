/// Handles a leading `~` in a path of a box, which means the home directory of the box's user.
public enum HomePath {
    /// The path in the form for SFTP and the API, where a relative path starts at the home directory.
    ///
    /// `~name` stays an ordinary name, and `./~` is a file named `~`.
    public static func relative(_ path: String) -> String {
        let bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "~") else { return path }
        if bytes.count == 1 { return "." }
        guard bytes[1] == UInt8(ascii: "/") else { return path }
        let rest = bytes[2...].drop { $0 == UInt8(ascii: "/") }
        return rest.isEmpty ? "." : String(decoding: rest, as: UTF8.self)
    }
}
