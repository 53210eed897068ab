import BoxArguments

/// `box local`: manages the server of this machine.
enum LocalGroup {
    static let spec = CommandSpec(
        "local", group: CommandSection.server, summary: "Run a Box server on this machine",
        discussion: """
            boxd is the server. `box local up` starts it, builds the image that boxes start from, makes an API key and \
            logs in; what needs root asks for it through sudo.
            """,
        examples: [
            ExampleSpec("box local up", "start it, and log in"),
            ExampleSpec("box local down", "stop the boxes and the server"),
        ])

    static let imageSpec = CommandSpec("image", group: "Commands", summary: "The image that boxes start from")
}
