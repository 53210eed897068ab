import FoundationEssentials
import Glibc

/// A directory for one test. Its creator removes it.
struct Scratch: Sendable {
    let path: String

    init() throws {
        path = "/tmp/box-server-tests-\(getpid())-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Whether any file in the directory contains the text, byte for byte.
    func contains(_ text: String) throws -> Bool {
        let needle = Data(text.utf8)
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let data = FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data()
            if data.firstRange(of: needle) != nil { return true }
        }
        return false
    }
}

/// Waits until the condition holds, for at most thirty seconds, because a machine can be busy.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(2))
    }
    return false
}
