import BoxArguments
import Testing

@Suite struct HelpTextTests {
    @Test func aCommandsHelp() {
        let expected = """
            Make a thing.

            Usage: tool new [OPTIONS]
            Also:  create

            The first paragraph, which is long enough that it has to be
            broken somewhere near its end.

            The second.

            Options:
                  --ttl SECONDS     how long
                  --no-auto-stop    for ever
              -t, --type TYPE       how large
              -e, --env NAME=VALUE  a variable; can be repeated
                  --port PORT       where

            Global options:
                  --json            write JSON
                  --api-url URL     the server
              -v, --verbose         tell more
              -h, --help            explain the command
                  --version         tell the version

            Examples:
              tool new --ttl 60
                  for a minute

            """
        #expect(HelpText(path: [Sample.root, Sample.new], width: 60).text == expected)
    }

    @Test func aGroupsHelp() {
        let expected = """
            The server here.

            Usage: tool local COMMAND [OPTIONS]

            Commands:
              up    Start it
              down  Stop it

            Global options:
                  --json         write JSON
                  --api-url URL  the server
              -v, --verbose      tell more
              -h, --help         explain the command
                  --version      tell the version

            Run `tool local COMMAND --help` to read about one of them.

            """
        #expect(HelpText(path: [Sample.root, Sample.local]).text == expected)
    }

    @Test func positionalsAndTrailingWordsAreArguments() {
        let text = HelpText(path: [Sample.root, Sample.run]).text
        #expect(text.contains("Usage: tool run [OPTIONS] ID [WORD...]\n"))
        #expect(text.contains("Arguments:\n  ID    the thing\n  WORD  the command\n"))
    }

    @Test(arguments: [40, 57, 80, 100, 200]) func noLineIsWiderThanTheTerminal(width: Int) {
        for path in [[Sample.root], [Sample.root, Sample.new], [Sample.root, Sample.copy]] {
            for line in HelpText(path: path, width: width).text.split(separator: "\n") {
                #expect(line.count <= max(40, width), "\(line)")
            }
        }
    }
}
