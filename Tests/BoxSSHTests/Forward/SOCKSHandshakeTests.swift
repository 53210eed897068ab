import Testing

@testable import BoxSSH

struct SOCKSHandshakeTests {
    /// Every step of a handshake whose bytes arrive in pieces of that size.
    private func steps(_ bytes: [UInt8], piece: Int) -> (steps: [SOCKSHandshake.Step], rest: [UInt8]) {
        var handshake = SOCKSHandshake()
        var steps: [SOCKSHandshake.Step] = []
        var left = bytes[...]
        while !left.isEmpty {
            handshake.append(left.prefix(piece))
            left = left.dropFirst(piece)
            while true {
                let step = handshake.next()
                if step == .needsMore { break }
                steps.append(step)
                if case .reply = step { continue }
                return (steps, handshake.rest + left)
            }
        }
        return (steps, handshake.rest)
    }

    private static let greeting: [UInt8] = [5, 2, 1, 0]
    private static func request(_ kind: UInt8, _ address: [UInt8]) -> [UInt8] {
        greeting + [5, 1, 0, kind] + address + [0x1F, 0x90]
    }
    private static func host(_ host: String) -> SOCKSHandshake.Step {
        .connect(Endpoint(host: host, port: 8080))
    }

    @Test(arguments: [
        (request(1, [10, 0, 0, 7]), "10.0.0.7"),
        (request(3, [11] + "db.internal".utf8), "db.internal"),
        (request(4, [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]), "2001:db8:0:0:0:0:0:1"),
    ])
    func version5(_ bytes: [UInt8], _ name: String) {
        for piece in [1, 3, 1000] {
            let (steps, rest) = steps(bytes + [42, 43], piece: piece)
            #expect(steps == [.reply([5, 0]), Self.host(name)])
            #expect(rest == [42, 43])
        }
    }

    @Test(
        arguments: [
            ([4, 1, 0x1F, 0x90, 10, 0, 0, 7, 0], "10.0.0.7"),
            ([4, 1, 0x1F, 0x90, 10, 0, 0, 7] + Array("me".utf8) + [0], "10.0.0.7"),
            ([4, 1, 0x1F, 0x90, 0, 0, 0, 1] + Array("me".utf8) + [0] + Array("db.internal".utf8) + [0], "db.internal"),
            ([4, 1, 0x1F, 0x90, 0, 0, 0, 0, 0], "0.0.0.0"),
        ] as [([UInt8], String)])
    func version4(_ bytes: [UInt8], _ name: String) {
        for piece in [1, 3, 1000] {
            let (steps, rest) = steps(bytes + [42], piece: piece)
            #expect(steps == [Self.host(name)])
            #expect(rest == [42])
        }
    }

    @Test(
        arguments: [
            // An unknown version, BIND, only passwords, an unknown kind of address, and invalid names.
            ([71, 69, 84], []), ([4, 2, 0, 80, 1, 2, 3, 4, 0], [0, 0x5B, 0, 0, 0, 0, 0, 0]), ([5, 1, 2], [5, 0xFF]),
            (greeting + [5, 2, 0, 1, 1, 2, 3, 4, 0, 80], [5, 7, 0, 1, 0, 0, 0, 0, 0, 0]),
            (greeting + [5, 1, 0, 9, 1, 2, 3, 4, 0, 80], [5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),
            (request(3, [3, 97, 10, 98]), [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
            (request(3, [0]), [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]), (greeting + [4], []),
            ([4, 1, 0, 80, 0, 0, 0, 1, 0, 0], [0, 0x5B, 0, 0, 0, 0, 0, 0]),
        ] as [([UInt8], [UInt8])])
    func whatIsRefused(_ bytes: [UInt8], _ words: [UInt8]) {
        #expect(steps(bytes, piece: 1).steps.last == .refuse(words))
    }

    @Test func anEndlessUserIsRefused() {
        let (steps, _) = steps([4, 1, 0, 80, 1, 2, 3, 4] + [UInt8](repeating: 97, count: 1000), piece: 7)
        #expect(steps == [.refuse([])])
    }

    @Test func answers() throws {
        var five = SOCKSHandshake()
        five.append(Self.greeting)
        _ = five.next()
        let refusals: [ForwardRefusal?] = [nil, .connectionRefused, .notAllowed, .other("x")]
        #expect(refusals.map { five.answer($0)[1] } == [0, 5, 2, 1])
        #expect(SOCKSHandshake().answer(nil) == [0, 0x5A, 0, 0, 0, 0, 0, 0])
        #expect(SOCKSHandshake().answer(.connectionRefused)[1] == 0x5B)
    }

    /// For any bytes the handshake ends, and it consumes each byte at most once.
    @Test func noiseIsHarmless() {
        for seed in 1...2000 {
            var bytes = noise(64, seed: UInt64(seed))
            if seed % 2 == 0 { bytes[0] = UInt8(4 + seed / 2 % 2) }
            #expect(steps(bytes, piece: 1 + seed % 9).rest.count <= bytes.count)
        }
    }
}
