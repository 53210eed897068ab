/// Where boxes were when they were last connected to: a file for each, `USER@HOST`. What may be lost without harm.
struct LastAddress: Sendable, Equatable {
    let folder: String

    func load(_ id: String) -> (user: String, host: String)? {
        guard let path = path(id), let bytes = try? Files.read(path, maximum: 1024, waits: false) else { return nil }
        let parts = Settings.trimmed(String(decoding: bytes, as: UTF8.self)).split(separator: "@")
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }

    func save(_ id: String, user: String, host: String) {
        guard let path = path(id) else { return }
        try? Files.makeFolder(folder)
        // Whatever is there: a pipe would be written to, and wait for a reader.
        Files.remove(path)
        try? Files.replace(path, with: Array("\(user)@\(host)\n".utf8))
    }

    func forget(_ id: String) {
        if let path = path(id) { Files.remove(path) }
    }

    /// Only a box's id is a name here.
    private func path(_ id: String) -> String? { id.contains("/") || id.hasPrefix(".") ? nil : "\(folder)/\(id)" }
}
