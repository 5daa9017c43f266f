import JSON
import ReleasePlanning
import Testing

/// Replicas are written at creation and when the spec's value changes, and belong to an autoscaler otherwise.
@Suite(.timeLimit(.minutes(1)))
struct ReplicasTests {
    private func converged(_ replicas: JSONValue?) throws -> World {
        var world = World(try Fixtures.app(Fixtures.spec(["target.own.replicas": replicas])))
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    private func replicas(_ world: World) -> JSONValue? { world.objects[World.deployment]?["spec"]?["replicas"] }

    @Test(arguments: [0, 1, 2, 30])
    func theyAreWrittenAtCreation(count: Int64) throws {
        #expect(replicas(try converged(.integer(count))) == .integer(count))
    }

    @Test func withoutAValueTheyAreNeverWritten() throws {
        var world = try converged(nil)
        #expect(replicas(world) == 1)
        world.edit(World.deployment, "spec/replicas", 7)
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        try world.converge(Fixtures.resolution(2, 1))
        #expect(replicas(world) == 7)
    }

    @Test func anAutoscalerKeepsWhatItSetsAcrossReleases() throws {
        var world = try converged(2)
        world.edit(World.deployment, "spec/replicas", 7)
        try world.converge(Fixtures.resolution(2, 2))
        #expect(replicas(world) == 7)
    }

    @Test func anotherValueInTheSpecIsWrittenOnceAndIsNoRelease() throws {
        var world = try converged(2)
        world.edit(World.deployment, "spec/replicas", 7)
        world.app = try edited(world.app, ["target.own.replicas": 4])
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["scale to 4"]])
        #expect(replicas(world) == 4)
        world.edit(World.deployment, "spec/replicas", 7)
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
    }

    @Test func aCrashBetweenReleaseAndScaleLosesNothing() throws {
        var world = World(try Fixtures.app(Fixtures.spec(["target.own.replicas": 5])))
        let plan = try world.plan(Fixtures.resolution(1, 1))
        try world.carryOut(plan, steps: 2)
        #expect(replicas(world) == 1)
        try world.settle(Fixtures.resolution(1, 1))
        #expect(replicas(world) == 5)
    }

    @Test func theApplyOfAReleaseNeverNamesThem() throws {
        let world = World(try Fixtures.app())
        let body = try world.plan(Fixtures.resolution(1, 1)).body("Deployment")
        #expect(body?["spec"]?["replicas"] == nil)
        #expect(body?["metadata"]?["annotations"]?[Keys.replicas] == nil)
    }
}
