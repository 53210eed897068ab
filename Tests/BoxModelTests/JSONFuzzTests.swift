import Glibc
import Testing

@testable import BoxModel

/// SplitMix64: the same numbers in every run, so that a failure can be reproduced.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct JSONFuzzTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func randomValuesComeBackEqual(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let value = Self.value(depth: 5, &random)
            // Bytes, because Swift considers strings equal that differ only in their Unicode normal form.
            let bytes = value.compactBytes
            let parsed = try JSON.parse(bytes)
            #expect(parsed == value)
            #expect(parsed.compactBytes == bytes)
            #expect(try JSON.parse(value.pretty).compactBytes == bytes)
            #expect(Array(value.compact.utf8) == bytes)
        }
    }

    /// Random and damaged texts are parsed or refused, and a parsed value can be written and parsed again.
    ///
    /// `BOX_FUZZ_BYTES` is the number of bytes that all seeds test together. It is a million by default, and ten
    /// million with `make fuzz`.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func hostileTextsNeverCrash(_ seed: UInt64) async {
        var random = SeededGenerator(seed: seed)
        var fuzzer = JSONFuzzer(corpus: JSONCaseTests.all.map(\.bytes).filter { $0.count < 2000 })
        var rest = (getenv("BOX_FUZZ_BYTES").flatMap { Int(String(cString: $0)) } ?? 1_000_000) / 4
        while rest > 0 {
            // Other tests that wait for something run at the same time.
            await Task.yield()
            let bytes = fuzzer.next(&random)
            rest -= max(bytes.count, 1)
            guard let value = try? JSON.parse(bytes) else { continue }
            let written = value.compactBytes
            guard let again = try? JSON.parse(written), again == value, again.compactBytes == written else {
                Issue.record("seed \(seed): what was read of \(bytes) doesn't come back")
                return
            }
        }
    }

    static func value(depth: Int, _ random: inout SeededGenerator) -> JSON {
        switch Int.random(in: depth > 0 ? 0...7 : 0...4, using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(number(&random))
        case 3: return .string(text(&random))
        case 4: return .escapedString(#"x\ud8\#(Int.random(in: 10...99, using: &random))y"#)
        case 5, 6:
            return .array((0..<Int.random(in: 0...5, using: &random)).map { _ in value(depth: depth - 1, &random) })
        default:
            return .object(
                JSONObject(
                    (0..<Int.random(in: 0...5, using: &random)).map { _ in
                        (text(&random), value(depth: depth - 1, &random))
                    }))
        }
    }

    private static func number(_ random: inout SeededGenerator) -> String {
        var text = Bool.random(using: &random) ? "-" : ""
        text += Bool.random(using: &random) ? "0" : "\(UInt64.random(in: 1 ... .max, using: &random))"
        if Bool.random(using: &random) { text += ".\(UInt32.random(in: 0 ... .max, using: &random))0" }
        if Bool.random(using: &random) {
            text +=
                ["e", "E", "e+", "E-"].randomElement(using: &random)!
                + "\(UInt16.random(in: 0 ... .max, using: &random))"
        }
        return text
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let limit: UInt32 = [0x80, 0x800, 0x1_0000, 0x11_0000].randomElement(using: &random)!
            scalars.append(Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) ?? "\u{FFFD}")
        }
        return String(scalars)
    }
}
