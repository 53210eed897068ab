import Testing

@testable import BoxModel

struct EnvironmentRulesTests {
    private func problem(_ variables: (String, String)...) -> String? {
        EnvironmentRules.problem(in: variables.map { (name: $0.0, value: $0.1) })
    }

    @Test(arguments: ["A", "_", "_1", "a1_B", "PATH", String(repeating: "N", count: 128)])
    func validNames(_ name: String) { #expect(problem((name, "v")) == nil) }

    @Test(arguments: [
        "", "1A", "A-B", "A B", "A=B", "A.B", "é", "Aé", "A\u{301}", "A\0", "A\n", " A", "Ａ",
        String(repeating: "N", count: 129),
    ])
    func invalidNames(_ name: String) {
        #expect(problem((name, "v"))?.contains("is not valid") == true)
    }

    @Test func aVeryLongNameIsNotQuotedWhole() {
        #expect(problem((String(repeating: "-", count: 60_000), ""))!.utf8.count < 400)
    }

    @Test(arguments: [
        "ASCII_TOKEN", "ASCII_API_URL", "AGENT_ID", "PRODUCT_MODE", "ENVIRONMENT_ID", "BOX_ID", "SERVICE_PREVIEW_TOKEN",
        "BOX_CLI_TOKEN",
    ])
    func reservedNames(_ name: String) {
        #expect(problem((name, "v")) == "env name \"\(name)\" is reserved")
        #expect(problem((name.lowercased(), "v")) == nil, "names are case-sensitive")
        #expect(problem((name + "_", "v")) == nil)
    }

    @Test func atMostAHundredVariables() {
        func variables(_ count: Int) -> [(name: String, value: String)] { (0..<count).map { ("V\($0)", "") } }
        #expect(EnvironmentRules.problem(in: variables(100)) == nil)
        #expect(EnvironmentRules.problem(in: variables(101)) == "env has 101 variables; at most 100 are allowed")
        #expect(EnvironmentRules.problem(in: []) == nil)
    }

    @Test func namesAndValuesTogetherAreAtMost64KiBInBytes() {
        #expect(problem(("A", String(repeating: "x", count: 65_535))) == nil)
        #expect(
            problem(("A", String(repeating: "x", count: 65_536))) == "env is 65537 bytes; at most 65536 are allowed")
        #expect(
            problem(("A", String(repeating: "é", count: 32_768))) == "env is 65537 bytes; at most 65536 are allowed")
    }

    @Test func valuesMayHoldAnythingButNUL() {
        #expect(problem(("A", ""), ("B", "a\nb\t'\"$`\\ é😀\u{1}")) == nil)
        #expect(problem(("A", "x\0y")) == "env value of \"A\" has a NUL byte")
    }
}
