import BoxClient
import BoxModel

/// The contents of `config.json`. Unknown keys are kept.
struct ConfigFile: Sendable, Equatable {
    var object = JSONObject()

    /// The server's origin, without the API's path.
    var apiURL: String? {
        get { text("api_url") }
        set { object["api_url"] = newValue.map { .string($0) } }
    }

    var token: String? {
        get { text("token") }
        set { object["token"] = newValue.map { .string($0) } }
    }

    /// The only server that gets ``token``: the one that it was stored for.
    ///
    /// Earlier versions, and other programs that write the file, store no origin. Then it is ``apiURL``, or the
    /// default. They may also leave the origin of an earlier token, which is ignored.
    var tokenOrigin: String {
        let stored = object["token_origin"]
        let isOfToken = stored?["last_four"]?.string == token.map(Self.lastFour)
        return (isOfToken ? stored?["url"]?.string : nil) ?? apiURL ?? Origin.hosted.description
    }

    private static func lastFour(_ token: String) -> String { String(token.suffix(4)) }

    var channel: String? { text("channel") }

    /// The file of an additional CA; relative to the configuration's directory.
    var caFile: String? { text("ca_file") }

    /// Stores a key and makes its server the configured one.
    mutating func store(_ key: String, of origin: Origin) {
        apiURL = origin.description
        token = key
        object["token_origin"] = ["url": .string(origin.description), "last_four": .string(Self.lastFour(key))]
    }

    /// Whether the origin is the configured server, and the stored key is for it.
    func isLogin(at origin: Origin) -> Bool {
        apiURL.flatMap { try? Origin($0) } == origin && (try? Origin(tokenOrigin)) == origin
    }

    mutating func forgetKey() {
        token = nil
        object["token_origin"] = nil
    }

    private func text(_ key: String) -> String? {
        guard let text = object[key]?.string, !text.isEmpty else { return nil }
        return text
    }
}

/// Reads and changes the configuration file.
struct ConfigStore: Sendable, Equatable {
    let path: String

    /// - Returns: an empty configuration when there is no file.
    /// - Throws: `CommandError` that names the file when it isn't a JSON object.
    func load() throws -> ConfigFile {
        guard var bytes = try Files.readOwn(path)?[...] else { return ConfigFile() }
        // The byte order mark that some editors write before UTF-8.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) { return ConfigFile() }
        do {
            guard case .object(let object) = try JSON.parse(Array(bytes)) else {
                throw corrupt("it is not a JSON object")
            }
            return ConfigFile(object: object)
        } catch let error as JSONParseError {
            throw corrupt("\(error)")
        }
    }

    /// Changes the file as a whole. Concurrent processes are serialized by a lock. A corrupt file isn't changed.
    func update(_ change: (inout ConfigFile) -> Void) throws {
        let directory = Files.parent(of: path) ?? "/"
        try Files.makeDirectory(directory)
        try Files.withLock(directory) {
            var file = try load()
            change(&file)
            try Files.replace(path, with: Array((JSON.object(file.object).pretty + "\n").utf8))
        }
    }

    /// Copies the login for another server to a file beside the configuration, before a new login replaces it.
    ///
    /// - Returns: the copy's path, or nil when there is no such login.
    func keepOther(than origin: Origin) throws -> String? {
        let file = try load()
        guard file.token != nil, try Settings(flag: nil, environment: [:], file: file).origin() != origin else {
            return nil
        }
        let copy = path + ".before-local"
        try Files.replace(copy, with: Array((JSON.object(file.object).pretty + "\n").utf8))
        return copy
    }

    private func corrupt(_ reason: String) -> CommandError {
        CommandError(
            "the configuration file \(path) can't be read: \(reason). correct it, or move it away and log in again")
    }
}
