import Testing

@testable import BoxModel

struct TimestampTests {
    @Test(
        arguments: [
            (1_779_984_033_143, "2026-05-28T16:00:33.143Z"), (0, "1970-01-01T00:00:00.000Z"),
            (1, "1970-01-01T00:00:00.001Z"),
            (999, "1970-01-01T00:00:00.999Z"), (-1, "1969-12-31T23:59:59.999Z"), (-1000, "1969-12-31T23:59:59.000Z"),
            (-1001, "1969-12-31T23:59:58.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599_999, "2025-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func isWrittenWithMillisecondsAndReadBack(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).iso8601 == text)
        #expect(Timestamp(iso8601: text)?.milliseconds == milliseconds)
    }

    @Test func everyMillisecondOfASecondComesBack() {
        for millisecond in Int64(0)..<1000 {
            let moment = Timestamp(milliseconds: 1_779_984_033_000 + millisecond)
            #expect(Timestamp(iso8601: moment.iso8601) == moment)
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func randomMomentsComeBack(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let moment = Timestamp(milliseconds: .random(in: -62_000_000_000_000...253_402_300_799_999, using: &random))
            #expect(Timestamp(iso8601: moment.iso8601) == moment, "\(moment.milliseconds)")
        }
    }

    @Test func aFractionIsOptional() {
        #expect(Timestamp(iso8601: "2026-05-28T16:00:33Z")?.milliseconds == 1_779_984_033_000)
        #expect(Timestamp(iso8601: "2026-05-28T16:00:33.1Z")?.milliseconds == 1_779_984_033_100)
    }

    @Test func zonesOtherThanUTCAreConverted() {
        #expect(Timestamp(iso8601: "2026-05-28T18:00:33+02:00")?.iso8601 == "2026-05-28T16:00:33.000Z")
        #expect(Timestamp(iso8601: "2026-01-01T00:00:33.5-23:59")?.iso8601 == "2026-01-01T23:59:33.500Z")
        #expect(Timestamp(iso8601: "2026-05-28T16:00:33.143999999Z")?.iso8601 == "2026-05-28T16:00:33.143Z")
    }

    @Test(arguments: [
        "", "now", "2026", "2026-05-28", "2026-13-28T16:00:33Z", "2026-05-32T16:00:33Z", "16:00:33", "1779984033143",
        "\u{0}",
        "2026-05-28T16:00:33.143", "2026-05-28T16:00:33", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-05-28T24:00:00Z",
        "2026-05-28T16:60:00Z", "2026-05-28T16:00:60Z", "2026-05-28T16:00:33.Z", "2026-05-28T16:00:33Z and more",
        "2026-05-28T16:00:33+02", "2026-05-28T16:00:33+", "2026-05-28T16:00:33+25:00", " 2026-05-28T16:00:33Z",
        "２026-05-28T16:00:33Z", "99999999999999999999-01-01T00:00:00Z",
    ])
    func anythingElseIsRefused(_ text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    /// Clients parse these from servers that they don't control.
    @Test(arguments: [
        "999999999-01-01T00:00:00Z", "-999999999-01-01T00:00:00Z", "9223372036854775807-01-01T00:00:00.000Z",
    ])
    func absurdYearsAreRefused(_ text: String) { #expect(Timestamp(iso8601: text) == nil) }

    @Test(arguments: [Int64.min, .min + 1, -62_167_219_200_001, .max])
    func absurdMomentsCanBeWritten(_ milliseconds: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).iso8601.hasSuffix("Z"))
    }

    @Test func orderAndArithmetic() {
        let moment = Timestamp(milliseconds: 1500)
        #expect(moment.advanced(bySeconds: 2).milliseconds == 3500)
        #expect(moment.advanced(bySeconds: -2).milliseconds == -500)
        #expect(moment < moment.advanced(bySeconds: 1))
    }

    @Test func nowIsAWholeNumberOfMillisecondsAndDoesNotRunBackwards() {
        let (before, after) = (Timestamp.now, Timestamp.now)
        #expect(before <= after)
        #expect(before > Timestamp(iso8601: "2024-01-01T00:00:00Z")!)
    }
}
