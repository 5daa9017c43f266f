import Artifacts
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DurationTests {
    @Test(
        arguments: [
            // Go's time_test.go, parseDurationTests
            ("0", .zero), ("5s", .seconds(5)), ("30s", .seconds(30)), ("1478s", .seconds(1478)), ("5.0s", .seconds(5)),
            ("5.6s", .milliseconds(5600)), (".5s", .milliseconds(500)), ("1.0s", .seconds(1)),
            ("1.00s", .seconds(1)), ("1.004s", .milliseconds(1004)), ("100.00100s", .milliseconds(100_001)),
            ("10ns", .zero), ("11us", .microseconds(11)), ("12µs", .microseconds(12)), ("12μs", .microseconds(12)),
            ("13ms", .milliseconds(13)), ("14s", .seconds(14)), ("15m", .seconds(900)), ("16h", .seconds(57_600)),
            ("3h30m", .seconds(12_600)), ("10.5s4m", .milliseconds(250_500)),
            ("1h2m3s4ms5us", .microseconds(3_723_004_005)), ("39h9m14.425s", .milliseconds(140_954_425)),
            ("0.100000000000000000000h", .seconds(360)), ("277777h", .seconds(999_997_200)),
        ] as [(String, Duration)]
    )
    func goDurationsParse(text: String, expected: Duration) throws {
        #expect(try Duration(goText: text) == expected)
    }

    @Test(arguments: [
        "", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "-5s", "+5s", "1.2.3s", "5 s", "5S", "1e3s", "s5", "5s5",
        "0x1s",
        "1h-2m", "٣s", "999999999h", "5s\n", "NaNs", "infs", String(repeating: "1s", count: 100),
        "\(String(repeating: "9", count: 60))s",
    ])
    func whatIsNoDurationIsRefused(text: String) {
        let error = #expect(throws: ArtifactError.self) { try Duration(goText: text) }
        #expect(error?.code == .duration)
    }

    @Test(
        arguments: [
            (.zero, "0s"), (.microseconds(999), "0s"), (.milliseconds(1), "1ms"), (.milliseconds(1500), "1500ms"),
            (.seconds(59), "59s"), (.seconds(60), "1m"), (.seconds(90), "1m30s"), (.seconds(3600), "1h"),
            (.seconds(5400), "1h30m"), (.seconds(3601), "1h1s"), (.milliseconds(61_500), "1m1500ms"),
            (.seconds(-90), "-1m30s"), (.seconds(86_400), "24h"),
        ] as [(Duration, String)]
    )
    func aDurationPrintsInItsShortestForm(duration: Duration, expected: String) {
        #expect(duration.goText == expected)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func whatIsPrintedParsesAsTheSame(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        for bits in 1..<40 {
            let duration = Duration.milliseconds(Int64.random(in: 0..<(1 << Int64(bits)), using: &generator))
            #expect(try Duration(goText: duration.goText) == duration)
        }
    }

    @Test func microsecondsSaturate() {
        #expect(Duration.seconds(Int64.max).wholeMicroseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeMicroseconds == .min)
        #expect((Duration.seconds(9_223_372_036_854) + .milliseconds(900)).wholeMicroseconds == .max)
        #expect((Duration.seconds(-9_223_372_036_854) - .milliseconds(900)).wholeMicroseconds == .min)
        #expect(Duration.nanoseconds(-1999).wholeMicroseconds == -1)
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
        #expect(Duration.seconds(Int64.min).goText.hasPrefix("-"))
    }
}
