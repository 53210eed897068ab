import HostTools
import Testing

@testable import BoxEngineOCI

struct GuestEnvironmentTests {
    @Test func entriesEndWithNULAndTheBoxsOwnCountMost() {
        #expect(
            GuestEnvironment.entries([("A", "two\nlines"), ("LANG", "C"), ("EMPTY", "")])
                == "LANG=C.UTF-8\0PATH=\(Image.userPath)\0A=two\nlines\0LANG=C\0EMPTY=\0BOX_ENVIRONMENT=1\0")
    }

    @Test func whatMakesBashSayEveryLineIsLeftOut() {
        let text = GuestEnvironment.entries([("SHELLOPTS", "verbose"), ("BASHOPTS", "x"), ("UID", "7")])
        #expect(!text.contains("SHELLOPTS") && !text.contains("BASHOPTS") && text.contains("UID=7\0"))
    }

    @Test(arguments: ["bash", "dash"])
    func theScriptGivesExactValuesOnceWithoutAWord(_ shell: String) async throws {
        let value = "two\nlines \"d\" 's' $HOME `id` \\ \t é 😀 \u{1} "
        let script = GuestEnvironment.script([
            ("VALUE", value), ("UID", "7"), ("GROUPS", "x"), ("PPID", "1"), ("BASH_VERSINFO", "x"), ("SHELLOPTS", "x"),
        ])
        let line = script + "VALUE=\"$VALUE\"; printf %s \"$VALUE\"; VALUE=changed\n" + script + "printf %s \"$VALUE\""
        let said = try await Tool.run(shell, ["-c", "unset BOX_ENVIRONMENT; { \(line)\n} 2>&1"])
        #expect(said == value + "changed")
    }
}
