import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// A pod that finds no room is noticed from conditions, said, and answered where that is safe.
@Suite(.timeLimit(.minutes(1)))
struct SurgeTests {
    private func converged(_ changes: [String: JSONValue?] = [:]) throws -> World {
        var world = World(try Fixtures.app(Fixtures.spec(changes)))
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    private func unschedulable(_ world: World) -> JSONValue {
        var status = Trouble.unschedulable
        status["conditions"] = .array(
            (status["conditions"]?.array ?? []).map { condition in
                var condition = condition
                condition["lastTransitionTime"] = .string(world.now.rfc3339)
                return condition
            }
        )
        return status
    }

    private func strategy(_ world: World, _ name: String = World.deployment) -> JSONValue? {
        world.objects[name]?["spec"]?["strategy"]
    }

    private static let inPlace: JSONValue = [
        "type": "RollingUpdate", "rollingUpdate": ["maxSurge": 0, "maxUnavailable": 1],
    ]

    @Test func itIsSaidAtOnceAndAnsweredWhenTheClusterHadTimeToAddANode() throws {
        var world = try converged()
        let template = { (world: World) in world.objects[World.deployment]?["spec"]?["template"] }
        try world.settle(Fixtures.resolution(2, 1))
        world.beginRollout(unschedulable(world))
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        let target = try #require(world.app.status.release?.target)
        #expect(target.waitingFor == ["Capacity"])
        #expect(
            target.message?.contains("Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu") == true
        )
        #expect(world.app.status.condition("Ready")?.isTrue == true)
        #expect(world.app.status.condition("Reconciling")?.message.contains("replaced one by one") == true)
        let before = template(world)
        #expect(try world.plan(Fixtures.resolution(2, 1)).requeueAfter == .seconds(120))
        world.now = world.now + .seconds(120)
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [["apply Deployment: drift"]])
        #expect(strategy(world) == Self.inPlace && template(world) == before)
        // It stays so when the pod found its room, and writes nothing more.
        world.beginRollout(Trouble.unready)
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        #expect(try world.plan(Fixtures.resolution(2, 1)).isEmpty)
        #expect(world.quarantine == [])
        // The next one gets its chance again.
        try world.settle(Fixtures.resolution(3, 1))
        #expect(strategy(world)?["rollingUpdate"]?["maxSurge"] != 0)
    }

    private static let unsafe: [(String, [String: JSONValue?], [String: JSONValue?])] = [
        ("one pod", ["target.own.replicas": 1], [:]),
        ("the user says how", ["target.own.maxSurge": 1], [:]),
        ("pods of another size", [:], ["target.own.template.spec.containers.0.resources": .object([:])]),
    ]

    @Test(arguments: unsafe.indices)
    func whereAPodLessWouldBeUnsafeItIsOnlySaid(index: Int) throws {
        let (_, spec, edit) = Self.unsafe[index]
        var world = try converged(spec)
        if !edit.isEmpty { world.app = try edited(world.app, edit) }
        try world.settle(Fixtures.resolution(2, 1))
        world.beginRollout(unschedulable(world))
        // The old pods and the one that finds no room.
        world.edit(World.deployment, "status/replicas", 3)
        let before = strategy(world)
        world.now = world.now + .seconds(3600)
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(strategy(world) == before)
        let message = world.app.status.release?.target?.message
        #expect(message?.contains("make room, or set spec.target.own.maxSurge to 0") == true, "\(message ?? "")")
    }

    @Test func aQuotaThatIsUsedUpIsTheSame() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        world.beginRollout(Trouble.unready)
        let text =
            #"pods "classifier-1" is forbidden: exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2"#
        let condition: JSONValue = [
            "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": .string(text),
            "lastTransitionTime": .string(world.now.rfc3339),
        ]
        world.edit(World.deployment, "status/conditions", [condition])
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(world.app.status.release?.target?.waitingFor == ["Capacity"])
        #expect(world.app.status.release?.target?.message?.hasPrefix("QuotaExceeded: ") == true)
        world.now = world.now + .seconds(120)
        try world.settle(Fixtures.resolution(2, 1))
        #expect(strategy(world) == Self.inPlace)
    }

    @Test(arguments: [["type": "BlueGreen"], ["type": "Canary", "steps": [50]]] as [JSONValue])
    func besideWhatRunsItIsSaidAndNothingIsTaken(type: JSONValue) throws {
        var world = World(try Fixtures.app(Fixtures.spec(["rollout.strategy": type])))
        try world.roll(Fixtures.resolution(1, 1))
        world.secondTrouble = unschedulable(world)
        try world.roll(Fixtures.resolution(2, 1))
        world.now = world.now + .seconds(3600)
        world.miss(World.second)
        #expect(try world.roll(Fixtures.resolution(2, 1)) == [])
        let target = try #require(world.app.status.release?.target)
        #expect(target.waitingFor == ["Capacity"] && target.phase == .verifying)
        #expect(target.message?.contains("needs room beside what runs, which is not touched") == true)
        #expect(world.app.status.condition("Reconciling")?.reason == "Unschedulable")
        #expect(world.app.status.condition("Ready")?.isTrue == true)
        #expect(world.replicas("a") == 2 && world.slot == "a" && world.quarantine == [])
    }

    @Test func aCandidateWithoutRoomWaits() throws {
        var world = try converged()
        world.app = try edited(world.app, ["rollout.verify": World.http])
        try world.settle(Fixtures.resolution(1, 1))
        world.candidateTrouble = unschedulable(world)
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.release?.target?.waitingFor == ["Capacity"])
        #expect(world.app.status.release?.target?.checks.map(\.result) == [.running])
        #expect(world.quarantine == [])
    }
}
