import Artifacts
import TestSupport
import Testing

@testable import Schedules

/// Compares with PyPI's `croniter`, where no clock changes.
@Suite(.timeLimit(.minutes(1))) struct CronOracleTests {
    private struct Case: Codable {
        var cron: String
        var start: Int64
    }

    private static let oracle = PythonOracle(
        """
        import json, sys
        from datetime import datetime, timezone
        from croniter import croniter
        answers = []
        for case in json.load(open(sys.argv[1])):
            times = croniter(case['cron'], datetime.fromtimestamp(case['start'], timezone.utc))
            answers.append([int(times.get_next(float)) for _ in range(5)])
        json.dump(answers, open(sys.argv[2], 'w'))
        """
    )

    private struct Expressions {
        var random = SplitMix64(seed: 20_261_124)

        mutating func field(_ range: ClosedRange<Int>, _ names: [String] = []) -> String {
            func number() -> Int { Int.random(in: range, using: &random) }
            /// Two different ends: `6-6` is a whole round for croniter, and June for everybody else.
            func ends() -> String {
                let first = Int.random(in: range.lowerBound..<range.upperBound, using: &random)
                return "\(first)-\(Int.random(in: first + 1...range.upperBound, using: &random))"
            }
            switch Int.random(in: 0..<7, using: &random) {
            case 0, 1: return "*"
            case 2: return "*/\(Int.random(in: 2...max(2, range.upperBound / 3), using: &random))"
            case 3: return ends()
            case 4: return "\(ends())/\(Int.random(in: 1...5, using: &random))"
            case 5 where !names.isEmpty: return names[number() - range.lowerBound]
            default: return "\(number()),\(number())"
            }
        }

        mutating func next() -> String {
            let months = ["jan", "FEB", "mar", "apr", "May", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            let weekdays = ["sun", "Mon", "tue", "WED", "thu", "fri", "sat"]
            let fields = [
                field(0...59), field(0...23), field(1...28), field(1...12, months), field(0...6, weekdays),
            ]
            return fields.joined(separator: " ")
        }
    }

    @Test(.enabled(if: PythonOracle.isAvailable))
    func timesComeAsInCroniter() throws {
        var expressions = Expressions()
        var cases = (0..<600).map { _ in
            Case(cron: expressions.next(), start: Int64.random(in: 0...4_000_000_000, using: &expressions.random))
        }
        cases += ["0 2 * * *", "30 1 29 2 *", "0 0 31 * *", "@daily", "@weekly", "@monthly", "@yearly", "@hourly"].map {
            Case(cron: $0, start: 1_764_000_000)
        }
        let answers = try Self.oracle.ask(cases, [[Int64]].self)
        for (test, answer) in zip(cases, answers) {
            let schedule = try CronSchedule(test.cron)
            var time = Timestamp(seconds: test.start)
            for expected in answer {
                let next = try #require(schedule.next(after: time, in: .utc), "\(test.cron)")
                #expect(next.seconds == expected, "\(test.cron) after \(time)")
                // Back again: the last one at any instant before the next is this one.
                let last = schedule.last(atOrBefore: next + .seconds(59), after: time - .seconds(1), in: .utc)
                #expect(last == next)
                time = next
            }
        }
    }
}
