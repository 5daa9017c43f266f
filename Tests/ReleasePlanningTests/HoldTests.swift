import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// What somebody put back by hand stays, until something newer comes or somebody says so.
@Suite(.timeLimit(.minutes(1)))
struct HoldTests {
    /// A world in which releases 1 and 2 of the code ran, and 2 runs.
    private struct Scene {
        var world: World
        let first: String
        let second: String
        /// The Deployment as it was under the first release: what a ReplicaSet keeps of it.
        let before: JSONValue

        init(_ changes: [String: JSONValue?] = [:]) throws {
            world = World(try Fixtures.app(Fixtures.spec(changes)))
            try world.converge(Fixtures.resolution(1, 1))
            first = try #require(world.app.status.release?.current?.id)
            before = try #require(world.objects[World.deployment])
            world.now = world.now + .seconds(3600)
            try world.converge(Fixtures.resolution(2, 1))
            second = try #require(world.app.status.release?.current?.id)
        }

        var live: String? { world.objects[World.deployment]?["metadata"]?["annotations"]?[Keys.release]?.string }
        var history: [String] { world.app.status.history.map { "\($0.code) \($0.cause) \($0.result)" } }

        mutating func rollBack(_ mark: String = "") {
            world.app.metadata.annotations[Keys.rollback] = "\(second) \(first)\(mark)"
        }

        /// What kubectl writes: the template of a ReplicaSet, and the annotations that the ReplicaSet has from its time.
        mutating func undo() {
            world.edit(World.deployment, "spec/template", before["spec"]?["template"])
            world.edit(World.deployment, "metadata/annotations", before["metadata"]?["annotations"])
        }

        func reason(_ type: String) -> String? { world.app.status.condition(type)?.reason }
    }

