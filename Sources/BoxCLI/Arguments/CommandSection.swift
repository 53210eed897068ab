/// The headings under which help lists commands.
enum CommandSection {
    static let boxes = "Boxes"
    static let agents = "Agents"
    static let files = "Files and commands"
    static let account = "Account"
    static let server = "This machine"
    static let program = "This program"
}
