import BoxClient
import BoxModel
import Glibc

extension Dependencies {
    /// The dependencies of this process.
    static func live() -> Dependencies {
        let environment = Self.liveEnvironment()
        return Dependencies(
            environment: environment, terminal: .live(environment: environment), input: StandardInput(),
            stdout: DescriptorSink(STDOUT_FILENO), stderr: DescriptorSink(STDERR_FILENO),
            transport: CurlTransport(usesCallersThread: true),
            session: .live(), now: { Timestamp.now }, pause: { try await Task.sleep(for: $0) },
            processes: LiveProcesses(environment: environment), ssh: LiveSSH(), machine: hostName)
    }

    static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "here" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The names and values of environ(7).
    private static func liveEnvironment() -> [String: String] {
        var variables = [String: String](minimumCapacity: 64)
        var entry = environ
        while let pointer = entry.pointee {
            if let equals = strchr(pointer, Int32(UInt8(ascii: "="))) {
                let name = UnsafeRawBufferPointer(start: pointer, count: equals - pointer)
                variables[String(decoding: name, as: UTF8.self)] = String(cString: equals + 1)
            }
            entry += 1
        }
        return variables
    }
}
