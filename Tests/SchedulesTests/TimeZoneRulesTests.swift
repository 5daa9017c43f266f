import Foundation
import TestSupport
import Testing

@testable import Schedules

@Suite struct TimeZoneRulesTests {
    @Test func aFileThatIsCutAnywhereIsRefused() throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/Europe/Berlin")))
        for length in 0..<bytes.count {
            #expect(throws: ScheduleError.self, "\(length)") { try TimeZoneRules(tzif: Array(bytes[..<length])) }
        }
    }

    @Test func aDamagedFileIsRefusedOrRead() throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/Africa/Casablanca")))
        var random = SplitMix64(seed: 7)
        var (read, refused) = (0, 0)
        for _ in 0..<2_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let rules = try? TimeZoneRules(tzif: damaged) else {
                refused += 1
                continue
            }
            read += 1
            for seconds in [Int64.min / 4, 0, 1_764_000_000, 1 << 40] { _ = rules.offset(at: seconds) }
            _ = rules.instant(ofLocal: 1_764_000_000)
        }
        #expect(read > 0 && refused > 0)
    }

    @Test(arguments: [
        ("UTC0", 0, 0), ("<+0330>-3:30", 12_600, 12_600), ("CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", 39_600, 36_000), ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600),
        ("EST5EDT,0/0,J365/25", -14_400, -14_400), ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7200, -3600),
        ("IST-2IDT,M3.4.4/26,M10.5.0", 7200, 10_800), ("XXX-3YYY,J60/2,J300/2", 10_800, 14_400),
    ])
    func aRecurringRuleHolds(_ text: String, _ january: Int64, _ july: Int64) throws {
        let zone = try RecurringTimeZone(text)
        #expect(zone.offset(at: 1_768_435_200) == january)  // 2026-01-15
        #expect(zone.offset(at: 1_784_073_600) == july)  // 2026-07-15
    }

    @Test(arguments: [
        "", "X", "UTC", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-25", "<UTC0", "A1",
    ])
    func aRuleThatIsNoneIsRefused(_ text: String) {
        #expect(throws: ScheduleError.self) { try RecurringTimeZone(text) }
    }
}
