import BoxArguments
import Glibc
import Testing

@testable import BoxCLI

/// Every help text and the reference match their recorded files.
@Suite struct HelpTests {
    static let paths: [[CommandSpec]] = {
        func all(_ path: [CommandSpec]) -> [[CommandSpec]] {
            [path] + (path.last?.subcommands ?? []).flatMap { all(path + [$0]) }
        }
        return all([CommandTable.root.spec])
    }()

    private static func fileName(_ path: [CommandSpec]) -> String { path.map(\.name).joined(separator: "-") + ".txt" }

    @Test func helpIsAsRecorded() throws {
        for path in Self.paths {
            try Golden.expect(HelpText(path: path, width: 80).text, in: Golden.directory + "/" + Self.fileName(path))
        }
    }

    @Test func theReferenceIsAsRecorded() throws {
        try Golden.expect(Reference.text(.man, of: CommandTable.root.spec), in: Golden.directory + "/box.1")
        try Golden.expect(Reference.text(.markdown, of: CommandTable.root.spec), in: Golden.repository + "/Docs/CLI.md")
    }

    @Test(.disabled(if: Golden.isRecording)) func nothingRecordedIsStale() {
        #expect(Set(Files.names(in: Golden.directory)) == Set(Self.paths.map(Self.fileName) + ["box.1"]))
    }

    @Test func everyCommandIsWhole() {
        for path in Self.paths {
            guard let command = path.last else { continue }
            #expect(!command.summary.isEmpty && !command.summary.hasSuffix("."), "\(command.name)")
            let isLeaf = command.subcommands.isEmpty
            #expect((CommandTable.root.command(at: path.map(\.name)) != nil) == isLeaf, "\(command.name)")
            for example in command.examples { #expect(example.line.contains("box "), "\(example.line)") }
            let names = path.flatMap(\.options).map(\.name)
            #expect(Set(names).count == names.count, "\(command.name) hides an option of its parents")
            let shorts = path.flatMap(\.options).compactMap(\.short)
            #expect(Set(shorts).count == shorts.count, "\(command.name) uses a letter twice")
            for name in command.exclusive.joined() { #expect(names.contains(name), "\(name)") }
        }
    }

    @Test func examplesParse() {
        let parser = CommandParser(root: CommandTable.root.spec)
        for example in Self.paths.compactMap(\.last).flatMap(\.examples)
        where !example.line.contains("$(") && !example.line.contains("<(") && !example.line.contains("|") {
            let first = example.line.split(separator: " && box ").first ?? ""
            let words = first.split(separator: " ").map(String.init).prefix { $0 != "<" && $0 != ">" }
            #expect(throws: Never.self, "\(example.line)") { try parser.parse(Array(words.dropFirst())) }
        }
    }

    @Test func helpGoesToStandardOutput() async {
        let fixture = CLIFixture(loggedIn: false)
        #expect(await fixture.run() == 0)
        #expect(fixture.out.text.hasPrefix("Sandboxes to run anything in"))
        #expect(await fixture.run("new", "--help") == 0)
        #expect(fixture.out.text.hasPrefix("Create a box and wait until it is ready.\n"))
        #expect(fixture.err.text == "")
        #expect(await fixture.run("local") == 2)
    }
}
