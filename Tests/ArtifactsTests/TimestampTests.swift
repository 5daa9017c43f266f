import Artifacts
import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1), ("1969-12-31T23:59:59Z", -1_000_000),
            ("1969-12-31T23:59:59.999999Z", -1), ("2026-11-23T23:15:00.5+01:00", 1_795_472_100_500_000),
            ("2026-11-23T22:15:00.5-00:00", 1_795_472_100_500_000),
            ("2026-11-23t16:15:00.5-06:00", 1_795_472_100_500_000),
            ("2000-02-29T00:00:00z", 951_782_400_000_000), ("2024-02-29T12:00:00Z", 1_709_208_000_000_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            // A fraction longer than the resolution is cut, a leap second is the next second.
            ("1970-01-01T00:00:00.1234567899999999999999Z", 123_456), ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ] as [(String, Int64)]
    )
    func rfc3339Parses(text: String, microseconds: Int64) throws {
        #expect(try Timestamp(rfc3339: text).microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T00:00Z",
        "2026-1-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00Z ",
        "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00+01:0", "2026-01-01T00:00:00+01:000", "+026-01-01T00:00:00Z",
        "-026-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2026-01-01T00:00:00.5",
        "2026-01-01T0+:00:00Z", "２026-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        "2026-01-01T00:00:00.\(String(repeating: "0", count: 100))Z",
    ])
    func whatIsNoRFC3339TimeIsRefused(text: String) {
        let error = #expect(throws: ArtifactError.self) { try Timestamp(rfc3339: text) }
        #expect(error?.code == .timestamp)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func calendarAgreesWithFoundation(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        // 1583: Foundation's calendars know the Julian one before.
        let times = (0..<20).map { _ in Int64.random(in: -12_212_553_600...253_402_300_799, using: &generator) }
        for seconds in times {
            let timestamp = Timestamp(seconds: seconds)
            let date = Date(timeIntervalSince1970: TimeInterval(seconds))
            #expect(timestamp.rfc3339 == date.formatted(.iso8601))
            let parts = Self.calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second, .weekday],
                from: date
            )
            #expect(timestamp.civil.year == parts.year.map(Int64.init))
            #expect(timestamp.civil.month == parts.month.map(Int64.init))
            #expect(timestamp.civil.day == parts.day.map(Int64.init))
            #expect(timestamp.clock.hour == parts.hour.map(Int64.init))
            #expect(timestamp.clock.minute == parts.minute.map(Int64.init))
            #expect(timestamp.clock.second == parts.second.map(Int64.init))
            let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][(parts.weekday ?? 1) - 1]
            #expect(timestamp.httpDate.hasPrefix(weekday + ", "))
        }
    }

    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func whatIsPrintedParsesAsTheSame(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let span = Int64(-62_135_596_800_000_000)...253_402_300_799_999_999
        for _ in 0..<20 {
            let time = Timestamp(microseconds: .random(in: span, using: &generator))
            #expect(try Timestamp(rfc3339: time.rfc3339Micro) == time)
            let whole = Timestamp(seconds: time.seconds)
            #expect(try Timestamp(rfc3339: time.rfc3339) == whole)
            #expect(Timestamp(httpDate: time.httpDate) == whole)
        }
    }

    @Test func everyDayOfFourHundredYearsFollowsTheOneBefore() {
        var expected: (year: Int64, month: Int64, day: Int64) = (1900, 1, 1)
        let first = Timestamp.daysSinceEpoch(year: 1900, month: 1, day: 1)
        for day in first..<first + 146_097 {
            let civil = Timestamp.civil(daysSinceEpoch: day)
            guard civil == expected,
                Timestamp.daysSinceEpoch(year: civil.year, month: civil.month, day: civil.day) == day
            else {
                Issue.record("day \(day) is \(civil), expected \(expected)")
                return
            }
            expected.day += 1
            if expected.day > Timestamp.days(inMonth: expected.month, of: expected.year) {
                expected = (expected.year, expected.month + 1, 1)
                if expected.month == 13 { expected = (expected.year + 1, 1, 1) }
            }
        }
        #expect(expected == (2300, 1, 1))
    }

    @Test func anHTTPDateIsTheOneOfTheRFC() {
        let time = Timestamp(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(time?.seconds == 784_111_777)
        #expect(time?.httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test(arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun,  06 Nov 1994 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT", "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 1994 08::37 GMT", "Sun, 06 Nov 1994 08:49:37:00 GMT",
    ])
    func whatIsNoHTTPDateIsRefused(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }

    @Test func secondsAndMillisecondsRoundDown() {
        #expect(Timestamp(microseconds: -1).seconds == -1)
        #expect(Timestamp(microseconds: -1).milliseconds == -1)
        #expect(Timestamp(microseconds: -1_000_000).seconds == -1)
        #expect(Timestamp(microseconds: 1_999_999).seconds == 1)
        #expect(Timestamp(microseconds: 1_999).milliseconds == 1)
        #expect(Timestamp(microseconds: -1).rfc3339Micro == "1969-12-31T23:59:59.999999Z")
    }

    @Test func arithmeticSaturatesAndNeverTraps() {
        let extremes = [Timestamp(microseconds: .min), Timestamp(microseconds: .max), Timestamp(seconds: 0)]
        let durations: [Duration] = [
            .seconds(Int64.max), .seconds(Int64.min), .microseconds(Int64.max), .zero,
            .seconds(9_223_372_036_854) + .milliseconds(999),
        ]
        for time in extremes {
            _ = (time.rfc3339, time.rfc3339Micro, time.httpDate, time.seconds, time.milliseconds)
            for duration in durations { _ = (time + duration, time - duration) }
            for other in extremes { _ = time - other }
        }
        #expect(Timestamp(seconds: .max).microseconds == .max)
        #expect(Timestamp(seconds: .min).microseconds == .min)
        #expect((Timestamp(seconds: 0) + .seconds(Int64.max)).microseconds == .max)
        #expect((Timestamp(seconds: -1) - .seconds(Int64.max)).microseconds == .min)
        #expect(Timestamp(seconds: 10) - Timestamp(seconds: 4) == .seconds(6))
        #expect(Timestamp(seconds: 10) + .milliseconds(1500) == Timestamp(microseconds: 11_500_000))
    }
}
