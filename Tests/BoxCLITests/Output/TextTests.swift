import BoxModel
import Glibc
import Testing

@testable import BoxCLI

@Suite struct TextTests {
    @Test(arguments: [
        (0, "now"), (1500, "now"), (-5000, "5s ago"), (45_000, "in 45s"), (-180_000, "3m ago"), (3_600_000, "in 1h"),
        (5_400_000, "in 1h 30m"), (-90_000_000, "1d 1h ago"),
    ])
    func relativeTimes(_ milliseconds: Int64, _ expected: String) {
        let now = Timestamp(milliseconds: 1_000_000_000_000)
        #expect(Text.relative(Timestamp(milliseconds: now.milliseconds + milliseconds), to: now) == expected)
    }

    @Test(arguments: [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (5_000_000, "5.0 MB"), (2_340_000_000, "2.3 GB")])
    func sizes(_ bytes: Int64, _ expected: String) {
        #expect(Text.size(bytes) == expected)
    }

    @Test func widthsCountColumns() {
        #expect(Text.width("abc") == 3)
        #expect(Text.width("日本") == 4)
        #expect(Text.width("e\u{301}") == 1)
        #expect(Text.truncate("日本語", to: 5) == "日本…")
        #expect(Text.truncate("abc", to: 3) == "abc")
        #expect(Text.pad("日", to: 4) == "日  ")
    }

    @Test func namesCannotDriveTheTerminal() {
        #expect(Text.clean("a\u{1B}]0;x\u{7}b\u{202E}") == "a\u{FFFD}]0;x\u{FFFD}b\u{FFFD}")
        #expect(Text.clean("👩‍💻 ü") == "👩‍💻 ü")
    }

    @Test(
        arguments: [
            (ColorChoice.auto, true, [:], true), (.auto, false, [:], false), (.auto, true, ["NO_COLOR": "1"], false),
            (.auto, true, ["NO_COLOR": ""], true), (.auto, true, ["TERM": "dumb"], false),
            (.auto, false, ["CLICOLOR_FORCE": "1"], true), (.always, false, ["NO_COLOR": "1"], true),
            (.never, true, ["CLICOLOR_FORCE": "1"], false),
        ] as [(ColorChoice, Bool, [String: String], Bool)])
    func coloursFollowTheConventions(
        _ choice: ColorChoice, _ isTerminal: Bool, _ environment: [String: String], _ expected: Bool
    ) {
        #expect(Style(choice, isTerminal: isTerminal, environment: environment).isColored == expected)
    }

    @Test func theStatusLineLeavesNothingBehind() async {
        let sink = BufferSink()
        let line = StatusLine(sink: sink, isShown: true, style: .plain, width: 80)
        line.show("waiting")
        line.clear()
        line.clear()
        #expect(sink.text == "\r\u{1B}[K⠋ waiting\r\u{1B}[K")
    }

    @Test func configurationWritersTakeTurns() async throws {
        let fixture = CLIFixture(loggedIn: false)
        let store = ConfigStore(path: fixture.configPath)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { try? store.update { $0.object["key\(number)"] = true } }
            }
        }
        #expect(try store.load().object.members.count == 20)
    }
}