    @Test func anAnnotationPutsAReleaseBackAndHoldsIt() throws {
        var scene = try Scene()
        scene.rollBack()
        let plan = try scene.world.plan(Fixtures.resolution(2, 1))
        #expect(plan.summary == ["apply ControllerRevision #3: rollback", "apply Deployment: new release"])
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.first)
        #expect(scene.world.objects[World.deployment]?["spec"]?["template"] == scene.before["spec"]?["template"])
        let ready = scene.world.app.status.condition("Ready")
        #expect(ready?.isTrue == true && ready?.reason == "RolledBack")
        #expect(ready?.message.contains("in place of release \(scene.second)") == true)
        #expect(scene.reason("UpdateAvailable") == "WaitingForNewerPair")
        #expect(scene.history == ["1 Rollback Converged", "2 NewCode Converged"])
        // Neither a restart nor the loss of the status ends it, and nothing is written.
        scene.world.app.status = ModelAppStatus()
        #expect(try scene.world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(scene.reason("Ready") == "RolledBack")
    }

    @Test func somethingNewerEndsTheHoldAndTheAnnotationIsSpent() throws {
        var scene = try Scene()
        scene.rollBack()
        try scene.world.converge(Fixtures.resolution(2, 1))
        try scene.world.converge(Fixtures.resolution(3, 1))
        #expect(scene.world.app.status.release?.current?.code.tag == "3")
        #expect(scene.reason("Ready") == "Converged" && scene.reason("UpdateAvailable") == nil)
        // What was rolled back may be the newest again; the request was for once.
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.second)
        #expect(try scene.world.settle(Fixtures.resolution(2, 1)) == [])
        scene.rollBack(" again")
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.first)
    }

    @Test func aNewModelIsNewerToo() throws {
        var scene = try Scene()
        scene.rollBack()
        try scene.world.converge(Fixtures.resolution(2, 1))
        try scene.world.converge(Fixtures.resolution(2, 2))
        #expect(scene.world.app.status.release?.current?.code.tag == "2")
    }

    @Test func withoutTheAnnotationTheNewestReturns() throws {
        var scene = try Scene()
        scene.rollBack()
        try scene.world.converge(Fixtures.resolution(2, 1))
        scene.world.app.metadata.annotations[Keys.rollback] = nil
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.second && scene.reason("Ready") == "Converged")
    }

    @Test func aSourceThatFailsOrGoesBackEndsNoHold() throws {
        var scene = try Scene()
        scene.rollBack()
        try scene.world.converge(Fixtures.resolution(2, 1))
        let failure = ResolutionFailure("Unavailable", "no answer")
        var resolution = Fixtures.resolution(2, 1)
        resolution.code = .failed(failure)
        #expect(try scene.world.settle(resolution) == [])
        #expect(try scene.world.settle(Fixtures.resolution(1, 1)) == [])
        #expect(try scene.world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(scene.live == scene.first)
    }

    @Test func aRollbackNeedsNeitherWindowNorPin() throws {
        let window: JSONValue = [["name": "n", "cron": "0 1 * * *", "duration": "1h"]]
        var scene = try Scene(["rollout.windows": window])
        scene.world.now = Fixtures.now + .seconds(8 * 3600)
        scene.rollBack()
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.first)
        // The newer one waits for its window.
        try scene.world.settle(Fixtures.resolution(3, 1))
        #expect(scene.live == scene.first && scene.reason("UpdateAvailable") == "WaitingForWindow")
    }

    @Test func anEditOfTheTemplateWaitsForTheHoldAndSaysSo() throws {
        let path = "target.own.template.spec.containers.0.env.0.value"
        var scene = try Scene()
        scene.rollBack()
        try scene.world.converge(Fixtures.resolution(2, 1))
        scene.world.app.spec = try edited(scene.world.app, [path: "edited"]).spec
        scene.world.app.metadata.generation += 1
        #expect(try scene.world.settle(Fixtures.resolution(2, 1)) == [])
        let ready = scene.world.app.status.condition("Ready")
        #expect(ready?.isTrue == false && ready?.reason == "WaitingForNewerPair", "the spec does not run")
        #expect(scene.live == scene.first)
    }

    @Test func aTemplateThatWasUndoneGivesWayToAnotherEdit() throws {
        let path = "target.own.template.spec.containers.0.env.0.value"
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        let first = try #require(world.app.status.release?.current?.id)
        world.app = try edited(world.app, [path: "bad"])
        try world.converge(Fixtures.resolution(1, 1))
        let second = try #require(world.app.status.release?.current?.id)
        world.app.metadata.annotations[Keys.rollback] = "\(second) \(first)"
        try world.converge(Fixtures.resolution(1, 1))
        #expect(world.app.status.release?.current?.id == first)
        let ready = world.app.status.condition("Ready")
        #expect(ready?.isTrue == false && ready?.reason == "WaitingForNewerPair", "the spec does not run")
        let annotations = world.app.metadata.annotations
        world.app = try edited(world.app, [path: "good"])
        world.app.metadata.annotations = annotations
        try world.converge(Fixtures.resolution(1, 1))
        #expect(![first, second].contains(world.app.status.release?.current?.id ?? ""))
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
    }

    @Test func whatCannotBePutBackIsRefusedWithTheReason() throws {
        func message(_ annotation: String, _ scene: Scene) throws -> String {
            var scene = scene
            scene.world.app.metadata.annotations[Keys.rollback] = annotation
            #expect(try scene.world.settle(Fixtures.resolution(2, 2)) == [])
            return scene.world.app.status.condition("Ready")?.message ?? ""
        }
        var scene = try Scene()
        try scene.world.settle(Fixtures.resolution(2, 3))
        let unfinished = try #require(scene.world.app.status.release?.target?.id)
        var volatile = Fixtures.resolution(2, 4)
        volatile.model = .found(Fixtures.model(4, isRestorable: false), nil)
        try scene.world.converge(volatile)
        let overwritten = try #require(scene.world.app.status.release?.current?.id)
        try scene.world.converge(Fixtures.resolution(2, 2))
        let current = try #require(scene.world.app.status.release?.current?.id)
        #expect(
            try message("x", scene).hasSuffix("it needs two release ids: the one that runs and the one to put back")
        )
        #expect(try message("\(current) feedfacecafe", scene).hasSuffix("release feedfacecafe is not kept"))
        #expect(try message("\(current) \(current)", scene).hasSuffix("release \(current) runs already"))
        #expect(try message("\(current) \(unfinished)", scene).hasSuffix("never ran on all pods"))
        #expect(try message("\(current) \(overwritten)", scene).contains("were overwritten in place"))
        // A request about a release that does not run is none.
        #expect(try !message("\(scene.second) \(scene.first)", scene).contains("not followed"))
    }

    @Test func theDefaultIsTheLastThatRanBefore() throws {
        var scene = try Scene()
        try scene.world.settle(Fixtures.resolution(3, 1))
        try scene.world.converge(Fixtures.resolution(4, 1))
        let observation = try scene.world.observation()
        let current = try #require(observation.current)
        let target = try RollbackRequest.defaultTarget(observation.releases, before: current, latestModel: nil)
        #expect(target.release.id == scene.second, "3 never ran everywhere")
        let oldest = try #require(observation.releases.min { $0.number < $1.number })
        #expect(throws: RollbackRequest.Refusal.self) {
            try RollbackRequest.defaultTarget(observation.releases, before: oldest, latestModel: nil)
        }
    }

    @Test func anUndoByKubectlIsHeldUntilItIsResumed() throws {
        var scene = try Scene()
        scene.undo()
        #expect(scene.live == scene.first)
        let plan = try scene.world.plan(Fixtures.resolution(2, 1))
        #expect(plan.summary.first == "apply ControllerRevision #3: undo")
        #expect(plan.body("Deployment")?["metadata"]?["labels"]?[Keys.release] == .string(scene.first))
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.first)
        #expect(scene.history == ["1 Undo Converged", "2 NewCode Converged"])
        #expect(scene.reason("Ready") == "RolledBack" && scene.reason("UpdateAvailable") == "WaitingForResume")
        // Whatever comes: it was a decision of somebody.
        #expect(try scene.world.settle(Fixtures.resolution(3, 2)) == [])
        scene.world.app.metadata.annotations[Keys.resume] = scene.first
        try scene.world.converge(Fixtures.resolution(3, 2))
        #expect(scene.world.app.status.release?.current?.code.tag == "3")
        #expect(scene.reason("Ready") == "Converged")
    }

    @Test func aResumeCountsOnce() throws {
        var scene = try Scene()
        scene.undo()
        try scene.world.converge(Fixtures.resolution(2, 1))
        scene.world.app.metadata.annotations[Keys.resume] = scene.first
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.second)
        scene.undo()
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.first)
        scene.world.app.metadata.annotations[Keys.resume] = "\(scene.first).2"
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.second)
    }

    @Test func undoingAnUndoGoesBackToTheNewest() throws {
        var scene = try Scene()
        let after = try #require(scene.world.objects[World.deployment])
        scene.undo()
        try scene.world.converge(Fixtures.resolution(2, 1))
        scene.world.edit(World.deployment, "spec/template", after["spec"]?["template"])
        scene.world.edit(World.deployment, "metadata/annotations", after["metadata"]?["annotations"])
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.second && scene.history.first == "2 Undo Converged")
        // It is the newest; the next one has to be let in.
        try scene.world.settle(Fixtures.resolution(3, 1))
        #expect(scene.live == scene.second && scene.reason("UpdateAvailable") == "WaitingForResume")
    }

    @Test func aTemplateOfNoKnownReleaseIsDriftAndPutBack() throws {
        var scene = try Scene()
        scene.undo()
        scene.world.edit(World.deployment, "spec/template/spec/containers/0/image", "somebody/else:1")
        try scene.world.settle(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.second)
    }

    @Test func aCrashBetweenAnyTwoStepsOfAHoldChangesNothing() throws {
        for steps in 0...2 {
            for isUndo in [false, true] {
                var scene = try Scene()
                if isUndo { scene.undo() } else { scene.rollBack() }
                try scene.world.carryOut(try scene.world.plan(Fixtures.resolution(2, 1)), steps: steps)
                try scene.world.converge(Fixtures.resolution(2, 1))
                #expect(scene.live == scene.first)
                #expect(scene.history == ["1 \(isUndo ? "Undo" : "Rollback") Converged", "2 NewCode Converged"])
                #expect(try scene.world.observation().releases.map(\.number).max() == 3)
            }
        }
    }

    @Test func aPausedDeploymentIsLeftAlone() throws {
        var scene = try Scene()
        scene.world.edit(World.deployment, "spec/paused", true)
        try scene.world.settle(Fixtures.resolution(3, 1))
        #expect(scene.live == scene.second && scene.reason("UpdateAvailable") == "WaitingForResume")
        #expect(try scene.world.observation().releases.count == 2)
        // Who paused it edits it.
        scene.world.edit(World.deployment, "spec/template/spec/containers/0/env", [])
        #expect(try scene.world.settle(Fixtures.resolution(3, 1)) == [])
        scene.rollBack()
        #expect(try scene.world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(scene.world.app.status.condition("Ready")?.message.contains("paused") == true)
        scene.world.edit(World.deployment, "spec/paused", nil)
        try scene.world.converge(Fixtures.resolution(2, 1))
        #expect(scene.live == scene.first)
    }

    @Test func aRestartByKubectlIsNoDrift() throws {
        var scene = try Scene()
        scene.world.edit(
            World.deployment,
            "spec/template/metadata/annotations/kubectl.kubernetes.io~restartedAt",
            "2026-01-01T05:00:00Z"
        )
        #expect(try scene.world.settle(Fixtures.resolution(2, 1)) == [])
        try scene.world.converge(Fixtures.resolution(3, 1))
        let annotations = scene.world.objects[World.deployment]?["spec"]?["template"]?["metadata"]?["annotations"]
        #expect(annotations?["kubectl.kubernetes.io/restartedAt"] == "2026-01-01T05:00:00Z")
    }
}
