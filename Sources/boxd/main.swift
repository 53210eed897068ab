import BoxArguments
import BoxEngine
import BoxSystem
import Glibc

signal(SIGPIPE, SIG_IGN)
CrashReport.leaveOut()
do {
    switch try CommandParser(root: Boxd.spec).parse(Array(CommandLine.arguments.dropFirst())) {
    case .help(let path): Boxd.emit(HelpText(path: path).text, to: .output)
    case .run(let parsed): try await Boxd.run(parsed)
    }
} catch let error as UsageError {
    Boxd.emit("boxd: \(error)\n", to: .error)
    exit(2)
} catch {
    Boxd.emit("boxd: \(error)\n", to: .error)
    exit(1)
}
