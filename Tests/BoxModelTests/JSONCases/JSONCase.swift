import BoxModel
import Testing

/// One JSON text and its expected result.
///
/// The names follow the public collections of JSON parsing tests: `y_` must be accepted, and `n_` must be refused. RFC
/// 8259 leaves `i_` open, so this project decides.
struct JSONCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let isAccepted: Bool
    /// The compact form in which an accepted text is written.
    let written: [UInt8]

    /// - Parameter writes: the form in which it is written; by default the text itself.
    init(_ name: String, _ text: String, writes: String? = nil) {
        self.init(name, bytes: Array(text.utf8), isAccepted: name.hasPrefix("y_"), writes: writes)
    }

    init(_ name: String, bytes: [UInt8], writes: String? = nil) {
        self.init(name, bytes: bytes, isAccepted: name.hasPrefix("y_"), writes: writes)
    }

    /// A case that the standard leaves open.
    ///
    /// - Parameter decision: the reason for the decision.
    static func accepted(_ name: String, _ text: String, writes: String? = nil, decision: String) -> JSONCase {
        JSONCase(name, bytes: Array(text.utf8), isAccepted: true, writes: writes)
    }

    static func refused(_ name: String, _ bytes: [UInt8], decision: String) -> JSONCase {
        JSONCase(name, bytes: bytes, isAccepted: false, writes: nil)
    }

    private init(_ name: String, bytes: [UInt8], isAccepted: Bool, writes: String?) {
        self.name = name
        self.bytes = bytes
        self.isAccepted = isAccepted
        written = writes.map { Array($0.utf8) } ?? bytes
    }

    var testDescription: String { name }
}

/// Runs the cases of every table.
struct JSONCaseTests {
    static let all =
        JSONCase.numbers + JSONCase.strings + JSONCase.surrogates + JSONCase.structure + JSONCase.depth
        + JSONCase.truncated + JSONCase.encoding + JSONCase.whitespace + JSONCase.duplicates

    @Test(arguments: all) func theTable(_ example: JSONCase) throws {
        guard example.isAccepted else {
            #expect(throws: JSONParseError.self) { try JSON.parse(example.bytes) }
            return
        }
        let value = try JSON.parse(example.bytes)
        #expect(value.compactBytes == example.written)
        #expect(Array(value.compact.utf8) == example.written)
        #expect(try JSON.parse(example.written) == value)
        #expect(try JSON.parse(value.pretty) == value)
    }

    @Test func everyCaseHasANameOfItsOwnThatSaysItsVerdict() {
        #expect(Set(Self.all.map(\.name)).count == Self.all.count)
        #expect(Self.all.count >= 180)
        for example in Self.all {
            #expect(example.name.firstMatch(of: /^(y|n|i)_[a-z]+_[a-z0-9_]+$/) != nil, "\(example.name)")
            #expect(!example.name.hasPrefix("y_") || example.isAccepted, "\(example.name)")
            #expect(!example.name.hasPrefix("n_") || !example.isAccepted, "\(example.name)")
        }
    }
}
