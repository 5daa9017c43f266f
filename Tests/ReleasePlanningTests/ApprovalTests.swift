import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// A pair whose half asks for consent waits for an answer that names it.
@Suite(.timeLimit(.minutes(1)))
struct ApprovalTests {
    private static let approval: [String: JSONValue?] = ["rollout.approval": ["for": ["Model"], "deadline": "24h"]]

    private func converged(_ changes: [String: JSONValue?] = approval) throws -> World {
        var world = World(try Fixtures.app(Fixtures.spec([:])))
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, changes)
        try world.settle(Fixtures.resolution(1, 1))
        return world
    }

    private func approve(_ world: inout World, _ id: String?, by user: String = "ann") {
        world.app.metadata.annotations[Keys.approve] = id.map { "\($0) \(user)" }
    }

    private func running(_ world: World) -> String {
        let current = world.app.status.release?.current
        return "\(current?.code.tag ?? "-") \(current?.model.version ?? "-")"
    }

    @Test func aNewModelWaitsForConsentAndSaysHowToGiveIt() throws {
        var world = try converged()
        #expect(try world.settle(Fixtures.resolution(1, 2)) == [])
        let target = try #require(world.app.status.release?.target)
        #expect(target.waitingFor == ["Approval"] && target.phase == .waiting && target.nextWindow == nil)
        #expect(target.since == Fixtures.now.rfc3339)
        #expect(target.message?.contains("modelapp.dev/approve=\(target.id) USER") == true)
        #expect(target.message?.contains("until 2026-01-02T00:00:00Z") == true)
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "WaitingForApproval")
        #expect(world.app.status.condition("Ready")?.isTrue == true)
        #expect(try world.plan(Fixtures.resolution(1, 2)).requeueAfter == .seconds(86_400))
        approve(&world, target.id)
        try world.converge(Fixtures.resolution(1, 2))
        #expect(running(world) == "1 2/")
        #expect(world.app.status.history.first?.approvedBy == nil, "nobody checked the name")
    }

    @Test func theApproverIsRecordedWhereTheClusterChecksTheName() throws {
        var world = try converged()
        world.policy.recordsApprovers = true
        try world.settle(Fixtures.resolution(1, 2))
        approve(&world, world.app.status.release?.target?.id, by: "system:serviceaccount:prod:release bot")
        try world.converge(Fixtures.resolution(1, 2))
        #expect(world.app.status.history.first?.approvedBy == "system:serviceaccount:prod:release bot")
        // It outlives the status, and the convergence of the release.
        world.app.status = ModelAppStatus()
        try world.settle(Fixtures.resolution(1, 2))
        #expect(world.app.status.history.map(\.approvedBy) == ["system:serviceaccount:prod:release bot", nil])
    }

    @Test(arguments: ["000000000000 ann", "", " ", "ann"])
    func anAnswerToSomethingElseIsNone(_ text: String) throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(1, 2))
        world.app.metadata.annotations[Keys.approve] = text
        #expect(try world.settle(Fixtures.resolution(1, 2)) == [])
        #expect(world.app.status.release?.target?.waitingFor == ["Approval"])
    }

    @Test func theHalfThatIsNotNamedNeedsNoConsent() throws {
        var world = try converged()
        try world.converge(Fixtures.resolution(2, 1))
        #expect(running(world) == "2 1/")
        #expect(try world.settle(Fixtures.resolution(3, 2)) == [], "both change, and one of them asks")
    }

    @Test func theFirstReleaseAsksToo() throws {
        var world = World(try Fixtures.app(Fixtures.spec(Self.approval)))
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        #expect(world.app.status.condition("Ready")?.reason == "WaitingForApproval")
        approve(&world, world.app.status.release?.target?.id)
        try world.converge(Fixtures.resolution(1, 1))
        #expect(running(world) == "1 1/")
    }

    @Test func nobodyAnswersInTimeAndThePairIsDroppedUntilSomethingNewerComes() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(1, 2))
        let id = try #require(world.app.status.release?.target?.id)
        world.now = Fixtures.now + .seconds(86_400)
        try world.settle(Fixtures.resolution(1, 2))
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "ApprovalExpired")
        #expect(world.app.status.release?.dropped == [id])
        approve(&world, id)
        #expect(try world.settle(Fixtures.resolution(1, 2)) == [], "too late")
        #expect(world.app.status.release?.target?.waitingFor == ["ApprovalExpired"])
        // What needs no consent goes on without it.
        try world.converge(Fixtures.resolution(2, 2))
        #expect(world.app.status.release?.target?.waitingFor == ["Approval"], "with the new code it is another pair")
        world.now = Fixtures.now + .seconds(3 * 86_400)
        try world.converge(Fixtures.resolution(2, 2))
        #expect(running(world) == "2 1/")
        #expect(world.app.status.release?.dropped.count == 2)
        try world.settle(Fixtures.resolution(2, 3))
        #expect(world.app.status.release?.target?.waitingFor == ["Approval"])
    }

    @Test func anAnswerInTimeHoldsUntilTheWindowOpens() throws {
        let changes: [String: JSONValue?] = [
            "rollout.approval": ["for": ["Code", "Model"], "deadline": "1h"],
            "rollout.windows": [["name": "nightly", "cron": "0 2 * * *", "duration": "1h"]],
        ]
        var world = try converged(changes)
        world.policy.recordsApprovers = true
        try world.settle(Fixtures.resolution(2, 2))
        #expect(world.app.status.release?.target?.waitingFor == ["Approval", "Window"])
        #expect(world.app.status.release?.target?.nextWindow == "2026-01-01T02:00:00Z")
        let id = try #require(world.app.status.release?.target?.id)
        approve(&world, id)
        try world.settle(Fixtures.resolution(2, 2))
        let target = try #require(world.app.status.release?.target)
        #expect(target.waitingFor == ["Window"] && target.approvedBy == "ann" && target.approvedAt != nil)
        // What is newer does not take its place while it is approved and the other is not.
        world.now = Fixtures.now + .seconds(2 * 3600)
        var resolution = Fixtures.resolution(3, 2)
        resolution.olderCodes = [Fixtures.code(2)]
        try world.converge(resolution)
        #expect(world.app.status.history.first?.id == id)
        #expect(world.app.status.release?.current?.code.tag == "2")
        #expect(world.app.status.release?.target?.code.tag == "3")
    }

    @Test func aRollbackAsksNobody() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(1, 2))
        approve(&world, world.app.status.release?.target?.id)
        try world.settle(Fixtures.resolution(1, 2))
        approve(&world, nil)
        world.failRollout(Trouble.crash)
        try world.settle(Fixtures.resolution(1, 2))
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 2))
        #expect(running(world) == "1 1/")
        #expect(world.app.status.condition("Ready")?.reason == "RolledBack")
    }
}
