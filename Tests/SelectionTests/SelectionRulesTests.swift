import Testing

@testable import Selection

private let minute: Milliseconds = 60_000

@Suite struct SelectionRulesTests {
    private func candidates(_ names: String...) -> [Candidate] { names.map { Candidate(name: $0) } }

    private func reasons(_ outcome: SelectionOutcome) -> [String: Rejection] {
        Dictionary(outcome.rejected.map { ($0.name, $0.reason) }) { first, _ in first }
    }

    private func names(_ outcome: SelectionOutcome) -> [String] { outcome.ranked.map(\.candidate.name) }

    // MARK: Policies

    @Test func semverTakesTheGreatestVersionOfTheRange() throws {
        let rules = SelectionRules(policy: .semver(try VersionRange(">=1.0 <3")))
        let outcome = rules.select(
            from: candidates("1.9.0", "1.10.0", "v2.0.0", "3.0.0", "2.1.0-rc.1", "latest", "0.9.0"),
            now: 0
        )
        #expect(names(outcome) == ["v2.0.0", "1.10.0", "1.9.0"])
        #expect(
            reasons(outcome) == [
                "3.0.0": .outsideRange(">=1.0 <3"), "0.9.0": .outsideRange(">=1.0 <3"),
                "2.1.0-rc.1": .preRelease(range: ">=1.0 <3"),
                "latest": .notAVersion(value: "latest"),
            ]
        )
        #expect(outcome.ties.isEmpty)
    }

    @Test func numericalComparesByValueInEitherOrder() {
        let tags = candidates("9", "10", "9007199254740993", "9007199254740992", "1e9")
        let up = SelectionRules(policy: .numerical(.ascending)).select(from: tags, now: 0)
        #expect(names(up) == ["9007199254740993", "9007199254740992", "10", "9"])
        #expect(reasons(up) == ["1e9": .notANumber(value: "1e9")])
        let down = SelectionRules(policy: .numerical(.descending)).select(from: tags, now: 0)
        #expect(names(down) == ["9", "10", "9007199254740992", "9007199254740993"])
    }

    @Test func alphabeticalComparesByBytesInEitherOrder() {
        let tags = candidates("a", "B", "b", "aa")
        #expect(
            names(SelectionRules(policy: .alphabetical(.ascending)).select(from: tags, now: 0)) == [
                "b", "aa", "a", "B",
            ]
        )
        #expect(
            names(SelectionRules(policy: .alphabetical(.descending)).select(from: tags, now: 0)) == [
                "B", "a", "aa", "b",
            ]
        )
    }

    @Test func newestGoesByTheBuildWhereTheSourceTellsNoTimeAndTheAgeDoesNot() {
        let tags = [
            Candidate(name: "old", firstSeen: 100, built: 10), Candidate(name: "new", firstSeen: 195, built: 20),
            Candidate(name: "none", firstSeen: 0), Candidate(name: "twin", firstSeen: 0, built: 10),
        ]
        let outcome = SelectionRules(policy: .newest).select(from: tags, now: 200)
        #expect(outcome.ranked.map(\.candidate.name) == ["new", "twin", "old"])
        #expect(outcome.ties.map(\.names) == [["twin", "old"]])
        #expect(outcome.rejected.map(\.reason) == [.timeUnknown])
        let young = SelectionRules(policy: .newest, minimumAge: 50).select(from: tags, now: 200)
        #expect(young.ranked.map(\.candidate.name) == ["twin", "old"])
        #expect(young.rejected.contains { $0.name == "new" && $0.reason == .tooYoung(until: 245) })
    }

    @Test func nothingBuiltBeforeWhatRunsCountsAlsoWhereThatHasLeftTheList() {
        let tags = [Candidate(name: "old", built: 10), Candidate(name: "new", built: 30)]
        let rules = SelectionRules(policy: .newest)
        let known = rules.select(from: tags, running: RunningVersion(name: "gone", built: 20), now: 0)
        #expect(known.ranked.map(\.candidate.name) == ["new"])
        #expect(known.rejected.map(\.reason) == [.olderThanRunning("gone")])
        let unknown = rules.select(from: tags, running: RunningVersion(name: "gone"), now: 0)
        #expect(unknown.ranked.isEmpty)
    }

    @Test func newestNeedsATimeFromTheSource() {
        let tags = [
            Candidate(name: "a", time: 5), Candidate(name: "b", time: 9), Candidate(name: "c", firstSeen: 100),
        ]
        let outcome = SelectionRules(policy: .newest).select(from: tags, now: 200)
        #expect(names(outcome) == ["b", "a"])
        #expect(reasons(outcome) == ["c": .timeUnknown])
    }

    @Test func aTagIsTheOnlyOneThatCounts() {
        let outcome = SelectionRules(policy: .tag("stable")).select(from: candidates("stable", "1.0"), now: 0)
        #expect(names(outcome) == ["stable"])
        #expect(reasons(outcome) == ["1.0": .notTheTag("stable")])
    }

    // MARK: Names

    @Test func theFilterNarrowsAndExtracts() throws {
        let rules = SelectionRules(
            policy: .numerical(.ascending),
            filter: try CandidateFilter(match: #"^(?<v>\d+)/$"#, extract: "$v")
        )
        let outcome = rules.select(from: candidates("9/", "10/", "old/", "11"), now: 0)
        #expect(outcome.ranked.map(\.value) == ["10", "9"])
        #expect(outcome.ranked.first?.candidate.label == "10")
        #expect(reasons(outcome)["old/"] == .doesNotMatchFilter(#"^(?<v>\d+)/$"#))
    }

    @Test func anEmptyExtractIsARejectionAndNoValue() throws {
        let rules = SelectionRules(
            policy: .alphabetical(.ascending),
            filter: try CandidateFilter(match: "^(?:v(?<v>.+)|x)$", extract: "$v")
        )
        let outcome = rules.select(from: candidates("x", "v1"), now: 0)
        #expect(names(outcome) == ["v1"])
        #expect(reasons(outcome) == ["x": .extractsNothing("$v")])
    }

    @Test func signaturesAndTheLikeAreExcludedByDefault() throws {
        var exclude: [Pattern] = []
        for source in SelectionRules.defaultExclude { exclude.append(try Pattern(source)) }
        let rules = SelectionRules(policy: .alphabetical(.ascending), exclude: exclude)
        let outcome = rules.select(from: candidates("sha256-ab.sig", "sha256-ab", "1.sbom", "1.att", "1.attic"), now: 0)
        #expect(names(outcome) == ["1.attic"])
        #expect(reasons(outcome)["sha256-ab"] == .excludedByPattern("^sha256-"))
        #expect(reasons(outcome)["1.att"] == .excludedByPattern(#"\.(sig|att|sbom)$"#))
    }

    @Test func skipAndPinGoByNameLabelOrValue() throws {
        let filter = try CandidateFilter(match: "^v?(?<v>[0-9]+)/?$", extract: "$v")
        let tags = candidates("v1", "2/", "3", "4")
        for skip in ["v1", "1"] {
            let rules = SelectionRules(policy: .numerical(.ascending), filter: filter, skip: [skip])
            #expect(reasons(rules.select(from: tags, now: 0)) == ["v1": .skipped])
        }
        for pin in ["2/", "2"] {
            let outcome = SelectionRules(policy: .numerical(.ascending), filter: filter, pin: pin).select(
                from: tags,
                now: 0
            )
            #expect(names(outcome) == ["2/"])
            #expect(reasons(outcome)["4"] == .pinnedElsewhere(pin))
        }
    }

    @Test func aPinnedNameBeatsAnEqualValue() throws {
        let filter = try CandidateFilter(match: "^v?(?<v>.+)$", extract: "$v")
        let tags = candidates("v1.0", "1.0")
        let rules = { (pin: String) in
            SelectionRules(policy: .alphabetical(.ascending), filter: filter, pin: pin)
        }
        #expect(names(rules("1.0").select(from: tags, now: 0)) == ["1.0"])
        #expect(names(rules("v1.0").select(from: tags, now: 0)) == ["v1.0"])
    }

    @Test func aPinBeatsTheSpecAgeQuarantineAndWhatRunsButNotWhatCannotBeFetched() throws {
        let rules = SelectionRules(
            policy: .semver(try VersionRange(">=2")),
            exclude: [try Pattern("^1")],
            minimumAge: 10 * minute,
            skip: ["1.0.0"],
            pin: "1.0.0"
        )
        let tags = [Candidate(name: "1.0.0", time: 0), Candidate(name: "2.0.0", time: 0)]
        let running = RunningVersion(name: "2.0.0")
        let held = rules.select(from: tags, running: running, obstacles: ["1.0.0": .quarantined(reason: "x")], now: 1)
        #expect(names(held) == ["1.0.0"])
        #expect(held.running == .pinned)
        let broken = rules.select(from: tags, obstacles: ["1.0.0": .notPullable(reason: "404")], now: 1)
        #expect(names(broken).isEmpty)
        #expect(reasons(broken)["1.0.0"] == .notPullable(reason: "404"))
    }

    // MARK: Age and obstacles

    @Test func ageCountsFromTheSourceThenFromTheFirstSightThenFromNow() {
        let rules = SelectionRules(policy: .numerical(.ascending), minimumAge: 30 * minute)
        let now = 100 * minute
        let tags = [
            Candidate(name: "1", time: 70 * minute), Candidate(name: "2", time: 71 * minute, firstSeen: 0),
            Candidate(name: "3", firstSeen: 70 * minute), Candidate(name: "4", firstSeen: 80 * minute),
            Candidate(name: "5"),
            Candidate(name: "6", time: .max),
        ]
        let outcome = rules.select(from: tags, now: now)
        #expect(names(outcome) == ["3", "1"])
        #expect(
            reasons(outcome) == [
                "2": .tooYoung(until: 101 * minute), "4": .tooYoung(until: 110 * minute),
                "5": .tooYoung(until: 130 * minute),
                "6": .tooYoung(until: .max),
            ]
        )
        #expect(outcome.lookAgainAt == 101 * minute)
    }

    @Test func theRunningVersionIsOldEnough() {
        let rules = SelectionRules(policy: .numerical(.ascending), minimumAge: 30 * minute)
        let tags = [Candidate(name: "1", time: 0)]
        #expect(names(rules.select(from: tags, running: RunningVersion(name: "1"), now: 1)) == ["1"])
    }

    @Test func obstaclesRejectByNameAndTellWhenToLookAgain() {
        let rules = SelectionRules(policy: .numerical(.ascending))
        let settling = Rejection.incomplete(Incompleteness(.settling("a"), lookAgainAt: 77))
        let outcome = rules.select(
            from: candidates("1", "2", "3"),
            obstacles: ["3": settling, "2": .platformMissing(wanted: ["linux/arm64"])],
            now: 0
        )
        #expect(names(outcome) == ["1"])
        #expect(reasons(outcome) == ["3": settling, "2": .platformMissing(wanted: ["linux/arm64"])])
        #expect(outcome.lookAgainAt == 77)
    }

    // MARK: Ties and duplicates

    @Test func tiesAreBrokenByTimeThenLengthThenBytesAndReported() throws {
        let rules = SelectionRules(
            policy: .semver(try VersionRange("*")),
            filter: try CandidateFilter(match: "^(?<v>[v0-9.]+)", extract: "$v")
        )
        let tags = [
            Candidate(name: "1.0.0"), Candidate(name: "v1.0.0-b", time: 1), Candidate(name: "1.0", time: 2),
            Candidate(name: "v1.0.0"), Candidate(name: "v1.0.1"), Candidate(name: "1.0.0+a"), Candidate(name: "v0.0.0"),
        ]
        let outcome = rules.select(from: tags, now: 0)
        let tied = ["1.0", "v1.0.0-b", "1.0.0+a", "v1.0.0", "1.0.0"]
        #expect(names(outcome) == ["v1.0.1"] + tied + ["v0.0.0"])
        #expect(outcome.ties == [.init(names: tied)])
    }

    @Test func aNameListedTwiceCountsOnceWithTheNewerTime() {
        let tags = [
            Candidate(name: "1", time: 5, firstSeen: 8), Candidate(name: "2", time: 6),
            Candidate(name: "1", time: 7, firstSeen: 3),
        ]
        let outcome = SelectionRules(policy: .newest).select(from: tags, now: 0)
        #expect(
            outcome.ranked.map(\.candidate) == [
                Candidate(name: "1", time: 7, firstSeen: 3), Candidate(name: "2", time: 6),
            ]
        )
    }

    // MARK: Explanations

    @Test func everyCandidateButTheChosenOneIsExplained() {
        let rules = SelectionRules(policy: .numerical(.ascending), skip: ["2"])
        let outcome = rules.select(from: candidates("1", "2", "3", "4", "x"), now: 0)
        let all = outcome.explanation(choosing: "3", because: ["4": .notPullable(reason: "no amd64")])
        #expect(
            Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.reason) }) == [
                "1": .superseded(by: "3"), "2": .skipped, "4": .notPullable(reason: "no amd64"),
                "x": .notANumber(value: "x"),
            ]
        )
        #expect(outcome.explanation(choosing: nil).map(\.name) == ["2", "x"])
    }

    @Test func sentencesNameTheReasonAndHoldNoControlCharacters() {
        let until: UnixMilliseconds = 1_785_492_000_000
        #expect(
            SelectionOutcome.Rejected(name: "1.9\u{1b}", reason: .tooYoung(until: until)).sentence
                == "1.9? is younger than minAge until 2026-07-31T10:00:00Z."
        )
        let hostile = "a\u{0}\n\u{85}\"b"
        let all: [Rejection] = [
            .excludedByPattern(hostile), .doesNotMatchFilter(hostile), .extractsNothing(hostile),
            .notAVersion(value: hostile),
            .notANumber(value: hostile), .outsideRange(hostile), .preRelease(range: hostile), .notTheTag(hostile),
            .timeUnknown,
            .tooYoung(until: .max), .skipped, .pinnedElsewhere(hostile),
            .incomplete(Incompleteness(.filesMissing([hostile], more: 3))),
            .quarantined(reason: hostile), .platformMissing(wanted: [hostile]), .notPullable(reason: hostile),
            .unverified(reason: hostile), .olderThanRunning(hostile), .orderUnknown(running: hostile),
            .superseded(by: hostile),
        ]
        for reason in all {
            #expect(!reason.sentence.isEmpty)
            #expect(!reason.sentence.unicodeScalars.contains { $0.value < 32 || (0x7f...0x9f).contains($0.value) })
        }
        #expect(Set(all.map(\.sentence)).count == all.count)
    }

    @Test func whatFailsVerificationIsNamedBeforeOtherCandidates() {
        let tags = (1...9).map { Candidate(name: "\($0)x") } + [Candidate(name: "1")]
        let outcome = SelectionRules(policy: .numerical(.ascending)).select(
            from: tags,
            obstacles: ["1": .unverified(reason: "it has no signature")],
            now: 0
        )
        #expect(outcome.ranked.isEmpty && outcome.hasUnverified)
        #expect(outcome.examples.hasPrefix("1 fails verification: it has no signature. 1x has the value"))
    }

    private static let instants: [(UnixMilliseconds, String)] = [
        (0, "1970-01-01T00:00:00Z"), (951_782_399_999, "2000-02-28T23:59:59Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"), (253_402_300_799_999, "9999-12-31T23:59:59Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00Z"), (.max, "9223372036854775807 ms after 1970"),
        (.min, "-9223372036854775808 ms after 1970"),
    ]

    @Test func instantsPrintAsRFC3339() {
        for (instant, text) in SelectionRulesTests.instants { #expect(instant.rfc3339 == text) }
    }

    // MARK: Properties

    @Test func theOutcomeDoesNotDependOnTheOrderOfTheListing() throws {
        var random = SplitMix64(seed: 2026)
        let policies: [SelectionPolicy] = [
            .semver(try VersionRange(">=1.0.0-0 <3")), .numerical(.ascending), .numerical(.descending),
            .alphabetical(.ascending), .alphabetical(.descending), .newest, .tag("v1"),
        ]
        for _ in 0..<300 {
            let tags = (0..<random.below(12)).map { _ in
                Candidate(
                    name: random.pick(["", "v"]) + random.pick(["1", "2", "1.0", "1.1.0", "1.0.0-rc", "x", "2.0.0+b"]),
                    time: random.below(3) == 0 ? nil : Int64(random.below(5)),
                    firstSeen: Int64(random.below(5))
                )
            }
            let names = Set(tags.map(\.name))
            var rules = SelectionRules(
                policy: random.pick(policies),
                minimumAge: Int64(random.below(3)),
                skip: ["1.1.0"]
            )
            if random.below(4) == 0 { rules.pin = random.pick(["1", "v2"]) }
            if random.below(2) == 0 { rules.filter = try CandidateFilter(match: "^v?(.+)$", extract: "$1") }
            rules.onMissing = random.below(2) == 0 ? .keep : .downgrade
            let running =
                random.below(2) == 0
                ? nil : RunningVersion(name: random.pick(["v1", "1.0", "7"]), time: 2, missingScans: random.below(4))
            let outcome = rules.select(from: tags, running: running, now: 4)
            let again = rules.select(from: tags.shuffled(using: &random), running: running, now: 4)
            #expect(outcome.ranked == again.ranked)
            #expect(outcome.ties == again.ties)
            #expect(outcome.running == again.running)
            #expect(Set(outcome.rejected) == Set(again.rejected))
            // Each candidate is in exactly one of the two lists.
            let all = outcome.ranked.map(\.candidate.name) + outcome.rejected.map(\.name)
            #expect(Set(all) == names)
            #expect(all.count == names.count)
        }
    }

    @Test func fiftyThousandTagsAreDecidedInOnePass() throws {
        let rules = SelectionRules(
            policy: .numerical(.ascending),
            filter: try CandidateFilter(match: #"^build-(?<n>\d+)$"#, extract: "$n"),
            exclude: [try Pattern("^sha256-")]
        )
        let tags = (0..<50_000).map { Candidate(name: $0 % 10 == 0 ? "sha256-\($0)" : "build-\($0)") }
        let outcome = rules.select(from: tags, now: 0)
        #expect(outcome.ranked.first?.candidate.name == "build-49999")
        #expect(outcome.ranked.count == 45_000)
        #expect(outcome.rejected.count == 5_000)
    }
}
