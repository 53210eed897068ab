import BoxEngine
import BoxSystem
import Glibc

/// The boxes' private IPv4 network: a /20.
struct Subnet: Sendable, Equatable, CustomStringConvertible {
    /// The network's address in host byte order, its low 12 bits zero.
    let base: UInt32
    static let prefixLength = 20

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1] == "\(Self.prefixLength)", let address = Self.address(String(parts[0])),
            address & 0xFFF == 0
        else { return nil }
        base = address
    }

    init(base: UInt32) { self.base = base }

    var description: String { "\(Self.text(base))/\(Self.prefixLength)" }
    var gateway: String { Self.text(base + 1) }
    /// The addresses to which boxes send DNS queries: the gateway for the host's first name server, and a second one
    /// for its other name servers. So a box's resolver tries the next server as the host's does. No slot has the second
    /// address.
    var resolverAddresses: [String] { [gateway, Self.text(base + 4094)] }
    func address(of slot: Int) -> String { Self.text(base + 1 + UInt32(slot)) }

    /// A machine's hardware address is fixed like its IP address, so that no neighbour table is ever out of date. The
    /// second bit of the first byte marks a locally administered address.
    func hardwareAddress(of slot: Int) -> String {
        "02:b0:00:00:"
            + [slot >> 8, slot & 0xFF].map { [UInt8($0)].hexadecimal }.joined(separator: ":")
    }

    /// The networks to choose from when none is configured. Routers, VPNs and other container engines rarely use them.
    static var candidates: [Subnet] { (201...250).map { Subnet(base: 10 << 24 | $0 << 16) } }

    /// The first candidate that is free. See ``isFree(routes:)``.
    static func firstFree(routes: String) -> Subnet? { candidates.first { $0.isFree(routes: routes) } }

    /// Whether the network overlaps no route but the default one.
    ///
    /// - Parameter routes: the text of `/proc/net/route`, without the routes of boxd's own interfaces.
    func isFree(routes: String) -> Bool {
        !routes.split(separator: "\n").dropFirst().contains { line in
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count > 7, let destination = UInt32(fields[1], radix: 16),
                let mask = UInt32(fields[7], radix: 16),
                mask != 0
            else { return false }
            let common = mask.byteSwapped & 0xFFFF_F000
            return destination.byteSwapped & common == base & common
        }
    }

    private static func address(_ text: String) -> UInt32? {
        var address = in_addr()
        guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
        return UInt32(bigEndian: address.s_addr)
    }

    private static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { String(address >> UInt32($0) & 0xFF) }.joined(separator: ".")
    }
}
