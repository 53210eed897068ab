import BoxEngine
import CLinux
import Glibc

/// Finds out when a machine's sshd answers.
enum SSHProbe {
    /// Returns once the server at the address has sent an SSH banner. Throws when `alive` returns false.
    static func wait(for address: String, timeout: Double, alive: @Sendable () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(timeout)
        while ContinuousClock.now < deadline {
            if try await hasSSHServer(address, deadline: deadline) { return }
            guard alive() else { throw EngineError(.failed, "the box's sshd ended before it answered") }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw EngineError(.failed, "the box's sshd did not answer within \(Int(timeout)) s")
    }

    private static func hasSSHServer(_ address: String, deadline: ContinuousClock.Instant) async throws -> Bool {
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HostFiles.failure("open", "a socket") }
        defer { close(descriptor) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = in_port_t(22).bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        let result = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 || errno == EINPROGRESS else { return false }
        var banner = [UInt8](repeating: 0, count: 4)
        while ContinuousClock.now < deadline {
            let count = recv(descriptor, &banner, banner.count, Int32(MSG_PEEK))
            if count == 4 { return banner == Array("SSH-".utf8) }
            guard count < 0, errno == EAGAIN || errno == ENOTCONN else { return false }
            try await Task.sleep(for: .milliseconds(1))
        }
        return false
    }
}
