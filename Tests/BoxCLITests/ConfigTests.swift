import BoxModel
import Glibc
import Testing

@testable import BoxCLI

/// The precedence of the option, the variable and the file, and the file itself.
@Suite struct ConfigTests {
    let world = TestWorld(loggedIn: false)
    private let file = #"{"token":"box_file","api_url":"http://file.test","channel":"beta","other":[1]}"#

    @Test func theOptionGoesBeforeTheVariableBeforeTheFile() async throws {
        try world.writeConfig(file)
        _ = await world.run("config", "--json")
        #expect(try JSON.parse(world.out.text)["apiUrl"] == "http://file.test")
        world.set("BOX_API_URL", "http://variable.test")
        _ = await world.run("config", "--json")
        #expect(try JSON.parse(world.out.text)["apiUrl"] == "http://variable.test")
        _ = await world.run("config", "--json", "--api-url", "http://option.test")
        #expect(try JSON.parse(world.out.text)["apiUrl"] == "http://option.test")
        world.set("BOX_API_URL", "  ")
        _ = await world.run("config", "--json")
        #expect(try JSON.parse(world.out.text)["apiUrl"] == "http://file.test")
    }

    @Test func whereEachValueIsFrom() async throws {
        _ = await world.run("config", "--show-origin", "--json")
        #expect(
            try JSON.parse(world.out.text)["origins"] == [
                "apiUrl": ["source": "default"], "token": nil, "channel": nil,
            ])
        try world.writeConfig(file)
        world.set("BOX_API_KEY", "box_variable")
        _ = await world.run("config", "--show-origin", "--json", "--api-url", "http://option.test")
        #expect(
            try JSON.parse(world.out.text)["origins"] == [
                "apiUrl": ["source": "option", "name": "--api-url"],
                "token": ["source": "environment", "name": "BOX_API_KEY"], "channel": ["source": "file"],
            ])
        _ = await world.run("config", "--show-origin")
        #expect(
            world.out.text == """
                  file       \(world.configPath)
                  server     http://file.test (\(world.configPath))
                  logged in  yes (BOX_API_KEY)
                  channel    beta (\(world.configPath))

                """)
        #expect(!world.out.text.contains("box_variable"))
    }

    @Test func withoutTheOptionTheShapeIsTheDocumentedOne() async throws {
        _ = await world.run("config", "--json")
        #expect(
            world.out.text == #"{"path":"\#(world.configPath)","apiUrl":null,"channel":null,"loggedIn":false}"# + "\n")
    }

    @Test func aDirectoryInPlaceOfTheFileIsNamed() async throws {
        try Files.makeDirectory(world.configPath)
        #expect(await world.run("list", "--json") == 1)
        #expect(world.out.text.contains("\(world.configPath) is a directory and no regular file. move it away"))
    }
}
