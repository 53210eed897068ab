import BoxModel
import Testing

@testable import BoxEngineOCI

struct MachineRecordTests {
    private let record = MachineRecord(
        id: "bx_8pqt6dup", slot: 4092, image: "bookworm-1",
        layers: [.init(id: "a", idBase: 0), .init(id: "b", idBase: .max), .init(id: "c", idBase: 0x7FFF_0000)])

    @Test func aRecordComesBackFromItsText() throws {
        #expect(MachineRecord(json: try JSON.parse(record.json.compact)) == record)
        let plain = MachineRecord(id: "bx_22222222", slot: 1, image: "i", layers: [])
        #expect(MachineRecord(json: try JSON.parse(plain.json.pretty)) == plain)
    }

    @Test func theNamesInTheFileAreFixed() {
        // Files of an earlier boxd have these names.
        #expect(
            record.json.compact
                == #"{"id":"bx_8pqt6dup","slot":4092,"image":"bookworm-1","layers":[{"id":"a","idBase":0},{"id":"b","idBase":4294967295},{"id":"c","idBase":2147418112}]}"#
        )
    }

    @Test func whatAnEarlierBoxdDidNotKnowIsKept() throws {
        var record = record
        record.layers[1].isWhole = true
        record.hasIdentity = true
        #expect(
            record.json.compact.hasSuffix(
                #"{"id":"b","idBase":4294967295,"whole":true},{"id":"c","idBase":2147418112}],"identity":true}"#))
        #expect(MachineRecord(json: try JSON.parse(record.json.compact)) == record)
    }

    @Test func membersOfALaterVersionAreIgnored() throws {
        var object = try #require(record.json.object)
        object["future"] = ["x": 1]
        #expect(MachineRecord(json: .object(object)) == record)
    }

    @Test(arguments: [
        "null", "[]", "7", "{}", #"{"id":7,"slot":1,"image":"i","layers":[]}"#, #"{"slot":1,"image":"i","layers":[]}"#,
        #"{"id":"x","image":"i","layers":[]}"#, #"{"id":"x","slot":"1","image":"i","layers":[]}"#,
        #"{"id":"x","slot":1.5,"image":"i","layers":[]}"#,
        #"{"id":"x","slot":1,"layers":[]}"#, #"{"id":"x","slot":1,"image":"i"}"#,
        #"{"id":"x","slot":1,"image":"i","layers":{}}"#,
        #"{"id":"x","slot":1,"image":"i","layers":[null]}"#, #"{"id":"x","slot":1,"image":"i","layers":["a"]}"#,
        #"{"id":"x","slot":1,"image":"i","layers":[{"id":"a"}]}"#,
        #"{"id":"x","slot":1,"image":"i","layers":[{"idBase":0}]}"#,
        #"{"id":"x","slot":1,"image":"i","layers":[{"id":"a","idBase":-1}]}"#,
        #"{"id":"x","slot":1,"image":"i","layers":[{"id":"a","idBase":4294967296}]}"#,
        #"{"id":"x","slot":1,"image":"i","layers":[{"id":"a","idBase":0},{"id":"b"}]}"#,
    ])
    func whatIsNoRecordIsRefused(_ text: String) throws {
        #expect(MachineRecord(json: try JSON.parse(text)) == nil)
    }

    @Test func aTextCutAnywhereIsNoRecord() {
        let text = Array(record.json.compact.utf8)
        for end in 0..<text.count {
            #expect((try? JSON.parse(text[..<end])).flatMap(MachineRecord.init(json:)) == nil)
        }
    }
}
