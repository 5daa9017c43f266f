import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Selection
import Testing

/// A source that fails is data for the plan.
@Suite(.timeLimit(.minutes(1)))
struct SourceFailureTests {
    private static let denied = ResolutionFailure("Unauthorized", "the registry refused the credential")
    private static let broken = ResolutionFailure(
        "InvalidRange",
        "spec.code.select.semver.range: ...",
        isTerminal: true
    )

    private func converged() throws -> World {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    @Test func aSourceThatFailsKeepsWhatRuns() throws {
        let world = try converged()
        for code in [.failed(Self.denied), .failed(Self.broken), .pending] as [HalfResolution<CodeVersion>] {
            let plan = try world.plan(Resolution(code: code, model: .found(Fixtures.model(1), nil)))
            #expect(plan.summary == [])
            #expect(plan.status.condition("Ready")?.isTrue == true)
            #expect(plan.status.code?.latest?.tag == "1")
        }
        let plan = try world.plan(Resolution(code: .failed(Self.denied), model: .failed(Self.denied)))
        #expect(
            plan.conditions == [
                "CodeResolved=False Unauthorized", "FieldsOwned=True Owned", "ModelResolved=False Unauthorized",
                "Ready=True Converged",
            ]
        )
    }

    @Test func aSourceThatFailsDoesNotHoldTheOtherHalf() throws {
        let world = try converged()
        let newModel = try world.plan(Resolution(code: .failed(Self.denied), model: .found(Fixtures.model(2), nil)))
        #expect(newModel.summary == ["apply ControllerRevision #2: new release", "apply Deployment: new release"])
        #expect(newModel.body("ControllerRevision")?["data"]?["code"]?["tag"] == "1")
        let newCode = try world.plan(Resolution(code: .found(Fixtures.code(2), nil), model: .failed(Self.denied)))
        #expect(newCode.body("ControllerRevision")?["data"]?["model"]?["version"] == "1/")
        #expect(newCode.body("ControllerRevision")?["data"]?["modelURI"] == "s3://models/resnet/1/")
    }

    @Test func aSourceThatFailsDoesNotHoldAnEditOfTheTemplate() throws {
        var world = try converged()
        world.app = try edited(world.app, ["delivery.mode": "Reference", "delivery.env.path": "WHERE"])
        let plan = try world.plan(Resolution(code: .pending, model: .failed(Self.denied)))
        let container = plan.body("Deployment")?["spec"]?["template"]?["spec"]?["containers"]?[0]
        #expect(container?["env"]?.array?.contains(["name": "WHERE", "value": "s3://models/resnet/1/"]) == true)
    }

    @Test func withoutASourceDriftIsStillPutBack() throws {
        var world = try converged()
        world.remove(World.deployment)
        world.remove(World.service)
        let passes = try world.settle(Resolution(code: .failed(Self.denied), model: .pending))
        #expect(passes == [["apply Deployment: new release", "scale to 2", "apply Service: new service"]])
    }

    @Test func whatNeverRanWaitsForItsHalves() throws {
        let world = World(try Fixtures.app())
        let found = HalfResolution.found(Fixtures.model(1), nil)
        let cases: [(HalfResolution<CodeVersion>, [String])] = [
            (.pending, ["ModelResolved=True Succeeded", "Ready=False Progressing", "Reconciling=True Progressing"]),
            (
                .failed(Self.denied),
                [
                    "CodeResolved=False Unauthorized", "ModelResolved=True Succeeded", "Ready=False Unauthorized",
                    "Reconciling=True Unauthorized",
                ]
            ),
            (
                .failed(Self.broken),
                [
                    "CodeResolved=False InvalidRange", "ModelResolved=True Succeeded", "Ready=False InvalidRange",
                    "Stalled=True InvalidRange",
                ]
            ),
        ]
        for (code, expected) in cases {
            let plan = try world.plan(Resolution(code: code, model: found))
            #expect(plan.summary == [])
            #expect(plan.conditions == expected)
        }
    }

    @Test func nothingThatCountsIsAFailureWithItsReason() throws {
        let outcome = SelectionRules(policy: .newest).select(from: [Candidate](), now: 0)
        let failure = ResolutionFailure("NoCandidate", "no tag matches")
        let half = HalfResolution<CodeVersion>.nothingCounts(failure, outcome)
        #expect(half.failure == failure)
        #expect(half.outcome == outcome)
        #expect(half.version == nil)
        let plan = try converged().plan(Resolution(code: half, model: .pending))
        #expect(plan.conditions.first == "CodeResolved=False NoCandidate")
        #expect(plan.status.condition("Ready")?.isTrue == true)
    }
}
