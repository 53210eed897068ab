#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A time in the API's form: ISO 8601 in UTC with milliseconds, `2026-05-28T16:00:33.143Z`.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// A time in milliseconds after 1970-01-01T00:00:00Z.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The current time of this machine's clock.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// - Returns: nil when the text isn't an ISO 8601 date and time with a zone. Fractions of a second are optional.
    ///   Digits beyond milliseconds are dropped.
    public init?(iso8601 text: String) {
        var rest = Array(text.utf8)[...]
        func skip(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }
        func number(_ digits: Int, _ valid: ClosedRange<Int>) -> Int? {
            let taken = rest.prefix(digits)
            guard taken.count == digits, taken.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            let value = taken.reduce(0) { $0 * 10 + Int($1) - 0x30 }
            return valid.contains(value) ? value : nil
        }
        guard let year = number(4, 0...9999), skip("-"), let month = number(2, 1...12), skip("-"),
            let day = number(2, 1...31),
            day <= CivilCalendar.days(inMonth: month, of: year), skip("T"), let hour = number(2, 0...23), skip(":"),
            let minute = number(2, 0...59), skip(":"), let second = number(2, 0...59)
        else { return nil }
        var (fraction, scale) = (0, 100)
        if skip(".") {
            guard let first = number(1, 0...9) else { return nil }
            fraction = first * scale
            while let digit = number(1, 0...9) {
                scale /= 10
                fraction += digit * scale
            }
        }
        var offset = 0
        if !skip("Z") {
            let sign = skip("+") ? 1 : skip("-") ? -1 : 0
            guard sign != 0, let hours = number(2, 0...23), skip(":"), let minutes = number(2, 0...59) else {
                return nil
            }
            offset = sign * (hours * 60 + minutes)
        }
        guard rest.isEmpty else { return nil }
        let minutes = (CivilCalendar.daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute - offset
        milliseconds = Int64(minutes * 60 + second) * 1000 + Int64(fraction)
    }

    /// The time as `2026-05-28T16:00:33.143Z`.
    public var iso8601: String {
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        var (days, rest) = Int(milliseconds).quotientAndRemainder(dividingBy: 86_400_000)
        // Days start at midnight also before 1970.
        if rest < 0 { (days, rest) = (days - 1, rest + 86_400_000) }
        let (year, month, day) = CivilCalendar.date(daysSinceEpoch: days)
        let time = [rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60].map { padded($0, 2) }.joined(separator: ":")
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(time).\(padded(rest % 1000, 3))Z"
    }

    /// The time this many seconds later.
    public func advanced(bySeconds seconds: Int) -> Timestamp {
        Timestamp(milliseconds: milliseconds + Int64(seconds) * 1000)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

extension JSON {
    /// The time in ISO 8601, or null for nil.
    public init(_ value: Timestamp?) { self = value.map { .string($0.iso8601) } ?? .null }
}

/// The Gregorian calendar, extended to all times. Years start in March, so that a leap day is the last day of a year.
/// See "chrono-Compatible Low-Level Date Algorithms" by Howard Hinnant.
private enum CivilCalendar {
    static func days(inMonth month: Int, of year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month > 2 ? year : year - 1
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func date(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
