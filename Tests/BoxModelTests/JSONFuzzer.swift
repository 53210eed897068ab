@testable import BoxModel

/// Generates texts that are nearly JSON: damaged and spliced known texts, and random bytes that matter to parsers.
struct JSONFuzzer {
    private var corpus: [[UInt8]]
    private static let likely =
        Array(#"{}[]:,"\u0123456789abcdefD.eE+-tfn "#.utf8) + [0xC3, 0xA9, 0xED, 0xA0, 0xFF, 0x00]

    init(corpus: [[UInt8]]) { self.corpus = corpus }

    mutating func next(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8]
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            return (0..<Int.random(in: 0...60, using: &random)).map { _ in Self.byte(&random) }
        case 1:
            return (0..<Int.random(in: 0...60, using: &random)).map { _ in .random(in: .min ... .max, using: &random) }
        case 2:
            bytes = JSONFuzzTests.value(depth: 4, &random).compactBytes
            // Recently generated texts are damaged again.
            if bytes.count < 2000 { corpus[Int.random(in: 0..<corpus.count, using: &random)] = bytes }
        default:
            bytes = corpus.randomElement(using: &random) ?? []
        }
        for _ in 0..<Int.random(in: 0...4, using: &random) { damage(&bytes, &random) }
        return bytes
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        let end = Int.random(in: at...min(bytes.count, at + 12), using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0 where at < bytes.count: bytes[at] = .random(in: .min ... .max, using: &random)
        case 1 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.insert(Self.byte(&random), at: at)
        case 3: bytes.removeSubrange(at..<end)
        case 4: bytes.insert(contentsOf: bytes[at..<end], at: at)
        case 5: bytes.removeSubrange(at...)
        default: bytes.insert(contentsOf: (corpus.randomElement(using: &random) ?? []).prefix(40), at: at)
        }
    }

    private static func byte(_ random: inout SeededGenerator) -> UInt8 {
        likely[Int.random(in: 0..<likely.count, using: &random)]
    }
}
