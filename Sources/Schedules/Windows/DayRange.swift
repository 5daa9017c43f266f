public import Artifacts

/// Whole days, from the first to the last, on the clocks of a zone.
public struct DayRange: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// The first instant of the first day.
    public let start: Timestamp
    /// The first instant after the last day.
    public let end: Timestamp

    /// The days from `first` to `last`, both written like 2026-12-20 and both included.
    public init(name: String, first: String, last: String, zone: TimeZoneRules) throws(ScheduleError) {
        let (begin, end) = (try Self.day(first), try Self.day(last))
        guard begin <= end else { throw ScheduleError(.window, "it ends on \(last), before it begins on \(first)") }
        self.name = name
        start = zone.instant(ofLocal: begin * 86_400)
        self.end = zone.instant(ofLocal: (end + 1) * 86_400)
    }

    /// Whether `instant` lies in one of the days.
    public func contains(_ instant: Timestamp) -> Bool { start <= instant && instant < end }

    private static func day(_ text: String) throws(ScheduleError) -> Int64 {
        guard text.utf8.count == 10, let midnight = try? Timestamp(rfc3339: text + "T00:00:00Z") else {
            throw ScheduleError(.window, "\"\(clip(text))\" is not a day such as 2026-12-20")
        }
        return midnight.seconds.floored(by: 86_400)
    }
}
