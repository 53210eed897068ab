import BoxModel
import BoxStore

/// The parsed body of `PUT /secrets`.
extension SecretsSetup {
    /// In bytes: the size of `envContents`.
    static let maximumEnvSize = 256 << 10
    /// In bytes, of one variable. Linux starts no program with a variable of 128 KiB: execve(2), MAX_ARG_STRLEN.
    static let maximumVariableSize = 100_000
    package static let maximumFiles = 100
    /// In bytes, of all files together.
    static let maximumFilesSize = 512 << 10

    /// - Throws: ``APIError`` `invalid_env` or `invalid_secret_file`. Its message never contains a value.
    package init(_ body: JSONBody) throws {
        let text = try body.string("envContents", code: .invalidEnvironment) ?? ""
        try Self.check(text)
        let files = try body.objects("secretFiles", code: .invalidSecretFile).enumerated().map(Self.file)
        try Self.check(files)
        self.init(envContents: text, files: files)
    }

    private static func check(_ text: String) throws {
        func invalid(_ message: String) -> APIError { APIError(.invalidEnvironment, message) }
        guard text.utf8.count <= maximumEnvSize else {
            throw invalid("envContents has \(text.utf8.count) bytes; at most \(maximumEnvSize) are possible")
        }
        guard !text.utf8.contains(0) else { throw invalid("envContents has a NUL byte") }
        let dotenv = Dotenv(text)
        if let line = dotenv.unreadableLines.first {
            throw invalid("envContents: line \(line) is not a variable: write NAME=value")
        }
        for (name, value) in dotenv.variables {
            guard name.utf8.count + value.utf8.count <= maximumVariableSize else {
                throw invalid(
                    "envContents: the value of \"\(name.prefix(140))\" is larger than \(maximumVariableSize) bytes: use a secret file"
                )
            }
            guard EnvironmentRules.isValidName(name) else {
                throw invalid(
                    "envContents: the name \"\(name.prefix(140))\" is not valid: use a letter or _ and then letters, digits or _"
                )
            }
            guard !EnvironmentRules.reserved.contains(name) else {
                throw invalid("envContents: the name \"\(name)\" is reserved")
            }
        }
    }

    private static func file(_ index: Int, _ body: JSONBody) throws -> File {
        func invalid(_ message: String) -> APIError {
            APIError(.invalidSecretFile, "secretFiles[\(index)]: \(message)")
        }
        guard let path = try body.string("path", code: .invalidSecretFile) else { throw invalid("path is missing") }
        guard let contents = try body.string("contents", code: .invalidSecretFile) else {
            throw invalid("contents is missing")
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, path.utf8.count <= 1024, parts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 255 }) else {
            throw invalid("path is not valid: name a file below /home/user, such as .config/service/token")
        }
        guard !parts.contains(where: { [".", "..", "~"].contains($0) }),
            !path.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw invalid("path has a part that is not a plain name: name a file below /home/user") }
        return File(path: path, contents: contents)
    }

    private static func check(_ files: [File]) throws {
        func invalid(_ message: String) -> APIError { APIError(.invalidSecretFile, message) }
        guard files.count <= maximumFiles else {
            throw invalid("secretFiles has \(files.count) files; at most \(maximumFiles) are possible")
        }
        let size = files.reduce(0) { $0 + $1.contents.utf8.count }
        guard size <= maximumFilesSize else {
            throw invalid("secretFiles have \(size) bytes; at most \(maximumFilesSize) are possible")
        }
        var seen: Set<String> = []
        for file in files where !seen.insert(file.path).inserted {
            throw invalid("secretFiles has \"\(file.path)\" twice")
        }
        for file in files {
            var parent = file.path[...]
            while let slash = parent.lastIndex(of: "/") {
                parent = parent[..<slash]
                if seen.contains(String(parent)) {
                    throw invalid("secretFiles has \"\(parent)\" as a file and as a directory")
                }
            }
        }
    }
}
