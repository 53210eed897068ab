import Glibc
import Synchronization

/// A proxy to a server on loopback that damages the bytes: simulated network trouble, in front of a real sshd.
final class FaultyLine: Sendable {
    enum Fault: Sendable, CaseIterable {
        /// The connection is closed.
        case cut
        /// One bit is flipped.
        case corrupt
        /// Nothing arrives any more, without an error.
        case silence
    }

    enum Direction: Sendable, CaseIterable { case toServer, toClient }

    /// The fault, and the byte and direction before which it happens.
    struct Plan: Sendable, CustomStringConvertible {
        var fault: Fault
        var direction: Direction
        var position: Int
        var description: String { "\(fault) \(direction) at \(position)" }
    }

    private let service: TCPService
    private let counts: Counts

    private final class Counts: Sendable {
        let carried = Mutex([Direction: Int]())
    }

    /// - Parameters:
    ///   - plan: nil for a line without faults.
    ///   - piece: the most bytes at a time, each time after the pause.
    init(to port: UInt16, plan: Plan? = nil, piece: Int = 65536, pauseMicroseconds: UInt32 = 0) throws {
        let counts = Counts()
        self.counts = counts
        service = try TCPService { client in
            let server = dial(port)
            guard server >= 0 else { return }
            let carry = { @Sendable (direction: Direction, from: Int32, to: Int32) in
                var buffer = [UInt8](repeating: 0, count: piece)
                var done = 0
                while true {
                    let count = read(from, &buffer, buffer.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { break }
                    if pauseMicroseconds > 0 { usleep(pauseMicroseconds) }
                    var length = count
                    if let plan, plan.direction == direction, (done..<done + count).contains(plan.position) {
                        switch plan.fault {
                        case .cut: length = plan.position - done
                        case .corrupt: buffer[plan.position - done] ^= 0x10
                        case .silence: length = plan.position - done
                        }
                    }
                    buffer[..<length].withUnsafeBytes { writeEverything(to, $0) }
                    done += count
                    counts.carried.withLock { $0[direction, default: 0] += count }
                    if length < count {
                        if plan?.fault == .silence {
                            // Until the other side closes.
                            while read(from, &buffer, buffer.count) > 0 {}
                        }
                        break
                    }
                }
                // Both ends of both sockets, since a cut affects both sides.
                if plan?.fault == .cut, plan?.direction == direction {
                    for fd in [client, server] { shutdown(fd, Int32(SHUT_RDWR)) }
                } else {
                    shutdown(to, Int32(SHUT_WR))
                }
            }
            let back = Worker { carry(.toClient, server, client) }
            carry(.toServer, client, server)
            if plan?.fault == .silence { shutdown(server, Int32(SHUT_RDWR)) }
            back.join()
            close(server)
        }
    }

    var port: UInt16 { service.port }

    /// The number of bytes that were carried in one direction.
    func carried(_ direction: Direction) -> Int { counts.carried.withLock { $0[direction] ?? 0 } }

    func stop() { service.stop() }
}
