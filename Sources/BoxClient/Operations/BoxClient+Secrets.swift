import BoxModel

/// A file that every box of the account gets.
public struct SecretFile: Sendable, Equatable {
    /// The path, relative to the work directory.
    public var path: String
    /// The contents, which are secret.
    public var contents: String

    /// A file to send.
    public init(path: String, contents: String) {
        self.path = path
        self.contents = contents
    }

    init?(json: JSON) {
        guard let path = json["path"]?.string, let contents = json["contents"]?.string else { return nil }
        self.init(path: path, contents: contents)
    }

    var json: JSON { ["path": .string(path), "contents": .string(contents)] }
}

/// The variables and files that every box of the account gets.
public struct SecretsSetup: APIAnswer {
    public let json: JSON
    /// The variables in the format of `Dotenv`. A secret.
    public let envContents: String
    /// The files. Their contents are secret.
    public let secretFiles: [SecretFile]
    /// The id of the set of secrets and repositories that new boxes get.
    public var environmentID: String? { json["environmentId"]?.string }
    /// Whether the change was made.
    public var success: Bool { json["success"]?.bool ?? true }

    /// - Returns: nil when a part can't be represented, since sending the rest back would delete that part.
    init?(json: JSON) {
        self.json = json
        switch json["envContents"] {
        case .string(let text)?: envContents = text
        case .null?, nil: envContents = ""
        default: return nil
        }
        switch json["secretFiles"] {
        case .array(let files)?:
            secretFiles = files.compactMap(SecretFile.init(json:))
            guard secretFiles.count == files.count else { return nil }
        case .null?, nil: secretFiles = []
        default: return nil
        }
    }

    /// How many running boxes received the change; nil when the server doesn't send it, as in the answer to a read.
    public var updatedBoxes: Int? { count("updated") }
    /// How many running boxes failed to receive the change.
    public var failedBoxes: Int? { count("failed") }

    private func count(_ name: String) -> Int? {
        let value = json["pushed"]?[name]
        return value?.int ?? value?.array?.count
    }
}

extension BoxClient {
    /// Returns the account's secrets. `GET /secrets`.
    ///
    /// - Throws: ``BoxError/invalidResponse(origin:status:reason:)`` when a part of them couldn't be sent back
    ///   unchanged.
    public func secrets() async throws -> SecretsSetup {
        try setup(try await send(APICall(method: .get, path: APIPath.secrets())))
    }

    /// Replaces all of the account's secrets: what isn't sent is deleted. `POST /secrets`. Never repeated
    /// automatically.
    ///
    /// - Parameters:
    ///   - envContents: in the format of `Dotenv`.
    ///   - secretFiles: every file to keep.
    public func updateSecrets(envContents: String, secretFiles: [SecretFile]) async throws -> SecretsSetup {
        let body: JSON = ["envContents": .string(envContents), "secretFiles": .array(secretFiles.map(\.json))]
        return try setup(try await send(APICall(method: .post, path: APIPath.secrets(), body: body)))
    }

    private func setup(_ json: JSON) throws(BoxError) -> SecretsSetup {
        guard let setup = SecretsSetup(json: json) else {
            throw unexpectedShape("its envContents or secretFiles can't be read")
        }
        return setup
    }
}
