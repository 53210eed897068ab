import BoxModel

/// The variables and files that every box of an account gets.
package struct SecretsSetup: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        /// Relative to the home directory.
        package var path: String
        package var contents: String

        package init(path: String, contents: String) {
            (self.path, self.contents) = (path, contents)
        }
    }

    /// The text in the format of ``Dotenv``, as it was sent.
    package var envContents = ""
    package var files: [File] = []

    package init(envContents: String = "", files: [File] = []) {
        (self.envContents, self.files) = (envContents, files)
    }

    package static let none = SecretsSetup()

    package var variables: [(name: String, value: String)] { Dotenv(envContents).variables }

    /// The object that the API shows.
    package var members: JSONObject {
        [
            "envContents": .string(envContents),
            "secretFiles": .array(files.map { ["path": .string($0.path), "contents": .string($0.contents)] }),
        ]
    }
}

extension SecretsSetup {
    /// The text that is sealed into the database.
    package var stored: String { JSON.object(members).compact }

    package init(stored text: String) throws {
        let json = try JSON.parse(text)
        envContents = json["envContents"]?.string ?? ""
        files = (json["secretFiles"]?.array ?? []).compactMap { file in
            guard let path = file["path"]?.string, let contents = file["contents"]?.string else { return nil }
            return File(path: path, contents: contents)
        }
    }
}
