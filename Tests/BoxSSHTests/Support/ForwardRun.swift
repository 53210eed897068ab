import Glibc
import Synchronization
import Testing

@testable import BoxSSH

/// Runs a forwarder on its own thread, over one connection after the other.
final class ForwardRun: Sendable {
    let ports: [UInt16]
    private let shared: Shared
    private let worker: Worker<SSHError?>

    private final class Shared: Sendable {
        let refusals = Mutex<[ForwardRefusal]>([])
        let connections = Mutex(0)
        let listening = Mutex<[UInt16]>([])
        let error = Mutex<SSHError?>(nil)
        let isStopping = Mutex(false)
        let cpuSeconds = Mutex(0.0)
    }

    /// `@unchecked`: after the start only the worker uses it.
    private struct Handed: @unchecked Sendable {
        let forwarder: Forwarder
    }

    convenience init(
        _ server: SSHServer, to ports: UInt16..., remoteHost: String = "127.0.0.1", reconnects: Bool = false
    ) throws {
        let forwards = ports.map {
            PortForward(local: Endpoint(port: 0), remote: Endpoint(host: remoteHost, port: $0))
        }
        try self.init(server.target(), forwards, reconnects: reconnects)
    }

    /// - Parameter pauseMicroseconds: the pause between listening and the loop.
    init(
        _ target: SSHTarget, _ forwards: [PortForward], reconnects: Bool = false, pauseMicroseconds: UInt32 = 0
    ) throws {
        let forwarder = try Forwarder(forwards)
        self.ports = forwarder.forwards.map(\.listening.port)
        let shared = Shared()
        self.shared = shared
        let handed = Handed(forwarder: forwarder)
        worker = Worker {
            while true {
                defer { shared.cpuSeconds.withLock { $0 = threadSeconds() } }
                do {
                    let connection = try SSHConnection.connect(to: target)
                    shared.connections.withLock { $0 += 1 }
                    let loop = try handed.forwarder.start(over: connection) { _, refusal in
                        shared.refusals.withLock { $0.append(refusal) }
                    }
                    shared.listening.withLock { $0 = handed.forwarder.forwards.map(\.listening.port) }
                    usleep(pauseMicroseconds)
                    try loop.run()
                } catch {
                    shared.error.withLock { $0 = error as? SSHError }
                    if !reconnects || shared.isStopping.withLock({ $0 }) { return error as? SSHError }
                }
            }
        }
    }

    /// The port of the first forward.
    var port: UInt16 { ports[0] }
    var refusals: [ForwardRefusal] { shared.refusals.withLock { $0 } }
    var connections: Int { shared.connections.withLock { $0 } }

    /// The CPU time of the run's thread, once it has ended.
    var cpuSeconds: Double { shared.cpuSeconds.withLock { $0 } }

    /// The listening ports once the connection is made, including those in the box.
    func portsThere() throws -> [UInt16] {
        let isThere = eventually { shared.listening.withLock { !$0.isEmpty } || shared.error.withLock { $0 != nil } }
        try #require(isThere)
        if let error = shared.error.withLock({ $0 }) { throw error }
        return shared.listening.withLock { $0 }
    }

    func join() -> SSHError? { worker.join() }

    /// Stops the server, and with it the run. Returns the run's error.
    @discardableResult
    func stop(_ server: SSHServer) -> SSHError? {
        shared.isStopping.withLock { $0 = true }
        server.stop()
        return worker.join()
    }
}

private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
