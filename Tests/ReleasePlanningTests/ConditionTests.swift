import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// The table of states of the API: what the conditions say of each.
@Suite(.timeLimit(.minutes(1)))
struct ConditionTests {
    private func converged(_ spec: JSONValue = Fixtures.spec) throws -> World {
        var world = World(try Fixtures.app(spec))
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    private func states(_ world: World) -> [String] {
        world.app.status.conditions.filter { !$0.type.hasSuffix("Resolved") && $0.type != "FieldsOwned" }
            .map { "\($0.type)=\($0.status) \($0.reason)" }
    }

    @Test func theFirstRolloutProgressesAndConverges() throws {
        var world = World(try Fixtures.app())
        try world.settle(Fixtures.resolution(1, 1))
        #expect(states(world) == ["Ready=False Progressing", "Reconciling=True Progressing"])
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(states(world) == ["Ready=True Converged"])
        #expect(world.app.status.condition("Ready")?.message == "code 1 + model 1/ on 2/2 pods")
    }

    @Test func anUpstreamUpdateRollsOutWhileTheOldReleaseStaysReady() throws {
        var world = try converged()
        for _ in 0..<2 {
            try world.settle(Fixtures.resolution(2, 1))
            #expect(states(world) == ["Ready=True Progressing", "Reconciling=True Progressing"])
        }
        #expect(world.app.status.release?.current?.code.tag == "1")
        #expect(world.app.status.release?.target?.code.tag == "2")
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(states(world) == ["Ready=True Converged"])
    }

    @Test func anEditOfTheSpecIsNotReadyUntilItRuns() throws {
        var world = try converged()
        world.app = try edited(world.app, ["target.own.template.spec.containers.0.env.0.value": "staging"])
        // Also when it is looked at again.
        for _ in 0..<2 {
            try world.settle(Fixtures.resolution(1, 1))
            #expect(states(world) == ["Ready=False Progressing", "Reconciling=True Progressing"])
        }
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(states(world) == ["Ready=True Converged"])
    }

    @Test func podsThatFailAfterConvergenceAreDegraded() throws {
        var world = try converged()
        world.edit(World.deployment, "status/availableReplicas", 1)
        try world.settle(Fixtures.resolution(1, 1))
        #expect(states(world) == ["Ready=False Degraded"])
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(states(world) == ["Ready=True Converged"])
    }

    @Test(arguments: [
        ("Progressing", "False", "ProgressDeadlineExceeded"), ("ReplicaFailure", "True", "FailedCreate"),
    ])
    func aRolloutThatStandsStillSaysWhy(type: String, status: String, reason: String) throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        world.trouble = Trouble.unschedulable
        let generation = world.objects[World.deployment]?["metadata"]?["generation"] ?? 0
        let condition: JSONValue = [
            "type": .string(type), "status": .string(status), "reason": .string(reason), "message": "quota",
        ]
        world.edit(
            World.deployment,
            "status",
            [
                "observedGeneration": generation, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2,
                "conditions": [condition],
            ]
        )
        try world.settle(Fixtures.resolution(2, 1))
        #expect(states(world) == ["Ready=False Degraded", "Reconciling=True Degraded"])
        let message = world.app.status.condition("Ready")?.message ?? ""
        #expect(message.contains("\(reason): quota"))
        // The pods are followed while a rollout lasts, so that what they suffer from is said in both cases.
        #expect(message.contains("Insufficient nvidia.com/gpu"), "\(message)")
        #expect(
            world.app.status.release?.pods?.json == ["desired": 2, "onTarget": 1, "onCurrent": 2, "other": 0]
        )
    }

    @Test func aStatusThatTheDeploymentControllerHasNotRenewedCountsForNothing() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.release?.pods?.onTarget == 0)
        #expect(world.app.status.release?.target?.phase == .progressing)
    }

    @Test func theTimeOfTransitionMovesWithTheStatusAlone() throws {
        var world = try converged()
        let before = try #require(world.app.status.condition("Ready"))
        world.now = world.now + .seconds(60)
        try world.settle(Fixtures.resolution(2, 1))
        let progressing = try #require(world.app.status.condition("Ready"))
        #expect(progressing.reason == "Progressing")
        #expect(progressing.lastTransitionTime == before.lastTransitionTime)
        world.app = try edited(world.app, ["target.own.replicas": 3])
        world.now = world.now + .seconds(60)
        try world.settle(Fixtures.resolution(2, 1))
        let edited = try #require(world.app.status.condition("Ready"))
        #expect(edited.status == "False")
        #expect(edited.lastTransitionTime == world.now.rfc3339)
        #expect(edited.observedGeneration == 2)
    }

    @Test func nothingChangesInTheStatusWhileNothingChanges() throws {
        var world = try converged()
        let status = world.app.status
        world.now = world.now + .seconds(86_400)
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.app.status == status)
    }

    @Test func conditionsAreOneOfATypeAndInOrder() throws {
        let types = try converged().app.status.conditions.map(\.type)
        #expect(types == types.sorted())
        #expect(Set(types).count == types.count)
    }

    @Test func aModelThatCannotBeHadAgainIsSaidSo() throws {
        var world = World(try Fixtures.app())
        let model = Fixtures.model(1, isRestorable: false)
        try world.converge(Resolution(code: .found(Fixtures.code(1), nil), model: .found(model, nil)))
        #expect(world.app.status.release?.current?.restorable == false)
        #expect(world.app.status.condition("ModelResolved")?.message.contains("no rollback to it") == true)
    }

    @Test func aRequestIsAnsweredByItsValue() throws {
        var world = try converged()
        world.app.metadata.annotations[Keys.reconcileRequestedAt] = String(repeating: "é", count: 300)
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.app.status.lastHandledReconcileAt == String(repeating: "é", count: 256))
    }

    private static let endpoints: [(ingress: JSONValue?, dns: JSONValue?, port: JSONValue, url: String?)] = [
        (["ip": "1.2.3.4"], nil, 80, "http://1.2.3.4"), (["ip": "::1"], nil, 8080, "http://[::1]:8080"),
        (["hostname": "lb.example"], nil, 443, "https://lb.example"), (nil, nil, 80, nil),
        (["ip": "1.2.3.4"], ["hostname": "app.example.org"], 80, "http://app.example.org"),
        (["ip": "1.2.3.4"], ["azureLabel": "app"], 80, "http://1.2.3.4"),
    ]

    @Test(arguments: endpoints.indices)
    func theEndpointIsWhereTheServiceAnswers(index: Int) throws {
        let (ingress, dns, port, url) = Self.endpoints[index]
        var world = try converged(
            Fixtures.spec(["target.service.ports": [["port": port]], "target.service.dns": dns])
        )
        if let ingress { world.edit(World.service, "status", ["loadBalancer": ["ingress": [ingress]]]) }
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.app.status.endpoint?.url == url)
    }
}
