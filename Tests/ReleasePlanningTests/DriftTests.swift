import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// Owned objects are kept as they were applied, whatever the server makes of them and whoever else writes them.
@Suite(.timeLimit(.minutes(1)))
struct DriftTests {
    private func converged(_ spec: JSONValue = Fixtures.spec) throws -> World {
        var world = World(try Fixtures.app(spec))
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    private static let ownedFields: [(String, JSONValue?)] = [
        ("spec/template/spec/containers/0/image", "evil/image:latest"),
        ("spec/template/spec/containers/0/env/0/value", "changed"),
        ("spec/template/spec/containers/0/command", ["serve"]),
        ("spec/template/spec/containers/0/resources/limits/memory", "2Gi"),
        ("spec/template/spec/containers/0/ports/0/containerPort", 99),
        ("spec/template/spec/initContainers/0/args", []), ("spec/template/metadata/labels/team", "other"),
        ("spec/template/metadata/labels", nil), ("spec/template/spec/volumes", []), ("metadata/labels", [:]),
        ("metadata/annotations/modelapp.dev~applied", "x"), ("metadata/annotations/modelapp.dev~release", nil),
        ("spec/progressDeadlineSeconds", 1),
    ]

    @Test(arguments: ownedFields.indices)
    func aChangeOfAnOwnedFieldIsPutBack(index: Int) throws {
        let (path, value) = Self.ownedFields[index]
        var world = try converged()
        let before = try #require(world.objects[World.deployment])
        world.edit(World.deployment, path, value)
        #expect(world.objects[World.deployment] != before)
        let passes = try world.settle(Fixtures.resolution(1, 1))
        #expect(passes.count == 1 && passes.first?.count == 1)
        #expect(passes.first?.first?.hasPrefix("apply Deployment") == true)
        let after = try #require(world.objects[World.deployment])
        for part in ["labels", "annotations", "ownerReferences"] {
            #expect(
                FieldComparison.firstDifference(
                    applied: before["metadata"]?[part] ?? .null,
                    live: after["metadata"]?[part] ?? .null
                ) == nil
            )
        }
        #expect(
            FieldComparison.firstDifference(applied: before["spec"] ?? .null, live: after["spec"] ?? .null, at: "spec")
                == nil
        )
    }

    private static let foreignFields: [(String, JSONValue)] = [
        ("spec/replicas", 9), ("spec/revisionHistoryLimit", 3), ("spec/paused", true),
        ("metadata/annotations/deployment.kubernetes.io~revision", "4"),
        ("spec/template/spec/containers/0/imagePullPolicy", "Always"), ("spec/template/spec/priorityClassName", "high"),
        ("spec/template/metadata/annotations/kubectl.kubernetes.io~restartedAt", "2026-01-01T00:00:00Z"),
        ("metadata/labels/theirs", "x"),
    ]

    @Test(arguments: foreignFields.indices)
    func whatOthersOwnIsLeftAlone(index: Int) throws {
        let (path, value) = Self.foreignFields[index]
        var world = try converged()
        world.edit(World.deployment, path, value)
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        world.finishRollout()
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
    }

    @Test func anotherManagersContainerIsLeftAlone() throws {
        var world = try converged()
        let containers = world.objects[World.deployment]?["spec"]?["template"]?["spec"]?["containers"]?.array ?? []
        world.edit(
            World.deployment,
            "spec/template/spec/containers",
            .array([["name": "sidecar", "image": "x"]] + containers)
        )
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
    }

    @Test func aDeploymentThatWasDeletedIsMadeAgainWithItsReplicas() throws {
        var world = try converged()
        world.remove(World.deployment)
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply Deployment: new release", "scale to 2"]])
        #expect(world.objects[World.deployment]?["spec"]?["replicas"] == 2)
        world.finishRollout()
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
    }

    @Test func aServiceThatWasChangedOrDeletedIsPutBack() throws {
        var world = try converged()
        world.edit(World.service, "spec/ports/0/targetPort", 1)
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply Service: service changed"]])
        world.edit(World.service, "spec/clusterIP", "10.0.0.9")
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        world.remove(World.service)
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply Service: new service"]])
    }

    @Test func aServiceThatTheSpecNoLongerNamesIsDeletedByItsUID() throws {
        var world = try converged()
        world.app = try edited(world.app, ["target.service": nil])
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["delete Service classifier"]])
        #expect(world.objects[World.service] == nil)
        #expect(world.app.status.endpoint == nil)
    }

    @Test func aForeignServiceIsNotDeleted() throws {
        var world = World(try Fixtures.app(Fixtures.spec(["target.service": nil])))
        world.create(World.service, ["metadata": ["name": "classifier"], "spec": [:]])
        try world.converge(Fixtures.resolution(1, 1))
        #expect(world.objects[World.service] != nil)
    }

    /// What a server normalises in a way that is not known here must not be applied for ever.
    @Test func whatTheServerMadeOfOurOwnApplyIsInStep() throws {
        var world = try converged()
        world.edit(World.deployment, "spec/progressDeadlineSeconds", 901)
        #expect(try world.plan(Fixtures.resolution(1, 1)).summary == ["apply Deployment: drift"])
        let live = try #require(try world.observation().deployment)
        let hash = try #require(live.metadata.annotations[Keys.applied])
        world.policy.settled = [
            PlanPolicy.Settled(uid: live.metadata.uid, live: live.document, hash: hash)
        ]
        #expect(try world.plan(Fixtures.resolution(1, 1)).isEmpty)
        // A write of the status, which comes with every pod, makes no other object of it.
        world.edit(World.deployment, "status/unavailableReplicas", 1)
        #expect(try world.plan(Fixtures.resolution(1, 1)).isEmpty)
        // Somebody writes it again: no longer what we know.
        world.edit(World.deployment, "spec/progressDeadlineSeconds", 902)
        #expect(try world.plan(Fixtures.resolution(1, 1)).summary == ["apply Deployment: drift"])
    }

    @Test func anApplyOntoAnExistingObjectCarriesTheVersionThatWasRead() throws {
        var world = try converged()
        let version = world.objects[World.deployment]?["metadata"]?["resourceVersion"]?.string
        let plan = try world.plan(Fixtures.resolution(2, 1))
        guard case .apply(let step, _) = plan.steps.last else {
            Issue.record("no apply")
            return
        }
        #expect(step.resource == Deployment.resource)
        #expect(step.resourceVersion == version)
        world.edit(World.deployment, "metadata/annotations/x", "y")
        #expect(throws: WorldError.self) { try world.carryOut(plan) }
    }
}
