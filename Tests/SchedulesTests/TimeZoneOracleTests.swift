import Artifacts
import TestSupport
import Testing

@testable import Schedules

/// Compares with Python's `zoneinfo` on the same database.
@Suite(.timeLimit(.minutes(1))) struct TimeZoneOracleTests {
    /// A change of the clocks: the instant, and seconds ahead of UTC before and after.
    private struct Change: Decodable {
        var at: Int64
        var before: Int64
        var after: Int64
        /// Local times around the change, in seconds, and the instants at which the clocks show them first.
        var locals: [Int64]
        var instants: [Int64]
    }

    private static let oracle = PythonOracle(
        """
        import json, sys
        from datetime import datetime, timedelta, timezone
        from zoneinfo import ZoneInfo
        def offset(zone, at):
            return int(datetime.fromtimestamp(at, zone).utcoffset().total_seconds())
        def local(zone, seconds, changes):
            naive = datetime(1970, 1, 1) + timedelta(seconds=seconds)
            at = int(naive.replace(tzinfo=zone, fold=0).timestamp())
            if at + offset(zone, at) == seconds:
                return at
            # The clocks skip it: the change that does.
            return next(c for c, before, after in changes if c + before <= seconds < c + after)
        answers = {}
        for name in json.load(open(sys.argv[1])):
            zone, changes = ZoneInfo(name), []
            step, end = 7 * 86400, 4102444800
            at = 0
            while at < end:
                if offset(zone, at) != offset(zone, at + step) or any(
                        offset(zone, at + d * 86400) != offset(zone, at) for d in range(1, 7)):
                    for day in range(at, at + step, 86400):
                        low, high = day, day + 86400
                        if offset(zone, low) == offset(zone, high):
                            continue
                        while high - low > 1:
                            middle = (low + high) // 2
                            if offset(zone, middle) == offset(zone, low): low = middle
                            else: high = middle
                        changes.append((high, offset(zone, high - 1), offset(zone, high)))
                at += step
            out = []
            for at, before, after in changes:
                locals = [at + before + m * 600 for m in range(-150, 151, 7)] + [at + before, at + after, at + after - 1]
                out.append({'at': at, 'before': before, 'after': after, 'locals': locals,
                            'instants': [local(zone, s, changes) for s in locals]})
            answers[name] = out
        json.dump(answers, open(sys.argv[2], 'w'))
        """
    )

    @Test(.enabled(if: PythonOracle.isAvailable))
    func clocksChangeAsInZoneinfo() throws {
        let answers = try Self.oracle.ask(Zones.names, [String: [Change]].self)
        var count = 0
        for name in Zones.names {
            let rules = try Zones.rules(name)
            for change in try #require(answers[name]) {
                count += 1
                #expect(rules.offset(at: change.at - 1) == change.before, "\(name) before \(change.at)")
                #expect(rules.offset(at: change.at) == change.after, "\(name) at \(change.at)")
                for (local, instant) in zip(change.locals, change.instants) {
                    let mine = rules.instant(ofLocal: local).seconds
                    #expect(mine == instant, "\(name): local \(local) near the change at \(change.at)")
                }
            }
        }
        #expect(count >= 200)
        print("time zones: \(count) changes in \(Zones.names.count) zones, tzdata \(Zones.version)")
    }
}
