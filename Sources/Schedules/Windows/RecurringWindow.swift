public import Artifacts

/// A time that recurs and lasts: it opens by a cron expression on the clocks of a zone and stays open for a while.
public struct RecurringWindow: Sendable, Hashable {
    /// Its name.
    public var name: String
    private let cron: CronSchedule
    private let duration: Duration
    private let zone: TimeZoneRules

    /// A window of its parts. One that never closes, because it opens again before it ends, is refused.
    public init(name: String, cron: CronSchedule, duration: Duration, zone: TimeZoneRules) throws(ScheduleError) {
        guard duration >= .seconds(60) else {
            throw ScheduleError(.window, "the duration must be at least 1m, not \(duration.goText)")
        }
        guard duration <= .seconds(366 * 86_400) else {
            throw ScheduleError(.window, "the duration must be at most 8784h, not \(duration.goText)")
        }
        if let period = cron.shortestPeriod(below: duration) {
            throw ScheduleError(
                .window,
                "the duration \(duration.goText) is longer than the \(period.goText) between two openings, so the "
                    + "window would never close; without windows a release may start at any time"
            )
        }
        (self.name, self.cron, self.duration, self.zone) = (name, cron, duration, zone)
    }

    /// When the window that is open at `instant` closes; nil while it is closed. It is open from the instant of the
    /// opening, and closed at the instant of the end.
    public func closing(of instant: Timestamp) -> Timestamp? {
        cron.last(atOrBefore: instant, after: instant - duration, in: zone).map { $0 + duration }
    }

    /// The first opening after `instant`, nil where there is none for years.
    public func opening(after instant: Timestamp) -> Timestamp? {
        cron.next(after: instant, in: zone)
    }
}

extension CronSchedule {
    /// A period between two times in succession that is shorter than `limit`; nil if none was found. Counted on clocks
    /// that are never changed, from a fixed day on, so that the answer is that of the expression alone.
    func shortestPeriod(below limit: Duration) -> Duration? {
        guard let start = Timestamp(year: 2024, month: 1, day: 1) else { return nil }
        var previous: Timestamp?
        var time = start - .seconds(1)
        // A year of days, or the first hundreds of times of a day: what recurs faster shows it at once.
        for _ in 0..<400 {
            guard let next = self.next(after: time, in: .utc) else { return nil }
            if let previous, next - previous < limit { return next - previous }
            (previous, time) = (next, next)
        }
        return nil
    }
}
