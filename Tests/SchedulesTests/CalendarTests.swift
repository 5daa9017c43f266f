import Artifacts
import Testing

@testable import Schedules

@Suite struct CalendarTests {
    private func time(_ text: String) throws -> Timestamp { try Timestamp(rfc3339: text) }

    private func nightly(_ duration: Duration = .seconds(3 * 3600)) throws -> RecurringWindow {
        try RecurringWindow(
            name: "nightly",
            cron: CronSchedule("0 2 * * *"),
            duration: duration,
            zone: Zones.rules("America/Los_Angeles")
        )
    }

    @Test func aWindowIsOpenFromItsOpeningToBeforeItsEnd() throws {
        let calendar = ReleaseCalendar(windows: [try nightly()])
        let next = try time("2026-11-25T10:00:00Z")
        #expect(
            try calendar.state(at: time("2026-11-24T09:59:59Z"))
                == .closed(.noWindow, until: time("2026-11-24T10:00:00Z"))
        )
        #expect(try calendar.state(at: time("2026-11-24T10:00:00Z")) == .open)
        #expect(try calendar.state(at: time("2026-11-24T12:59:59Z")) == .open)
        #expect(try calendar.state(at: time("2026-11-24T13:00:00Z")) == .closed(.noWindow, until: next))
    }

    @Test func aWindowMayLastOverMidnightAndOverAChangeOfTheClocks() throws {
        let window = try RecurringWindow(
            name: "weekend",
            cron: CronSchedule("0 22 * * sat"),
            duration: .seconds(12 * 3600),
            zone: Zones.rules("Europe/Berlin")
        )
        // From Saturday 22:00 +01 for twelve hours: the clocks skip one, so it closes at 11:00 +02.
        #expect(try window.closing(of: time("2026-03-29T08:59:00Z")) == time("2026-03-29T09:00:00Z"))
        #expect(try window.closing(of: time("2026-03-29T09:00:00Z")) == nil)
    }

    @Test func aBlackoutForbidsWhatAWindowAllows() throws {
        let zone = try Zones.rules("Europe/Berlin")
        let blackout = try DayRange(name: "xmas", first: "2026-12-20", last: "2027-01-03", zone: zone)
        let calendar = ReleaseCalendar(windows: [try nightly()], blackouts: [blackout])
        #expect(try calendar.state(at: time("2026-12-19T10:30:00Z")) == .open)
        let reopening = try time("2027-01-04T10:00:00Z")
        #expect(try calendar.state(at: time("2026-12-25T10:30:00Z")) == .closed(.blackout("xmas"), until: reopening))
    }

    @Test func aBlackoutThatEndsInsideAWindowOpensThere() throws {
        let blackout = try DayRange(name: "b", first: "2026-11-24", last: "2026-11-24", zone: .utc)
        let window = try RecurringWindow(
            name: "w",
            cron: CronSchedule("0 20 * * *"),
            duration: .seconds(8 * 3600),
            zone: .utc
        )
        let calendar = ReleaseCalendar(windows: [window], blackouts: [blackout])
        let midnight = try time("2026-11-25T00:00:00Z")
        #expect(try calendar.state(at: time("2026-11-24T21:00:00Z")) == .closed(.blackout("b"), until: midnight))
        #expect(calendar.state(at: midnight) == .open)
    }

    @Test func blackoutsAloneLeaveTheRestOpen() throws {
        let days = try (20...22).map { day in
            try DayRange(name: "d\(day)", first: "2026-12-\(day)", last: "2026-12-\(day)", zone: .utc)
        }
        let calendar = ReleaseCalendar(blackouts: days)
        #expect(try calendar.state(at: time("2026-12-19T23:59:59Z")) == .open)
        let end = try time("2026-12-23T00:00:00Z")
        #expect(try calendar.state(at: time("2026-12-20T00:00:00Z")) == .closed(.blackout("d20"), until: end))
    }

    @Test func anEmptyCalendarIsAlwaysOpen() throws {
        #expect(try ReleaseCalendar().state(at: time("2026-12-20T00:00:00Z")) == .open)
    }

    @Test func aWindowThatNeverClosesIsRefused() throws {
        let error = try #require(throws: ScheduleError.self) { try nightly(.seconds(25 * 3600)) }
        #expect(error.message.contains("25h is longer than the 24h"))
        let quarterly = try CronSchedule("*/15 2 * * *")
        #expect(throws: ScheduleError.self) {
            try RecurringWindow(name: "w", cron: quarterly, duration: .seconds(1800), zone: .utc)
        }
    }

    @Test func aWindowWithoutLengthIsRefused() throws {
        #expect(throws: ScheduleError.self) { try nightly(.zero) }
    }

    @Test(arguments: [("2026-12-20", "2026-12-19"), ("2026-02-30", "2026-03-01"), ("20261220", "2026-12-21"), ("", "")])
    func daysThatAreNoneAreRefused(_ first: String, _ last: String) {
        #expect(throws: ScheduleError.self) { try DayRange(name: "b", first: first, last: last, zone: .utc) }
    }

    /// The state changes only where a window or blackout says so, and `until` is the first open instant: checked minute
    /// by minute against the definition.
    @Test func theNextOpeningIsTheFirstOpenInstant() throws {
        let zone = try Zones.rules("Europe/Berlin")
        let windows = try [("0 2 * * 1-5", 3), ("30 12 29 * *", 5)].map { cron, hours in
            try RecurringWindow(
                name: cron,
                cron: CronSchedule(cron),
                duration: .seconds(Int64(hours) * 3600),
                zone: zone
            )
        }
        let blackout = try DayRange(name: "b", first: "2026-03-30", last: "2026-03-31", zone: zone)
        let calendar = ReleaseCalendar(windows: windows, blackouts: [blackout])
        let start = try time("2026-03-27T00:00:00Z")
        var firstOpen: Timestamp?
        for minute in (0..<7 * 1440).reversed() {
            let instant = start + .seconds(Int64(minute) * 60)
            switch calendar.state(at: instant) {
            case .open: firstOpen = instant
            case .closed(_, let until): if let firstOpen { #expect(until == firstOpen, "\(instant)") }
            }
        }
        #expect(firstOpen == (try time("2026-03-27T01:00:00Z")))
    }
}
