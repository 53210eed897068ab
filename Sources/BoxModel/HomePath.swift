/// A leading `~` in a path of a box: the home directory of the box's user.
public enum HomePath {
    /// The path as SFTP and the API take it: both start a relative path at the home directory.
    ///
    /// `~name` stays a plain name, and `./~` is a file that is called `~`.
    public static func relative(_ path: String) -> String {
        let bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "~") else { return path }
        if bytes.count == 1 { return "." }
        guard bytes[1] == UInt8(ascii: "/") else { return path }
        let rest = bytes[2...].drop { $0 == UInt8(ascii: "/") }
        return rest.isEmpty ? "." : String(decoding: rest, as: UTF8.self)
    }
}
