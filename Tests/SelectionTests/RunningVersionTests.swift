import Testing

@testable import Selection

/// Never backwards by accident.
@Suite struct RunningVersionTests {
    private let numerical = SelectionRules(policy: .numerical(.ascending))

    private func names(_ outcome: SelectionOutcome) -> [String] { outcome.ranked.map(\.candidate.name) }

    private func tags(_ names: String...) -> [Candidate] { names.map { Candidate(name: $0) } }

    @Test func nothingOlderThanWhatRunsCounts() {
        let outcome = numerical.select(from: tags("1", "2", "3"), running: RunningVersion(name: "2"), now: 0)
        #expect(names(outcome) == ["3", "2"])
        #expect(outcome.rejected == [.init(name: "1", reason: .olderThanRunning("2"))])
        #expect(outcome.running == .listed)
    }

    @Test func whatRunsBoundsTheChoiceEvenWhileItCannotBeFetched() {
        for obstacle in [
            Rejection.notPullable(reason: "500"), .quarantined(reason: "x"), .incomplete(Incompleteness(.noFiles)),
            .unverified(reason: "no signature"),
        ] {
            let outcome = numerical.select(
                from: tags("1", "2"),
                running: RunningVersion(name: "2"),
                obstacles: ["2": obstacle],
                now: 0
            )
            #expect(names(outcome).isEmpty)
            #expect(outcome.running == .listed)
        }
    }

    @Test func anAbsentRunningVersionIsKeptByDefault() {
        let running = RunningVersion(name: "2", missingScans: 99)
        let outcome = numerical.select(from: tags("1", "3"), running: running, now: 0)
        #expect(names(outcome) == ["3"])
        #expect(outcome.rejected == [.init(name: "1", reason: .olderThanRunning("2"))])
        #expect(outcome.running == .missingKept)
        #expect(outcome.running.sentence(name: "2")?.contains("is kept") == true)
    }

    @Test func anEmptyListingChangesNothing() {
        let outcome = numerical.select(from: [], running: RunningVersion(name: "2"), now: 0)
        #expect(outcome.ranked.isEmpty)
        #expect(outcome.running == .missingKept)
    }

    @Test func aDowngradeNeedsTwoListingsInARow() {
        var rules = numerical
        rules.onMissing = .downgrade
        let once = rules.select(from: tags("1"), running: RunningVersion(name: "2", missingScans: 1), now: 0)
        #expect(names(once).isEmpty)
        #expect(once.running == .missingUnconfirmed(remaining: 1))
        let twice = rules.select(from: tags("1"), running: RunningVersion(name: "2", missingScans: 2), now: 0)
        #expect(names(twice) == ["1"])
        #expect(twice.running == .missingDowngrade)
    }

    @Test func downgradeDoesNothingWhileTheRunningVersionIsListed() {
        var rules = numerical
        rules.onMissing = .downgrade
        let outcome = rules.select(from: tags("1", "2"), running: RunningVersion(name: "2", missingScans: 9), now: 0)
        #expect(names(outcome) == ["2"])
    }

    @Test func aSpecThatRejectsWhatRunsAllowsAnOlderVersion() throws {
        let all = tags("1.0.0", "2.0.0")
        let running = RunningVersion(name: "2.0.0")
        let narrowed = SelectionRules(policy: .semver(try VersionRange("<2")))
        #expect(names(narrowed.select(from: all, running: running, now: 0)) == ["1.0.0"])
        #expect(narrowed.select(from: all, running: running, now: 0).running == .rejectedBySpec(.outsideRange("<2")))
        let skipping = SelectionRules(policy: .semver(try VersionRange("*")), skip: ["2.0.0"])
        #expect(names(skipping.select(from: all, running: running, now: 0)) == ["1.0.0"])
        // The same when it is gone: the spec spoke first.
        #expect(names(narrowed.select(from: tags("1.0.0"), running: running, now: 0)) == ["1.0.0"])
        let other = SelectionRules(policy: .tag("1.0.0"))
        #expect(names(other.select(from: all, running: running, now: 0)) == ["1.0.0"])
    }

    @Test func newestKeepsTheTimeOfWhatRan() {
        let rules = SelectionRules(policy: .newest)
        let listed = [Candidate(name: "a", time: 5), Candidate(name: "b", time: 9)]
        let kept = rules.select(from: listed, running: RunningVersion(name: "gone", time: 7), now: 10)
        #expect(names(kept) == ["b"])
        let unknown = rules.select(from: listed, running: RunningVersion(name: "gone"), now: 10)
        #expect(names(unknown).isEmpty)
        #expect(unknown.rejected.map(\.reason) == [.orderUnknown(running: "gone"), .orderUnknown(running: "gone")])
    }

    @Test func theOrderOfThePolicyDecidesWhatOlderMeans() {
        let rules = SelectionRules(policy: .numerical(.descending))
        let outcome = rules.select(from: tags("1", "2", "3"), running: RunningVersion(name: "2"), now: 0)
        #expect(names(outcome) == ["1", "2"])
    }
}
