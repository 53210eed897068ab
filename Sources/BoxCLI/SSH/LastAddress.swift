import BoxModel

/// The last known addresses of boxes: a file for each, `USER@HOST`. They may be lost without harm.
struct LastAddress: Sendable, Equatable {
    let directory: String
    /// A directory that must already exist, because a home directory isn't created.
    let base: String

    func load(_ id: String) -> (user: String, host: String)? {
        guard let path = path(id), let bytes = try? Files.readOwn(path, maximum: 1024) else { return nil }
        let parts = Settings.trimmed(String(decoding: bytes, as: UTF8.self)).split(separator: "@")
        guard parts.count == 2, ServerForm.isUser(String(parts[0])), ServerForm.isHost(String(parts[1])) else {
            return nil
        }
        return (String(parts[0]), String(parts[1]))
    }

    func save(_ id: String, user: String, host: String) {
        guard let path = path(id), Files.canHold(path, below: base) else { return }
        try? Files.makeDirectory(directory)
        // Remove anything that is there. A pipe would be written to, and wait for a reader.
        Files.remove(path)
        try? Files.replace(path, with: Array("\(user)@\(host)\n".utf8))
    }

    func forget(_ id: String) {
        if let path = path(id) { Files.remove(path) }
    }

    /// Accepts only a box's id as a file name.
    private func path(_ id: String) -> String? { ServerForm.isID(id) ? "\(directory)/\(id)" : nil }
}
