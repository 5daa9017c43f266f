/// A point in time with microsecond resolution, as Kubernetes writes it.
///
/// Carries no time zone and needs no Foundation: the operator's binary stays free of ICU. Covers the years 1 to 9999.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var microseconds: Int64

    /// The instant `microseconds` after the epoch.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The instant `seconds` after the epoch; saturates at the ends of Int64.
    public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since the epoch, rounded down.
    public var seconds: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Whole milliseconds since the epoch, rounded down.
    public var milliseconds: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Parses RFC 3339, with a fraction of any length and `Z` or a numeric offset.
    public init(rfc3339 text: String) throws(ArtifactError) {
        guard let parsed = Timestamp.parse(Array(text.utf8)) else {
            throw ArtifactError(.timestamp, "\"\(text.clipped)\" is not an RFC 3339 time such as 2026-01-31T02:00:00Z")
        }
        self = parsed
    }

    /// Parses the date of an HTTP header: `Tue, 15 Nov 1994 08:12:31 GMT` (RFC 9110: IMF-fixdate); nil if it is not one. Whether
    /// the weekday is that of the date is not checked.
    public init?(httpDate text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        func number(_ digits: Substring, _ count: Int) -> Int64? {
            digits.utf8.count == count && digits.utf8.allSatisfy { (48...57).contains($0) } ? Int64(digits) : nil
        }
        guard parts.count == 6, parts[0].hasSuffix(","), Timestamp.weekdays.contains(String(parts[0].dropLast())),
            parts[5] == "GMT", let day = number(parts[1], 2), let year = number(parts[3], 4),
            let month = Timestamp.months.firstIndex(where: { $0 == parts[2] })
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false).map { number($0, 2) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2] else { return nil }
        self.init(year: year, month: Int64(month) + 1, day: day, hour: hour, minute: minute, second: second)
    }

    /// The instant of a civil date and time in UTC; nil where a part is outside its range.
    public init?(
        year: Int64,
        month: Int64,
        day: Int64,
        hour: Int64 = 0,
        minute: Int64 = 0,
        second: Int64 = 0,
        microsecond: Int64 = 0
    ) {
        guard (1...9999).contains(year), (1...12).contains(month), (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second), (0..<1_000_000).contains(microsecond),
            day >= 1, day <= Timestamp.days(inMonth: month, of: year)
        else { return nil }
        let days = Timestamp.daysSinceEpoch(year: year, month: month, day: day)
        microseconds = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + microsecond
    }

    /// Year, month and day in UTC.
    public var civil: (year: Int64, month: Int64, day: Int64) {
        Timestamp.civil(daysSinceEpoch: seconds.floorDivided(by: 86_400))
    }

    /// RFC 3339 in UTC with whole seconds, as `metav1.Time` prints.
    public var rfc3339: String { text(fraction: nil) }

    /// RFC 3339 in UTC with six fraction digits, as `metav1.MicroTime` prints.
    public var rfc3339Micro: String {
        text(fraction: microseconds.modulo(1_000_000))
    }

    /// `Tue, 15 Nov 1994 08:12:31 GMT`.
    public var httpDate: String {
        let (year, month, day) = civil
        let (hour, minute, second) = clock
        let weekday = (seconds.floorDivided(by: 86_400) + 4).modulo(7)
        return
            "\(Timestamp.weekdays[Int(weekday)]), \(pad(day, 2)) \(Timestamp.months[Int(month - 1)]) \(pad(year, 4)) "
            + "\(pad(hour, 2)):\(pad(minute, 2)):\(pad(second, 2)) GMT"
    }

    /// Seconds of the day in UTC, split.
    public var clock: (hour: Int64, minute: Int64, second: Int64) {
        let second = seconds.modulo(86_400)
        return (second / 3600, second / 60 % 60, second % 60)
    }

    /// RFC 3339 with whole seconds.
    public var description: String { rfc3339 }

    /// Earlier before later.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// The instant `duration` later; saturates at the ends of Int64.
    public static func + (left: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = left.microseconds.addingReportingOverflow(duration.wholeMicroseconds)
        return Timestamp(microseconds: overflow ? (left.microseconds < 0 ? .min : .max) : sum)
    }

    /// The instant `duration` earlier; saturates at the ends of Int64.
    public static func - (left: Timestamp, duration: Duration) -> Timestamp {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(duration.wholeMicroseconds)
        return Timestamp(microseconds: overflow ? (left.microseconds < 0 ? .min : .max) : difference)
    }

    /// The time from `right` to `left`.
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds) - .microseconds(right.microseconds)
    }

    private func text(fraction: Int64?) -> String {
        let (year, month, day) = civil
        let (hour, minute, second) = clock
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(hour, 2)):\(pad(minute, 2)):\(pad(second, 2))"
            + (fraction.map { "." + pad($0, 6) } ?? "") + "Z"
    }

    private func pad(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
}
