import Artifacts
import Testing

@testable import Schedules

@Suite struct CronScheduleTests {
    private func time(_ text: String) throws -> Timestamp { try Timestamp(rfc3339: text) }

    private func next(_ cron: String, after: String, in zone: String) throws -> [String] {
        let (schedule, rules) = (try CronSchedule(cron), try Zones.rules(zone))
        var times: [String] = []
        var cursor = try time(after)
        for _ in 0..<3 {
            cursor = try #require(schedule.next(after: cursor, in: rules))
            times.append(cursor.rfc3339)
        }
        return times
    }

    @Test func aTimeInAGapComesAtTheFirstInstantAfterIt() throws {
        // Berlin skips 02:00-03:00 on 29 March 2026, at 01:00 UTC.
        #expect(
            try next("30 2 * * *", after: "2026-03-28T12:00:00Z", in: "Europe/Berlin") == [
                "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z",
            ]
        )
    }

    @Test func severalTimesInAGapComeOnce() throws {
        #expect(
            try next("0,20,40 2 * * *", after: "2026-03-29T00:00:00Z", in: "Europe/Berlin") == [
                "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T00:20:00Z",
            ]
        )
    }

    @Test func aTimeInAnOverlapComesOnceAtTheFirst() throws {
        // Los Angeles shows 01:00-02:00 twice on 1 November 2026, first until 09:00 UTC.
        #expect(
            try next("30 1 * * *", after: "2026-11-01T00:00:00Z", in: "America/Los_Angeles") == [
                "2026-11-01T08:30:00Z", "2026-11-02T09:30:00Z", "2026-11-03T09:30:00Z",
            ]
        )
    }

    @Test func aDayThatWasLeftOutComesWithTheNext() throws {
        // Apia left out 30 December 2011: after 29 December 23:59 -10 came 31 December 00:00 +14.
        #expect(
            try next("0 12 30 12 *", after: "2011-12-01T00:00:00Z", in: "Pacific/Apia")[0] == "2011-12-30T10:00:00Z"
        )
    }

    @Test func theDayFieldsAreAlternativesWhereBothRestrict() throws {
        #expect(
            try next("0 0 13 * fri", after: "2026-11-01T00:00:00Z", in: "Etc/UTC") == [
                "2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z",
            ]
        )
    }

    @Test func sundayIsZeroAndSeven() throws {
        #expect(try CronSchedule("0 0 * * 7") == CronSchedule("0 0 * * 0"))
        #expect(try CronSchedule("0 0 * * 5-7") == CronSchedule("0 0 * * 0,5,6"))
    }

    @Test(arguments: [
        ("", "0 fields"), ("* * * *", "4 fields"), ("0 0 0 * * *", "6 fields"), ("60 * * * *", "minute \"60\""),
        ("* 24 * * *", "hour \"24\""), ("* * 0 * *", "day of month \"0\""), ("* * * 13 *", "month \"13\""),
        ("* * * * 8", "day of week \"8\""), ("0 0 30 2 *", "never come"), ("0 0 31 4,6,9,11 *", "never come"),
        ("30-10 * * * *", "ends before it begins"), ("*/0 * * * *", "step"), ("1,,2 * * * *", "list"),
        ("a * * * *", "numbers from 0 to 59"), ("* * * foo *", "jan-dec"), ("@noon", "@daily"),
        ("1-2-3 * * * *", "numbers"),
        ("CRON_TZ=Europe/Berlin 0 2 * * *", "timeZone"), ("-1 * * * *", "numbers"), ("٣ * * * *", "numbers"),
        ("L * * * *", "numbers"), ("? * * * *", "numbers"), ("99999999999999999999 * * * *", "numbers"),
    ])
    func whatIsWrongIsSaid(_ cron: String, _ message: String) throws {
        let error = try #require(throws: ScheduleError.self) { try CronSchedule(cron) }
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test func aLongExpressionIsRefused() {
        #expect(throws: ScheduleError.self) { try CronSchedule(String(repeating: "1,", count: 200) + "1 * * * *") }
    }
}
