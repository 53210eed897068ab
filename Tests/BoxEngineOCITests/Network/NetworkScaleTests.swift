import Glibc
import HostTools
import Logging
import Testing

@testable import BoxEngineOCI

/// Tests more machines than a bridge has ports (1,023) or a neighbour table has entries (1,024).
///
/// The machines are processes that sleep in their own namespaces. The test needs root and a separate network namespace,
/// which `scripts/unit` provides.
@Suite(.enabled(if: getenv("BOX_TEST_NETWORK_NAMESPACE") != nil))
struct NetworkScaleTests {
    private static let count = getenv("BOX_TEST_MACHINES").flatMap { Int(String(cString: $0)) } ?? 1100

    @Test func machinesHaveNetwork() async throws {
        let network = Network(
            configuration: OCIEngineConfiguration(dataDirectory: "/nowhere", instance: "scale"),
            subnet: try #require(Subnet("10.201.0.0/20")), logger: Logger(label: "test"))
        try await network.setUp(running: [])
        var sleepers: [pid_t] = []
        defer { for process in sleepers { kill(process, SIGKILL) } }
        var slowest = Duration.zero
        for slot in 1...Self.count {
            let process = try await sleeper()
            sleepers.append(process)
            let began = ContinuousClock.now
            async let admitted: Void = network.admit(id(slot), slot: slot)
            try await network.connect(id(slot), slot: slot, process: process)
            try await admitted
            slowest = max(slowest, ContinuousClock.now - began)
        }
        // The machine's own kernel sends the refusal, so packets travelled both ways.
        for slot in 1...Self.count {
            #expect(reach(network.subnet.address(of: slot)) == ECONNREFUSED, "machine \(slot)")
        }
        #expect(slowest < .seconds(2), "the last ones are attached as fast as the first ones")
        // Recreated rules contain all machines.
        await network.disconnect(id(7), slot: 7)
        try await Tool.run("nft", ["flush", "ruleset"])
        try await network.admit(id(7), slot: 7)
        let list = try await Tool.run("nft", ["list", "set", "inet", "boxd_scale", "boxes"])
        #expect(list.split(separator: "\"").filter { $0.hasPrefix("scale-") }.count == Self.count)
        for slot in [1, 1024, Self.count] { #expect(reach(network.subnet.address(of: slot)) == ECONNREFUSED) }
        #expect(reach(network.subnet.address(of: 7)) != ECONNREFUSED, "it was detached")
        await network.tearDown()
        for process in sleepers { kill(process, SIGKILL) }
    }

    private func id(_ slot: Int) -> String {
        let digits = String(slot)
        return "bx_" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Starts a process in its own user and network namespace.
    private func sleeper() async throws -> pid_t {
        let text = try await Tool.run(
            "sh", ["-c", "unshare --user --map-root-user --net sleep 600 </dev/null >/dev/null 2>&1 & echo $!"])
        let process = try #require(pid_t(text.filter(\.isNumber)))
        while HostFiles.read("/proc/\(process)/comm") != "sleep\n" { try await Task.sleep(for: .milliseconds(1)) }
        return process
    }

    /// The error of a TCP connection to a port without a listener.
    private func reach(_ address: String) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = in_port_t(9).bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        let result = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 ? 0 : errno
    }
}
