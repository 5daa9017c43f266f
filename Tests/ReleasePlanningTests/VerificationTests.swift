import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// A release gets traffic only after its checks passed.
@Suite(.timeLimit(.minutes(1)))
struct VerificationTests {
    private static let failure = CheckProgress.finished(.failed(message: "status 500, not 200", detail: "planted"))

    private func converged(_ changes: [String: JSONValue?] = [:]) throws -> World {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, changes.merging(["rollout.verify": World.http]) { mine, _ in mine })
        try world.settle(Fixtures.resolution(1, 1))
        return world
    }

    @Test func aCandidateIsCheckedBeforeTheDeploymentChanges() throws {
        var world = try converged()
        let before = world.objects[World.deployment]
        let passes = try world.settle(Fixtures.resolution(2, 1))
        #expect(passes == [["apply ControllerRevision #2: verification begins"], ["apply Deployment: candidate"]])
        #expect(world.objects[World.deployment] == before)
        #expect(world.app.status.release?.target?.phase == .verifying)
        #expect(world.app.status.release?.current?.code.tag == "1")
        #expect(world.app.status.condition("Ready")?.isTrue == true)
        #expect(world.app.status.condition("Reconciling")?.reason == "Verifying")
        #expect(world.app.status.history.map(\.result) == ["Verifying", "Converged"])
        world.finishCandidate()
        try world.settle(Fixtures.resolution(2, 1))
        let check = try #require(try world.plan(Fixtures.resolution(2, 1)).check)
        #expect(check.pod.address == "10.0.0.7" && check.pod.uid == "c1" && check.step.name == "version")
        #expect(check.facts["MODELAPP_IMAGE"]?.hasPrefix("acr.io/model-api@sha256:") == true)
        #expect(world.app.status.release?.target?.checks.map { "\($0.name) \($0.result)" } == ["version running"])
        world.checks = [check.id: .finished(.passed)]
        let rest = try world.settle(Fixtures.resolution(2, 1))
        #expect(
            rest == [
                ["apply ControllerRevision #2: check version passed"],
                ["apply ControllerRevision #2: verification passed"],
                [
                    "apply ControllerRevision #3: release was verified", "apply Deployment: new release",
                    "delete Deployment classifier",
                ],
            ]
        )
        #expect(world.objects[World.candidate] == nil)
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.release?.current?.code.tag == "2")
        #expect(world.app.status.history.map(\.result) == ["Converged", "Converged"])
        #expect(try world.plan(Fixtures.resolution(2, 1)).check == nil)
    }

    @Test func noServiceSelectsACandidate() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        let selector = try #require(world.objects[World.service]?["spec"]?["selector"]?.object)
        let candidate = try #require(world.objects[World.candidate]?["spec"])
        let labels = try #require(candidate["template"]?["metadata"]?["labels"]?.object)
        #expect(selector.contains { labels[$0.key] != $0.value }, "one of the Service's labels differs")
        #expect(candidate["selector"]?["matchLabels"]?.object?.allSatisfy { labels[$0.key] == $0.value } == true)
        #expect(candidate["replicas"] == 1)
        let main = try #require(world.objects[World.deployment]?["spec"]?["selector"]?["matchLabels"]?.object)
        #expect(main.contains { labels[$0.key] != $0.value }, "nor does the Deployment")
        // It runs what will be released: image, model and environment are the same.
        let newest = try #require(try world.observation().releases.max { $0.number < $1.number })
        let (frozen, live) = (newest.release.template["spec"] ?? .null, candidate["template"]?["spec"] ?? .null)
        #expect(FieldComparison.firstDifference(applied: frozen, live: live) == nil)
    }

    @Test func aFailedCheckLeavesWhatRunsAndItsServiceUntouchedAndNewBytesLiftIt() throws {
        var world = try converged()
        let (deployment, service) = (world.objects[World.deployment], world.objects[World.service])
        try world.verify(Fixtures.resolution(2, 1)) { _ in Self.failure }
        #expect(world.objects[World.deployment] == deployment && world.objects[World.service] == service)
        #expect(world.objects[World.candidate] == nil)
        #expect(world.quarantine == ["code 2"])
        let status = world.app.status
        #expect(status.condition("Ready")?.reason == "Converged" && status.condition("Stalled") == nil)
        #expect(status.condition("UpdateAvailable")?.reason == "Quarantined")
        #expect(status.condition("UpdateAvailable")?.message.contains("check version: status 500, not 200") == true)
        #expect(status.history.map(\.result) == ["Failed", "Converged"])
        #expect(!status.json.canonicalText.contains("planted"), "what the application says enters no status")
        let releases = try world.observation().releases
        #expect(releases.contains { $0.verification?.detail == "planted" }, "it is kept beside the release")
        #expect(try world.verify(Fixtures.resolution(2, 1)).isEmpty, "it is not tried again")
        var mended = Fixtures.resolution(3, 1)
        mended.code = .found(Fixtures.code(3, tag: "2"), nil)
        #expect(try world.verify(mended).count == 1)
        world.finishRollout()
        try world.settle(mended)
        #expect(world.live == "2 1/" && world.app.status.condition("UpdateAvailable") == nil)
    }

    @Test func whatIsMissingOutsideIsWaitedForAndBlamesNobody() throws {
        var world = try converged()
        let blocked = CheckProgress.blocked(reason: "PrometheusUnavailable", message: "the server does not answer")
        try world.verify(Fixtures.resolution(2, 1)) { _ in blocked }
        #expect(world.live == "1 1/" && world.quarantine == [])
        let target = try #require(world.app.status.release?.target)
        #expect(target.waitingFor == ["Check"] && target.checks.first?.result == .blocked)
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "PrometheusUnavailable")
        #expect(world.app.status.condition("Ready")?.isTrue == true)
        let plan = try world.plan(Fixtures.resolution(2, 1))
        #expect(plan.isEmpty)
        let check = try #require(plan.check, "the check is still wanted")
        world.checks = [check.id: .finished(.passed)]
        try world.verify(Fixtures.resolution(2, 1))
        #expect(world.live == "2 1/")
    }

    @Test func checksAreMadeInOrderAndTheFirstThatFailsEndsIt() throws {
        let steps: JSONValue = [
            ["name": "a", "http": ["port": 1]], ["name": "b", "job": ["cronJobRef": ["name": "smoke"]]],
            ["name": "c", "http": ["port": 1]],
        ]
        var world = try converged(["rollout.verify": steps])
        let made = try world.verify(Fixtures.resolution(2, 1)) {
            $0.step.name == "b" ? Self.failure : .finished(.passed)
        }
        #expect(made.map(\.step.name) == ["a", "b"])
        #expect(world.live == "1 1/" && world.quarantine == ["code 2"])
    }

    @Test func itIsTriedAsOftenAsTheSpecSays() throws {
        var world = try converged(["rollout.attempts": 3])
        let made = try world.verify(Fixtures.resolution(2, 1)) { _ in Self.failure }
        #expect(made.map(\.attempt) == [1, 2, 3])
        #expect(world.quarantine == ["code 2"])
        var other = try converged(["rollout.attempts": 3])
        try other.verify(Fixtures.resolution(2, 1)) { $0.attempt < 2 ? Self.failure : .finished(.passed) }
        #expect(other.live == "2 1/")
        #expect(other.quarantine == [])
    }

    @Test func aCandidateThatCrashesFailsAtOnceAndOneThatCannotBePulledIsWaitedFor() throws {
        var world = try converged()
        world.candidateTrouble = Trouble.loop
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.quarantine == ["code 2"] && world.live == "1 1/")
        var other = try converged()
        other.candidateTrouble = Trouble.pull
        try other.settle(Fixtures.resolution(2, 1))
        #expect(other.quarantine == [])
        #expect(other.app.status.release?.target?.message?.contains("ImagePullBackOff") == true)
        other.candidateTrouble = nil
        try other.verify(Fixtures.resolution(2, 1))
        #expect(other.live == "2 1/")
    }

    @Test func theFirstReleaseThatFailsNeverRuns() throws {
        var world = World(try Fixtures.app(Fixtures.spec(["rollout.verify": World.http])))
        try world.verify(Fixtures.resolution(1, 1)) { _ in Self.failure }
        #expect(world.objects[World.deployment] == nil && world.objects[World.service] == nil)
        #expect(world.app.status.condition("Stalled")?.reason == "Failed")
        // A source that fails meanwhile does not let it in either.
        var resolution = Fixtures.resolution(1, 1)
        resolution.code = .failed(ResolutionFailure("Unavailable", "no answer"))
        try world.settle(resolution)
        #expect(world.objects[World.deployment] == nil)
        try world.verify(Fixtures.resolution(2, 1))
        #expect(world.live == "2 1/")
    }

    @Test func whatIsNewerTakesTheCandidatesPlace() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        world.finishCandidate()
        try world.settle(Fixtures.resolution(2, 1))
        let made = try world.verify(Fixtures.resolution(3, 1))
        #expect(made.map(\.release) == [try #require(world.app.status.release?.target?.id)])
        #expect(world.live == "3 1/")
        world.finishRollout()
        try world.settle(Fixtures.resolution(3, 1))
        #expect(world.app.status.history.map(\.result) == ["Converged", "Superseded", "Converged"])
    }

    @Test func aReleaseThatWaitsForItsGateIsVerifiedAfterIt() throws {
        var world = try converged(["rollout.approval": ["for": ["Code"]]])
        #expect(try world.verify(Fixtures.resolution(2, 1)).isEmpty)
        #expect(world.objects[World.candidate] == nil)
        world.app.metadata.annotations[Keys.approve] = world.app.status.release?.target?.id
        #expect(try world.verify(Fixtures.resolution(2, 1)).count == 1)
        #expect(world.live == "2 1/")
    }

    @Test func anEditOfTheTemplateIsVerifiedAndARollbackIsNot() throws {
        var world = try converged()
        let path = "target.own.template.spec.containers.0.env.0.value"
        world.app = try edited(world.app, [path: "bad", "rollout.verify": World.http])
        try world.verify(Fixtures.resolution(1, 1)) { _ in Self.failure }
        #expect(world.app.status.condition("Stalled")?.reason == "RolledBack")
        world.app = try edited(world.app, [path: "good", "rollout.verify": World.http])
        try world.verify(Fixtures.resolution(1, 1))
        world.failRollout(Trouble.crash)
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.objects[World.candidate] == nil)
        #expect(world.app.status.release?.current?.id == world.app.status.history.first?.id)
    }

    @Test func underPauseItStaysAsItIsUntilSomebodyAsks() throws {
        var world = try converged(["rollout.onFailure": "Pause"])
        try world.verify(Fixtures.resolution(2, 1)) { _ in Self.failure }
        #expect(world.live == "1 1/")
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "VerificationFailed")
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        let id = try #require(world.app.status.release?.target?.id)
        world.app.metadata.annotations[Keys.unquarantine] = id
        world.checks = [:]
        #expect(try world.verify(Fixtures.resolution(2, 1)).count == 1)
        #expect(world.live == "2 1/")
    }

    @Test func killedBetweenAnyTwoStepsItEndsTheSame() throws {
        var ends: Set<[String]> = []
        for kill in 0..<16 {
            var world = try converged()
            var steps = 0
            for _ in 0..<40 {
                let plan = try world.plan(Fixtures.resolution(2, 1))
                // What a process knew of checks goes with it.
                if steps == kill { world.checks = [:] }
                try world.carryOut(plan, steps: steps == kill ? 1 : .max)
                steps += 1
                if plan.isEmpty {
                    if let check = plan.check { world.checks = [check.id: .finished(.passed)] }
                    world.finishRollout()
                }
            }
            ends.insert([world.live, "\(world.app.status.history.map { "\($0.code) \($0.result)" })"])
        }
        #expect(ends == [["2 1/", "[\"2 Converged\", \"1 Converged\"]"]])
    }

    @Test(
        arguments: [
            (["jsonPath": "$.a[*]"], "spec.rollout.verify[a].http.expect.jsonPath"),
            (["equals": "x"], "spec.rollout.verify[a].http.expect.jsonPath: is needed"),
            (
                ["jsonPath": "$.a", "equals": "x", "tolerance": 1],
                "spec.rollout.verify[a].http.expect.equals: must be a number"
            ),
        ] as [(JSONValue, String)]
    )
    func aCheckThatMakesNoSenseStallsTheSpec(expect: JSONValue, problem: String) throws {
        let steps: JSONValue = [["name": "a", "http": ["port": 1, "expect": expect]]]
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["rollout.verify": steps])
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(world.app.status.condition("Stalled")?.reason == "InvalidSpec")
        #expect(world.app.status.condition("Stalled")?.message.hasPrefix(problem) == true)
    }

    @Test func aCandidatesNameThatIsTakenIsNotTouched() throws {
        var world = try converged()
        world.create(World.candidate, ["metadata": ["name": "classifier-candidate"], "spec": [:]])
        let other = world.objects[World.candidate]
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.condition("Stalled")?.reason == "NameTaken")
        #expect(world.objects[World.candidate] == other)
    }

    @Test func onlyAPodOfOurOwnWithAnAddressOfItsOwnIsAsked() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        world.finishCandidate()
        world.candidateTrouble = [
            "conditions": [["type": "Ready", "status": "True"]], "podIP": "10.0.0.1", "hostIP": "10.0.0.1",
        ]
        let plan = try world.plan(Fixtures.resolution(2, 1))
        #expect(plan.check == nil)
        #expect(plan.status.release?.target?.message?.contains("hostNetwork") == true)
    }
}
