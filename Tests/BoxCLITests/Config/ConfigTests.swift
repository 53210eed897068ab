import BoxModel
import Glibc
import Testing

@testable import BoxCLI

/// The precedence of the option, the variable and the file, and the file itself.
@Suite struct ConfigTests {
    let fixture = CLIFixture(loggedIn: false)
    private let file = #"{"token":"box_file","api_url":"http://file.test","channel":"beta","other":[1]}"#

    @Test func theOptionGoesBeforeTheVariableBeforeTheFile() async throws {
        try fixture.writeConfig(file)
        _ = await fixture.run("config", "--json")
        #expect(try JSON.parse(fixture.out.text)["apiUrl"] == "http://file.test")
        fixture.set("BOX_API_URL", "http://variable.test")
        _ = await fixture.run("config", "--json")
        #expect(try JSON.parse(fixture.out.text)["apiUrl"] == "http://variable.test")
        _ = await fixture.run("config", "--json", "--api-url", "http://option.test")
        #expect(try JSON.parse(fixture.out.text)["apiUrl"] == "http://option.test")
        fixture.set("BOX_API_URL", "  ")
        _ = await fixture.run("config", "--json")
        #expect(try JSON.parse(fixture.out.text)["apiUrl"] == "http://file.test")
    }

    @Test func whereEachValueIsFrom() async throws {
        _ = await fixture.run("config", "--show-origin", "--json")
        #expect(
            try JSON.parse(fixture.out.text)["origins"] == [
                "apiUrl": ["source": "default"], "token": nil, "channel": nil,
            ])
        try fixture.writeConfig(file)
        fixture.set("BOX_API_KEY", "box_variable")
        _ = await fixture.run("config", "--show-origin", "--json", "--api-url", "http://option.test")
        #expect(
            try JSON.parse(fixture.out.text)["origins"] == [
                "apiUrl": ["source": "option", "name": "--api-url"],
                "token": ["source": "environment", "name": "BOX_API_KEY"], "channel": ["source": "file"],
            ])
        _ = await fixture.run("config", "--show-origin")
        #expect(
            fixture.out.text == """
                  file       \(fixture.configPath)
                  server     http://file.test (\(fixture.configPath))
                  logged in  yes (BOX_API_KEY)
                  channel    beta (\(fixture.configPath))

                """)
        #expect(!fixture.out.text.contains("box_variable"))
    }

    @Test func withoutTheOptionTheShapeIsTheDocumentedOne() async throws {
        _ = await fixture.run("config", "--json")
        #expect(
            fixture.out.text == #"{"path":"\#(fixture.configPath)","apiUrl":null,"channel":null,"loggedIn":false}"#
                + "\n")
    }

    @Test func aDirectoryInPlaceOfTheFileIsNamed() async throws {
        try Files.makeDirectory(fixture.configPath)
        #expect(await fixture.run("list", "--json") == 1)
        #expect(fixture.out.text.contains("\(fixture.configPath) is a directory and no regular file. move it away"))
    }
}
