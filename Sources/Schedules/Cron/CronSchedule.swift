public import Artifacts

/// When something recurs: minute, hour, day of month, month, day of week (cron(5)).
///
/// Where both day fields are restricted, a day that satisfies either counts (cron(5), Kubernetes' CronJob).
public struct CronSchedule: Sendable, Hashable {
    private let minutes: [Int]
    private let hours: [Int]
    private let days: CronField
    private let months: CronField
    private let weekdays: CronField

    private static let shorthands = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// Parses five fields or a shorthand such as `@daily`. An expression of days that never come (30 February) is
    /// refused.
    public init(_ text: String) throws(ScheduleError) {
        guard text.utf8.count <= 256 else { throw ScheduleError(.cron, "a cron expression has at most 256 bytes") }
        var expression = text
        if text.hasPrefix("@") {
            guard let known = Self.shorthands[text.lowercased()] else {
                let names = Self.shorthands.keys.sorted().joined(separator: ", ")
                throw ScheduleError(.cron, "\"\(clip(text))\" is none of \(names)")
            }
            expression = known
        }
        guard !expression.contains("=") else {
            throw ScheduleError(.cron, "\"\(clip(text))\" names a time zone; write it into timeZone")
        }
        let fields = expression.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5 else {
            throw ScheduleError(
                .cron,
                "\"\(clip(text))\" has \(fields.count) fields, not five: minute, hour, day of month, month, day of week"
            )
        }
        minutes = try CronField(fields[0], .minute).numbers
        hours = try CronField(fields[1], .hour).numbers
        days = try CronField(fields[2], .day)
        months = try CronField(fields[3], .month)
        weekdays = try CronField(fields[4], .weekday)
        guard hasDays else { throw ScheduleError(.cron, "\"\(clip(text))\" asks for days that never come") }
    }

    /// The first time after `instant`, by the clocks of `zone`. A time that those clocks skip comes at the first instant
    /// after the gap; one that they show twice comes once, the first time. Nil where none comes within twelve years.
    public func next(after instant: Timestamp, in zone: TimeZoneRules) -> Timestamp? {
        let today = zone.localDay(at: instant)
        // The day before: its last time may be moved behind `instant` by a gap. The longest wait is that for a leap
        // day, eight years around 1900 or 2100, on a weekday of its own for longer; twelve years bound the search.
        for day in (today - 1)...(today + 12 * 366) where matches(day: day) {
            for hour in hours {
                for minute in minutes {
                    let time = zone.instant(ofLocal: (day * 24 + Int64(hour)) * 3600 + Int64(minute) * 60)
                    if time > instant { return time }
                }
            }
        }
        return nil
    }

    /// The last time at or before `instant` and after `earliest`, under the rules of `next`.
    public func last(atOrBefore instant: Timestamp, after earliest: Timestamp, in zone: TimeZoneRules) -> Timestamp? {
        let (today, first) = (zone.localDay(at: instant), zone.localDay(at: earliest) - 1)
        guard first <= today else { return nil }
        for day in (first...today).reversed() where matches(day: day) {
            for hour in hours.reversed() {
                for minute in minutes.reversed() {
                    let time = zone.instant(ofLocal: (day * 24 + Int64(hour)) * 3600 + Int64(minute) * 60)
                    if time <= instant { return time > earliest ? time : nil }
                }
            }
        }
        return nil
    }

    /// Whether `days` after 1970-01-01 is a day of the schedule.
    private func matches(day count: Int64) -> Bool {
        let date = Timestamp.civil(daysSinceEpoch: count)
        guard months.contains(Int(date.month)) else { return false }
        let weekday = Int(((count + 4) % 7 + 7) % 7)
        let (onDay, onWeekday) = (days.contains(Int(date.day)), weekdays.contains(weekday))
        return days.isAny || weekdays.isAny ? onDay && onWeekday : onDay || onWeekday
    }

    /// Whether any month has a day that is wanted; restricted weekdays come in every month.
    private var hasDays: Bool {
        if !days.isAny, !weekdays.isAny { return true }
        return months.numbers.contains { month in
            // 2024 has a leap day.
            days.numbers.contains { Int64($0) <= Timestamp.days(inMonth: Int64(month), of: 2024) }
        }
    }
}
