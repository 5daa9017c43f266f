import Artifacts

/// The rule for all years after the last recorded change: the POSIX `TZ` text at the end of a TZif file, such as
/// `CET-1CEST,M3.5.0,M10.5.0/3` (RFC 8536 section 3.3.1: with hours from -167 to 167).
struct RecurringTimeZone: Sendable, Hashable {
    /// A day of any year.
    private enum Day: Sendable, Hashable {
        /// 1...365; 29 February is never counted.
        case julian(Int64)
        /// 0...365.
        case ordinal(Int64)
        /// The n-th weekday of a month, the fifth being the last.
        case weekday(month: Int64, week: Int64, day: Int64)
    }

    /// When the clocks change: seconds after the start of a day, by the clocks before the change.
    private struct Change: Sendable, Hashable {
        var day: Day
        var time: Int64
    }

    private let standard: Int64
    private var daylight: (offset: Int64, start: Change, end: Change)?

    /// Parses a `TZ` text.
    init(_ text: String) throws(ScheduleError) {
        var scanner = Scanner(text)
        func refuse() -> ScheduleError { ScheduleError(.timeZone, "\"\(clip(text))\" is not a POSIX time zone") }
        guard scanner.name(), let offset = scanner.offset(hours: 24) else { throw refuse() }
        standard = -offset
        guard !scanner.isAtEnd else { return }
        guard scanner.name() else { throw refuse() }
        var ahead = standard + 3600
        if !scanner.isAt(",") {
            guard let offset = scanner.offset(hours: 24) else { throw refuse() }
            ahead = -offset
        }
        guard scanner.take(","), let start = Self.change(&scanner), scanner.take(","),
            let end = Self.change(&scanner), scanner.isAtEnd
        else { throw refuse() }
        daylight = (ahead, start, end)
    }

    /// Seconds ahead of UTC.
    func offset(at seconds: Int64) -> Int64 {
        guard daylight != nil else { return standard }
        // Two years hold a change before any instant.
        return changes(from: seconds - 2 * 366 * 86_400, to: seconds).last?.offset ?? standard
    }

    /// The changes in `start < at <= end`, ascending.
    func changes(from start: Int64, to end: Int64) -> [TimeZoneRules.Transition] {
        guard let daylight, start < end else { return [] }
        let years = Self.year(of: start) - 1...Self.year(of: end) + 1
        var changes: [TimeZoneRules.Transition] = []
        for year in years {
            let begins = Self.seconds(of: daylight.start, in: year) - standard
            let ends = Self.seconds(of: daylight.end, in: year) - daylight.offset
            changes.append(.init(at: begins, offset: daylight.offset))
            changes.append(.init(at: ends, offset: standard))
        }
        // At the turn of a year that is summer all over, the end and the next beginning coincide: the beginning counts.
        changes.sort { ($0.at, $0.offset == standard ? 0 : 1) < ($1.at, $1.offset == standard ? 0 : 1) }
        return changes.filter { start < $0.at && $0.at <= end }
    }

    private static func year(of seconds: Int64) -> Int64 {
        Timestamp.civil(daysSinceEpoch: seconds.floored(by: 86_400)).year
    }

    private static func seconds(of change: Change, in year: Int64) -> Int64 {
        let newYear = Timestamp.daysSinceEpoch(year: year, month: 1, day: 1)
        let day: Int64
        switch change.day {
        case .julian(let number):
            let leap = Timestamp.days(inMonth: 2, of: year) == 29 && number >= 60
            day = newYear + number - 1 + (leap ? 1 : 0)
        case .ordinal(let number): day = newYear + number
        case .weekday(let month, let week, let weekday):
            let first = Timestamp.daysSinceEpoch(year: year, month: month, day: 1)
            let wait = (weekday - (first + 4) % 7 + 14) % 7
            var number = wait + (week - 1) * 7
            while number >= Timestamp.days(inMonth: month, of: year) { number -= 7 }
            day = first + number
        }
        return day * 86_400 + change.time
    }

    private static func change(_ scanner: inout Scanner) -> Change? {
        let day: Day
        if scanner.take("M") {
            guard let month = scanner.number(1...12), scanner.take("."), let week = scanner.number(1...5),
                scanner.take("."), let weekday = scanner.number(0...6)
            else { return nil }
            day = .weekday(month: month, week: week, day: weekday)
        } else if scanner.take("J") {
            guard let number = scanner.number(1...365) else { return nil }
            day = .julian(number)
        } else {
            guard let number = scanner.number(0...365) else { return nil }
            day = .ordinal(number)
        }
        guard scanner.take("/") else { return Change(day: day, time: 7200) }
        guard let time = scanner.offset(hours: 167) else { return nil }
        return Change(day: day, time: time)
    }

    static func == (left: RecurringTimeZone, right: RecurringTimeZone) -> Bool {
        left.standard == right.standard && left.daylight?.offset == right.daylight?.offset
            && left.daylight?.start == right.daylight?.start && left.daylight?.end == right.daylight?.end
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(standard)
        hasher.combine(daylight?.offset)
    }

    /// Reads the parts of a `TZ` text.
    private struct Scanner {
        private let bytes: [UInt8]
        private var index = 0

        init(_ text: String) { bytes = Array(text.utf8) }

        var isAtEnd: Bool { index == bytes.count }

        func isAt(_ character: Unicode.Scalar) -> Bool {
            index < bytes.count && bytes[index] == UInt8(ascii: character)
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard isAt(character) else { return false }
            index += 1
            return true
        }

        /// An abbreviation: at least three letters, or anything in `<>`.
        mutating func name() -> Bool {
            if take("<") {
                let start = index
                while index < bytes.count, bytes[index] != UInt8(ascii: ">") { index += 1 }
                return index - start >= 3 && take(">")
            }
            let start = index
            while index < bytes.count, (65...90).contains(bytes[index] & 0xDF) { index += 1 }
            return index - start >= 3
        }

        mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
            let start = index
            var value: Int64 = 0
            while index < bytes.count, index - start < 4, (48...57).contains(bytes[index]) {
                value = value * 10 + Int64(bytes[index] - 48)
                index += 1
            }
            return index > start && range.contains(value) ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func offset(hours: Int64) -> Int64? {
            let sign: Int64 = take("-") ? -1 : 1
            if sign == 1 { _ = take("+") }
            guard var seconds = number(0...hours).map({ $0 * 3600 }) else { return nil }
            for unit in [Int64(60), 1] where take(":") {
                guard let part = number(0...59) else { return nil }
                seconds += part * unit
            }
            return sign * seconds
        }
    }
}
