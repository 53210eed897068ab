import BoxClient
import BoxModel

/// `config.json` as it is on disk. Keys that we don't know are kept.
struct ConfigFile: Sendable, Equatable {
    var object = JSONObject()

    /// An origin, without the API's path.
    var apiURL: String? {
        get { text("api_url") }
        set { object["api_url"] = newValue.map { .string($0) } }
    }

    var token: String? {
        get { text("token") }
        set { object["token"] = newValue.map { .string($0) } }
    }

    var channel: String? { text("channel") }

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
        guard var bytes = try Files.read(path)?[...] else { return ConfigFile() }
        // The mark that some editors put before UTF-8.
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

    /// Changes the file as a whole; processes that do so at once take turns. A corrupt file is left alone.
    func update(_ change: (inout ConfigFile) -> Void) throws {
        let folder = Files.parent(of: path) ?? "/"
        try Files.makeFolder(folder)
        try Files.withLock(folder) {
            var file = try load()
            change(&file)
            try Files.replace(path, with: Array((JSON.object(file.object).pretty + "\n").utf8))
        }
    }

    /// Copies a login at another server beside the configuration, before this one's takes its place.
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
