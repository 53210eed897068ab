import BoxArguments
import BoxClient
import BoxModel

/// `box secrets`: manages the variables and files that every box of the account gets.
enum SecretsGroup {
    static let spec = CommandSpec(
        "secrets", aliases: ["secret"], group: CommandSection.account,
        summary: "Manage the variables and files that boxes get",
        discussion: """
            Boxes get them when they start, and running ones with each change. The server keeps one text of NAME=value \
            lines; a change keeps the lines that it isn't about as they are.
            """,
        examples: [
            ExampleSpec("box secrets set API_TOKEN", "asks for the value and doesn't show it"),
            ExampleSpec("box secrets import .env", "all variables of a file"),
            ExampleSpec("box secrets file set .npmrc --from-file ~/.npmrc", "a file"),
        ])

    static let fileSpec = CommandSpec("file", summary: "Manage the files that boxes get")

    static let path = PositionalSpec("PATH", "the file's path in boxes", kind: .file)

    /// The limit for one value or file, in bytes.
    static let maximumSize = 1 << 20
    static let sizeAdvice = "secrets are small; copy data with `box scp`"
}

extension Context {
    /// Reads the account's secrets, changes them and sends them all back, because the API replaces them as a whole. A
    /// concurrent change by another client is lost.
    func changeSecrets(
        _ change: (inout Dotenv, inout [SecretFile]) throws -> Void
    ) async throws -> SecretsSetup {
        let client = try client()
        let setup = try await client.secrets()
        var variables = Dotenv(setup.envContents)
        var files = setup.secretFiles
        do {
            try change(&variables, &files)
        } catch DotenvError.ambiguous(let name) {
            throw CommandError(
                "\(name) can't be changed without changing what other lines mean. most likely a quote isn't closed: "
                    + "look with `box secrets get --show`, and replace all with `box secrets import FILE --replace`")
        }
        return try await client.updateSecrets(envContents: variables.text, secretFiles: files)
    }
}

extension Emitter {
    /// Shows the outcome of a change, and how many running boxes received it.
    ///
    /// - Parameter text: for people, without secrets.
    func show(_ setup: SecretsSetup, _ text: String) throws {
        try result(.object(BoxView.withoutEnvelope(setup.json))) { _ in
            let updated =
                setup.updatedBoxes.map { ", and \(Text.count($0, "running box", "running boxes")) got it" } ?? ""
            return text + updated + "\n"
        }
        if let failed = setup.failedBoxes, failed > 0 {
            notice(
                "\(Text.count(failed, "running box", "running boxes")) did not get it. stop and resume what needs it")
        }
    }
}
