import BoxArguments
import BoxClient
import BoxModel

/// `box secrets file list`: lists the files that boxes get.
struct SecretsFileList: Command {
    static let spec = CommandSpec("list", aliases: ["ls"], summary: "List the files, without their contents")

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let setup = try await context.client().secrets()
        let files = setup.secretFiles
        try context.emitter.result(["secretFiles": setup.json["secretFiles"] ?? .array([])]) { style in
            if files.isEmpty { return "" }
            var table = Table([.init(title: "PATH", isFlexible: true), .init(title: "SIZE")])
            for file in files {
                let size = Text.size(Int64(file.contents.utf8.count))
                table.add([.init(text: Text.clean(file.path), paint: style.bold), .init(text: size)])
            }
            return table.render(width: context.outputWidth, style: style)
        }
        if files.isEmpty { context.emitter.notice("no files. add one with `box secrets file set PATH`") }
        return .success
    }
}
