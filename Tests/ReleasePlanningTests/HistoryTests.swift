import Artifacts
import Foundation
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleaseHistories
import ReleasePlanning
import TestSupport
import Testing

/// Random histories, and all short ones: the invariants of the release state machine hold in each. `make test-long` runs a
/// million of them, and asks that each transition of the table comes about.
@Suite(.timeLimit(.minutes(4)))
struct HistoryTests {
    // Another beginning, or more of them: MODELAPP_HISTORY_SEED=7, MODELAPP_HISTORIES=20000.
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["MODELAPP_HISTORY_SEED"].flatMap { UInt64($0) } ?? 1
    private static let count = environment["MODELAPP_HISTORIES"].flatMap { Int($0) } ?? 60

    @Test func randomHistoriesKeepTheInvariants() async throws {
        let result = try await HistorySearch().random(Self.count, seed: Self.seed, workers: 2)
        if let finding = result.finding { Issue.record("\(finding)") }
        print("\(result.histories) histories of \(result.events) events from seed \(Self.seed)")
    }

    @Test func allShortHistoriesKeepTheInvariants() throws {
        let result = try ExhaustiveSearch().run(depth: 2)
        if let failure = result.failure { Issue.record("\(failure.reason): \(failure.events)") }
        #expect(result.depth == 2 && result.histories > 100)
    }

    /// The checks find mistakes, and make the history that shows them short.
    @Test(arguments: Mistake.allCases)
    func aPlannerWithAMistakeIsFound(_ mistake: Mistake) async throws {
        let search = try HistorySearch(of: mistake.planner)
        let result = await search.random(3000, seed: 1, workers: 2)
        let finding = try #require(result.finding, "\(mistake) was not found")
        #expect(finding.events.count <= mistake.length, "\(finding)")
    }

    /// What a planner may get wrong.
    enum Mistake: String, CaseIterable {
        case ignoresWindows, forgetsBlame, ignoresHolds, appliesBeforeItNotes, startsTwice

        /// How long the shortest history is that shows it, at most.
        var length: Int {
            switch self {
            case .ignoresWindows: 3
            case .forgetsBlame, .ignoresHolds: 7
            case .appliesBeforeItNotes, .startsTwice: 2
            }
        }

        var planner: HistoryWorld.PlanFunction {
            { observation, resolution, now, policy in
                var observation = observation
                if self == .ignoresWindows { observation.app.spec.rollout.windows = [] }
                for index in observation.releases.indices {
                    if self == .forgetsBlame { observation.releases[index].failure?.blame = .pair }
                    if self == .ignoresHolds { observation.releases[index].hold = nil }
                }
                var plan = makePlan(for: observation, resolution: resolution, now: now, policy: policy)
                if self == .appliesBeforeItNotes { plan.steps.reverse() }
                if self == .startsTwice, plan.isEmpty, let release = observation.appliedRelease {
                    plan.steps = [.apply(Self.edited(release, observation.app), reason: "again")]
                }
                return plan
            }
        }

        /// The Deployment of a release with another template.
        private static func edited(_ release: Release, _ app: ModelApp) -> ApplyStep {
            var template = release.template
            template["metadata"]?["labels"]?["other"] = "yes"
            return ApplyStep(
                Deployment.resource,
                app.key,
                [
                    "metadata": ["annotations": [Keys.release: .string(release.id)]],
                    "spec": ["template": template],
                ]
            )
        }
    }
}
