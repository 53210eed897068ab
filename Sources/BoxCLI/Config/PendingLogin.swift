import BoxClient
import BoxModel

/// A started login through a browser, which `box onboard` completes. Only its owner can read the file.
struct PendingLogin: Sendable, Equatable {
    var origin: Origin
    var url: String
    var pollToken: String
    /// The time after which the login can't be completed.
    var expires: Timestamp

    private static func path(_ paths: Paths) -> String { paths.stateDirectory + "/login.json" }

    func save(_ paths: Paths) throws {
        let json: JSON = [
            "origin": .string("\(origin)"), "url": .string(url), "pollToken": .string(pollToken),
            "expires": JSON(expires),
        ]
        try Files.makeDirectory(paths.stateDirectory)
        try Files.replace(Self.path(paths), with: json.compactBytes)
    }

    /// - Returns: nil when there is no pending login.
    static func load(_ paths: Paths) throws -> PendingLogin? {
        guard let bytes = try Files.readOwn(path(paths)), let json = try? JSON.parse(bytes),
            let origin = try? json["origin"]?.string.map({ try Origin($0) }), let url = json["url"]?.string,
            let token = json["pollToken"]?.string,
            let expires = json["expires"]?.string.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        return PendingLogin(origin: origin, url: url, pollToken: token, expires: expires)
    }

    /// Removes this login, unless another one was started meanwhile.
    func forget(_ paths: Paths) {
        if (try? Self.load(paths))?.pollToken == pollToken { Files.remove(Self.path(paths)) }
    }

    /// Removes the pending login, whichever it is.
    static func forgetAny(_ paths: Paths) { Files.remove(path(paths)) }
}
