import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// What pods say is heard before the deadline.
@Suite(.timeLimit(.minutes(1)))
struct EarlyFailureTests {
    private func rolling(_ status: JSONValue, _ changes: [String: JSONValue?] = [:]) throws -> World {
        var world = World(try Fixtures.app(Fixtures.spec(changes)))
        try world.converge(Fixtures.resolution(1, 1))
        try world.settle(Fixtures.resolution(2, 1))
        world.beginRollout(status)
        try world.settle(Fixtures.resolution(2, 1))
        return world
    }

    @Test func aCrashLoopIsUndoneBeforeTheDeadline() throws {
        let world = try rolling(Trouble.loop)
        #expect(world.live == "1 1/" && world.quarantine == ["code 2"])
        #expect(world.app.status.quarantine.first?.reason == "CrashLoopBackOff")
    }

    @Test(arguments: [Trouble.crash, Trouble.killed, Trouble.unready, Trouble.configuration])
    func whatMayStillComeUpIsWaitedFor(_ status: JSONValue) throws {
        let world = try rolling(status)
        #expect(world.live == "2 1/" && world.quarantine == [])
        #expect(world.app.status.condition("Reconciling")?.reason == "Progressing")
    }

    @Test func anImageThatCannotBePulledIsSaidAtOnce() throws {
        var world = try rolling(Trouble.pull)
        #expect(world.app.status.condition("Ready")?.message.contains("ImagePullBackOff") == true)
        #expect(world.live == "2 1/")
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
    }

    @Test func aRolloutIsTriedAsOftenAsTheSpecSays() throws {
        var world = try rolling(Trouble.loop, ["rollout.attempts": 2])
        #expect(world.live == "1 1/", "what ran is put back first")
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.live == "2 1/", "and then it is tried again")
        world.beginRollout(Trouble.loop)
        try world.settle(Fixtures.resolution(2, 1))
        world.finishRollout()
        #expect(try world.settle(Fixtures.resolution(2, 1)).count <= 1)
        #expect(world.live == "1 1/" && world.quarantine == ["code 2"])
        #expect(world.app.status.condition("Ready")?.reason == "RolledBack")
    }

    @Test func theSecondTryMayBeGood() throws {
        var world = try rolling(Trouble.loop, ["rollout.attempts": 2])
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.live == "2 1/" && world.quarantine == [])
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
    }
}
