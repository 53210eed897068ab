import Glibc
import Synchronization
import Testing

@testable import BoxSSH

/// A forwarder at work on a thread of its own, over one connection after the other.
final class ForwardRun: Sendable {
    let ports: [UInt16]
    private let shared: Shared
    private let worker: Worker<SSHError?>

    private final class Shared: Sendable {
        let refusals = Mutex<[ForwardRefusal]>([])
        let connections = Mutex(0)
        let isStopping = Mutex(false)
        let cpuSeconds = Mutex(0.0)
    }

    /// Neither is touched by two threads at once: the worker takes both over.
    private struct Handed: @unchecked Sendable {
        let forwarder: Forwarder
    }

    init(_ server: SSHServer, to ports: UInt16..., remoteHost: String = "127.0.0.1", reconnects: Bool = false) throws {
        let forwarder = try Forwarder(
            ports.map {
                PortForward(local: ForwardEndpoint(port: 0), remote: ForwardEndpoint(host: remoteHost, port: $0))
            })
        self.ports = forwarder.forwards.map(\.local.port)
        let shared = Shared()
        self.shared = shared
        let handed = Handed(forwarder: forwarder)
        worker = Worker {
            while true {
                defer { shared.cpuSeconds.withLock { $0 = threadSeconds() } }
                do {
                    let connection = try SSHConnection.connect(to: server.target())
                    shared.connections.withLock { $0 += 1 }
                    try handed.forwarder.carry(over: connection) { _, refusal in
                        shared.refusals.withLock { $0.append(refusal) }
                    }
                } catch {
                    if !reconnects || shared.isStopping.withLock({ $0 }) { return error as? SSHError }
                }
            }
        }
    }

    /// The first forward's.
    var port: UInt16 { ports[0] }
    var refusals: [ForwardRefusal] { shared.refusals.withLock { $0 } }
    var connections: Int { shared.connections.withLock { $0 } }

    /// What the run's thread has used, when it has ended.
    var cpuSeconds: Double { shared.cpuSeconds.withLock { $0 } }

    func join() -> SSHError? { worker.join() }

    /// Ends the server, and with it the run; says how it ended.
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
