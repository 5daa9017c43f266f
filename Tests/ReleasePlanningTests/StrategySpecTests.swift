import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// A strategy that makes no sense is refused with the field that is wrong, and nothing is released.
@Suite(.timeLimit(.minutes(1)))
struct StrategySpecTests {
    static let cases: [(strategy: JSONValue, problem: String)] = [
        (["type": "Canary"], "spec.rollout.strategy.steps: is required"),
        (["type": "Canary", "steps": [50, 10]], "spec.rollout.strategy.steps: must rise: 10 comes after 50"),
        (["type": "Canary", "steps": [10, 10]], "spec.rollout.strategy.steps: must rise: 10 comes after 10"),
        (["type": "Canary", "steps": [100]], "spec.rollout.strategy.steps: must begin below 100"),
        (["type": "Canary", "steps": [0, 50]], "spec.rollout.strategy.steps[0]"),
        (["type": "BlueGreen", "steps": [10]], "spec.rollout.strategy.steps: counts with type Canary only"),
        (["steps": [10]], "spec.rollout.strategy.steps: counts with type Canary only, and the type is Rolling"),
        (["type": "Rolling", "pause": "1m"], "spec.rollout.strategy.pause: counts with type Canary only"),
        (
            ["type": "Recreate", "scaleDownDelay": "1m"],
            "spec.rollout.strategy.scaleDownDelay: counts with type BlueGreen"
        ),
    ]

    @Test(arguments: cases.indices)
    func isRefusedWithItsPathAndReleasesNothing(index: Int) throws {
        let (strategy, problem) = Self.cases[index]
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["rollout.strategy": strategy])
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        let stalled = world.app.status.condition("Stalled")
        #expect(stalled?.reason == "InvalidSpec")
        #expect(stalled?.message.hasPrefix(problem) == true, "\(stalled?.message ?? "")")
    }

    @Test(arguments: [["type": "BlueGreen"], ["type": "Canary", "steps": [10]]] as [JSONValue])
    func trafficThatGoesOverNeedsAService(strategy: JSONValue) throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["rollout.strategy": strategy, "target.service": nil])
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(world.app.status.condition("Stalled")?.message.hasPrefix("spec.target.service: is needed") == true)
    }

    @Test(arguments: [["type": "BlueGreen"], ["type": "Canary", "steps": [10]]] as [JSONValue])
    func anAdoptedDeploymentKeepsAStrategyOfItsOwn(strategy: JSONValue) throws {
        let world = try Adoption.world(["rollout.strategy": strategy])
        #expect(SpecCheck.problems(in: world.app).map(\.field) == ["spec.rollout.strategy.type"])
        #expect(try world.plan(Fixtures.resolution(2, 1)).isEmpty)
    }
}
