import BoxClient
import BoxModel
import Glibc

extension World {
    /// This process's own.
    static func live() -> World {
        let environment = Self.liveEnvironment()
        return World(
            environment: environment, terminal: .live(environment: environment), input: StandardInput(),
            stdout: DescriptorSink(STDOUT_FILENO), stderr: DescriptorSink(STDERR_FILENO), transport: CurlTransport(),
            session: .live(), now: { Timestamp.now }, pause: { try await Task.sleep(for: $0) },
            processes: LiveProcesses(environment: environment), ssh: LiveSSH())
    }

    /// Names and values of environ(7).
    private static func liveEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }
}
