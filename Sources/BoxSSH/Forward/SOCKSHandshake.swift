/// The handshake of a SOCKS client: SOCKS 4 and 4a, or SOCKS 5 (RFC 1928) without a password. It supports only CONNECT.
struct SOCKSHandshake {
    enum Step: Equatable {
        /// More bytes must arrive first.
        case needsMore
        case reply([UInt8])
        case connect(Endpoint)
        /// The last bytes to send to this client.
        case refuse([UInt8])
    }

    private enum Version { case four, five }

    /// No handshake message is longer: a SOCKS 4a request has two texts of up to 255 bytes.
    static let limit = 600

    private var bytes: [UInt8] = []
    private var version: Version?

    /// The bytes after the request, which belong to the destination.
    var rest: [UInt8] { bytes }

    mutating func append(_ new: some Sequence<UInt8>) { bytes += new }

    mutating func next() -> Step {
        guard let first = bytes.first else { return .needsMore }
        let step: Step?
        switch (version, first) {
        case (nil, 4), (.four, 4): step = request4()
        case (nil, 5): step = methodSelection()
        case (.five, 5): step = request5()
        default: step = .refuse([])
        }
        return step ?? (bytes.count < Self.limit ? .needsMore : .refuse([]))
    }

    /// The answer to the request: it is connected, or the reason why not.
    func answer(_ refusal: ForwardRefusal?) -> [UInt8] {
        guard version == .five else { return [0, refusal == nil ? 0x5A : 0x5B, 0, 0, 0, 0, 0, 0] }
        let code: UInt8 =
            switch refusal {
            case nil: 0
            case .connectionRefused: 5
            case .notAllowed: 2
            case .other: 1
            }
        return Self.reply5(code)
    }

    // MARK: SOCKS 4

    private mutating func request4() -> Step? {
        guard bytes.count > 8, let userEnd = bytes[8...].firstIndex(of: 0) else { return nil }
        version = .four
        guard bytes[1] == 1 else { return .refuse(answer(.notAllowed)) }
        let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        let address = bytes[4..<8]
        // An address 0.0.0.x with x other than 0 means that a host name follows the user (SOCKS 4a).
        guard address.prefix(3).allSatisfy({ $0 == 0 }), address.last != 0 else {
            bytes.removeFirst(userEnd + 1)
            return connect(Self.dotted(address), port)
        }
        guard let hostEnd = bytes[(userEnd + 1)...].firstIndex(of: 0) else { return nil }
        let host = String(decoding: bytes[(userEnd + 1)..<hostEnd], as: UTF8.self)
        bytes.removeFirst(hostEnd + 1)
        return connect(host, port)
    }

    // MARK: SOCKS 5

    private mutating func methodSelection() -> Step? {
        guard bytes.count >= 2, bytes.count >= 2 + Int(bytes[1]) else { return nil }
        let offersNothing = bytes[2..<2 + Int(bytes[1])].contains(0)
        bytes.removeFirst(2 + Int(bytes[1]))
        version = .five
        return offersNothing ? .reply([5, 0]) : .refuse([5, 0xFF])
    }

    private mutating func request5() -> Step? {
        guard bytes.count >= 5 else { return nil }
        guard bytes[1] == 1 else { return .refuse(Self.reply5(7)) }
        let host: Range<Int>
        switch bytes[3] {
        case 1: host = 4..<8
        case 3: host = 5..<5 + Int(bytes[4])
        case 4: host = 4..<20
        default: return .refuse(Self.reply5(8))
        }
        guard bytes.count >= host.upperBound + 2 else { return nil }
        let name =
            switch bytes[3] {
            case 1: Self.dotted(bytes[host])
            case 3: String(decoding: bytes[host], as: UTF8.self)
            default: Self.groups(bytes[host])
            }
        let port = UInt16(bytes[host.upperBound]) << 8 | UInt16(bytes[host.upperBound + 1])
        bytes.removeFirst(host.upperBound + 2)
        return connect(name, port)
    }

    private static func reply5(_ code: UInt8) -> [UInt8] { [5, code, 0, 1, 0, 0, 0, 0, 0, 0] }

    // MARK: Both

    /// Checks the host name. An invalid one must not reach the server, which would log it.
    private func connect(_ host: String, _ port: UInt16) -> Step {
        let isName = !host.isEmpty && host.utf8.count <= 255 && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isName ? .connect(Endpoint(host: host, port: port)) : .refuse(answer(.other("")))
    }

    private static func dotted(_ bytes: ArraySlice<UInt8>) -> String { bytes.map(String.init).joined(separator: ".") }

    private static func groups(_ bytes: ArraySlice<UInt8>) -> String {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: 2)
            .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
    }
}
