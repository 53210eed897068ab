import BoxArguments
import BoxEngine
import BoxSystem
import Glibc

signal(SIGPIPE, SIG_IGN)
CrashReport.leaveOut()
do {
    switch try CommandParser(root: Boxd.spec).parse(Array(CommandLine.arguments.dropFirst())) {
    case .help(let path): Boxd.say(HelpText(path: path).text, to: .output)
    case .run(let parsed): try await Boxd.run(parsed)
    }
} catch let error as UsageError {
    Boxd.say("boxd: \(error)\n", to: .error)
    exit(2)
} catch {
    Boxd.say("boxd: \(error)\n", to: .error)
    exit(1)
}
