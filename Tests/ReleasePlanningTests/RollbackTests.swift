import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

/// A release that fails is undone, blamed on what is new in it, and not tried again.
@Suite(.timeLimit(.minutes(1)))
struct RollbackTests {
    private func converged(_ changes: [String: JSONValue?] = [:]) throws -> World {
        var world = World(try Fixtures.app(Fixtures.spec(changes)))
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    private func ready(_ world: World) -> String {
        let condition = world.app.status.condition("Ready")
        return "\(condition?.status ?? "") \(condition?.reason ?? "")"
    }

    private func live(_ world: World) -> (code: String?, model: String?) {
        let annotations = world.objects[World.deployment]?["metadata"]?["annotations"]
        return (annotations?[Keys.codeTag]?.string, annotations?[Keys.modelVersion]?.string)
    }

    /// Rolls out a pair that does not come up.
    private func fail(_ world: inout World, _ resolution: Resolution, _ status: JSONValue = Trouble.crash) throws {
        try world.settle(resolution)
        world.failRollout(status)
        try world.settle(resolution)
    }

    @Test func newCodeThatFailsIsPutBackAndBlamed() throws {
        var world = try converged()
        let template = world.objects[World.deployment]?["spec"]?["template"]
        try fail(&world, Fixtures.resolution(2, 1))
        #expect(world.objects[World.deployment]?["spec"]?["template"] == template, "byte for byte")
        #expect(ready(world) == "True RollingBack")
        #expect(world.app.status.release?.target?.phase == .failed)
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(ready(world) == "True RolledBack")
        let status = world.app.status
        #expect(status.condition("UpdateAvailable")?.reason == "Quarantined")
        #expect(status.release?.current?.code.tag == "1")
        #expect(status.release?.target?.code.tag == "2" && status.release?.target?.phase == .rolledBack)
        let entry = try #require(status.quarantine.first)
        #expect(status.quarantine.count == 1 && entry.half == .code && entry.version == "2")
        #expect(entry.reason == "CrashLoopBackOff" && entry.message == "container web ends with exit code 3")
        #expect(
            status.history.map { "\($0.code) \($0.cause) \($0.result)" } == [
                "1 Rollback Converged", "2 NewCode RolledBack",
            ]
        )
    }

    private func overwritten(_ code: Int, _ model: Int) -> Resolution {
        let model = Fixtures.model(model, isRestorable: false)
        return Resolution(code: .found(Fixtures.code(code), nil), model: .found(model, nil))
    }

    /// Model 2 is overwritten in place by 3: put back, its pods would wait for bytes that are gone.
    @Test func whatIsPutBackIsTheLastReleaseWhoseBytesCanBeHad() throws {
        var world = try converged()
        try world.converge(overwritten(1, 2))
        try fail(&world, overwritten(1, 3))
        #expect(live(world) == ("1", "1/"))
        world.finishRollout()
        try world.settle(overwritten(1, 3))
        #expect(ready(world) == "True RolledBack")
    }

    /// The bytes are there as long as the store has the same model: only the code was new.
    @Test func whatTheStoreStillHasCanBePutBack() throws {
        var world = try converged()
        try world.converge(overwritten(1, 2))
        try fail(&world, overwritten(2, 2))
        #expect(live(world) == ("1", "2/"))
    }

    /// Its pods may still run, and one that starts anew takes no other bytes.
    @Test func whereNoBytesCanBeHadTheLastReleaseIsPutBack() throws {
        var world = World(try Fixtures.app(Fixtures.spec([:])))
        try world.converge(overwritten(1, 1))
        try world.converge(overwritten(1, 2))
        try fail(&world, overwritten(1, 3))
        #expect(live(world) == ("1", "2/"))
    }

    @Test func theInnocentHalfMovesOn() throws {
        var world = try converged()
        try fail(&world, Fixtures.resolution(2, 1))
        world.finishRollout()
        try world.converge(Fixtures.resolution(2, 2))
        #expect(live(world) == ("1", "2/"))
        #expect(ready(world) == "True Converged")
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "Quarantined")
        #expect(world.app.status.quarantine.map(\.version) == ["2"])
    }

    @Test func aNewModelThatFailsIsBlamedAndNewCodeMovesOn() throws {
        var world = try converged()
        try fail(&world, Fixtures.resolution(1, 2), Trouble.unready)
        world.finishRollout()
        try world.converge(Fixtures.resolution(2, 2))
        #expect(live(world) == ("2", "1/"))
        #expect(world.app.status.quarantine.map { "\($0.half) \($0.version) \($0.reason)" } == ["model 2/ NotReady"])
    }

    @Test func newBytesAreTriedUnderTheSameName() throws {
        var world = try converged()
        try fail(&world, Fixtures.resolution(2, 1))
        world.finishRollout()
        var mended = Fixtures.resolution(3, 1)
        mended.code = .found(Fixtures.code(3, tag: "2"), nil)
        try world.converge(mended)
        #expect(live(world).code == "2")
        #expect(ready(world) == "True Converged")
        #expect(world.app.status.condition("UpdateAvailable") == nil)
    }

    @Test func aPairOfTwoNewHalvesIsBlamedAsAPair() throws {
        var world = try converged()
        try fail(&world, Fixtures.resolution(2, 2))
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 2))
        #expect(live(world) == ("1", "1/"))
        #expect(world.app.status.quarantine.map { "\($0.half) \($0.version)" } == ["pair 2 + 2/"])
        // Either of them may be good with another one, and has to show it without traffic first.
        try world.settle(Fixtures.resolution(2, 3))
        #expect(live(world) == ("1", "1/"))
        world.finishRollout()
        try world.converge(Fixtures.resolution(2, 3))
        #expect(live(world) == ("2", "3/"))
    }

    @Test func aTemplateThatFailsIsPutBackAndStalls() throws {
        var world = try converged()
        let path = "target.own.template.spec.containers.0.env.0.value"
        world.app = try edited(world.app, [path: "bad"])
        try fail(&world, Fixtures.resolution(1, 1))
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(ready(world) == "False RolledBack")
        #expect(world.app.status.condition("Stalled")?.isTrue == true)
        #expect(world.app.status.quarantine == [])
        // Under it no pair is tried either, until it is edited.
        #expect(try world.settle(Fixtures.resolution(2, 2)) == [])
        world.app = try edited(world.app, [path: "good"])
        try world.converge(Fixtures.resolution(2, 2))
        #expect(live(world) == ("2", "2/"))
        #expect(ready(world) == "True Converged")
    }

    @Test func whatIsMissingForAContainerIsTheFaultOfTheTemplate() throws {
        var world = try converged()
        world.app = try edited(world.app, ["target.own.template.spec.containers.0.env.0.value": "x"])
        try fail(&world, Fixtures.resolution(2, 1), Trouble.configuration)
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(ready(world) == "False RolledBack")
        let message = world.app.status.condition("Stalled")?.message ?? ""
        #expect(message.contains("configmap \"settings\" not found"), "\(message)")
    }

    @Test(arguments: [Trouble.pull, Trouble.unschedulable, Trouble.fetch])
    func whatTheSurroundingsDoIsWaitedFor(_ status: JSONValue) throws {
        var world = try converged()
        try fail(&world, Fixtures.resolution(2, 1), status)
        #expect(live(world).code == "2")
        #expect(world.app.status.quarantine == [])
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(ready(world) == "True Converged")
    }

    @Test func theFirstReleaseHasNothingToGoBackToAndIsNotWrittenAgain() throws {
        var world = World(try Fixtures.app())
        try fail(&world, Fixtures.resolution(1, 1), Trouble.killed)
        #expect(ready(world) == "False Failed")
        #expect(world.app.status.condition("Stalled")?.message.contains("(OOMKilled)") == true)
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        try world.converge(Fixtures.resolution(2, 1))
        #expect(ready(world) == "True Converged")
    }

    @Test func aFirstReleaseThatComesUpLateIsGood() throws {
        var world = World(try Fixtures.app())
        try fail(&world, Fixtures.resolution(1, 1))
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(ready(world) == "True Converged")
        #expect(world.app.status.quarantine == [])
    }

    @Test func pauseLeavesWhatFailedInPlace() throws {
        var world = try converged(["rollout.onFailure": "Pause"])
        try fail(&world, Fixtures.resolution(2, 1))
        #expect(live(world).code == "2")
        #expect(ready(world) == "False Failed")
        #expect(world.app.status.quarantine == [])
        try world.converge(Fixtures.resolution(3, 1))
        #expect(ready(world) == "True Converged")
    }

    @Test func aQuarantineIsLiftedOnceByItsReleasesId() throws {
        var world = try converged()
        try fail(&world, Fixtures.resolution(2, 1))
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        let id = try #require(world.app.status.release?.target?.id)
        world.app.metadata.annotations[Keys.unquarantine] = id
        try fail(&world, Fixtures.resolution(2, 1))
        #expect(live(world).code == "1", "it failed again, and the annotation was for one try")
        world.finishRollout()
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        world.app.metadata.annotations[Keys.unquarantine] = "\(id).2"
        try world.converge(Fixtures.resolution(2, 1))
        #expect(live(world).code == "2")
        #expect(ready(world) == "True Converged")
        #expect(world.app.status.quarantine == [])
    }

    @Test func aQuarantineOutlivesTheHistoryAndARestart() throws {
        var world = try converged(["rollout.historyLimit": 2])
        try fail(&world, Fixtures.resolution(2, 1))
        world.finishRollout()
        for model in 2...8 { try world.converge(Fixtures.resolution(2, model)) }
        // The status is a view; what it is made of is kept.
        world.app.status = ModelAppStatus()
        try world.settle(Fixtures.resolution(2, 8))
        #expect(live(world) == ("1", "8/"))
        #expect(world.app.status.quarantine.map(\.version) == ["2"])
        // Once something newer is there it is forgotten with the rest.
        for code in 3...6 { try world.converge(Fixtures.resolution(code, 8)) }
        #expect(world.app.status.quarantine == [])
    }

    @Test func aRollbackNeedsNoWindow() throws {
        var world = World(
            try Fixtures.app(
                Fixtures.spec(["rollout.windows": [["name": "n", "cron": "0 2 * * *", "duration": "1h"]]])
            )
        )
        try world.converge(Fixtures.resolution(1, 1))
        world.now = Fixtures.now + .seconds(2 * 3600)
        try world.settle(Fixtures.resolution(2, 1))
        world.now = Fixtures.now + .seconds(4 * 3600)
        world.failRollout(Trouble.crash)
        try world.settle(Fixtures.resolution(2, 1))
        #expect(live(world).code == "1")
    }

    @Test func aCrashBetweenAnyTwoStepsOfARollbackChangesNothing() throws {
        for first in 0...1 {
            for second in 0...3 {
                var world = try converged()
                try world.settle(Fixtures.resolution(2, 1))
                world.failRollout(Trouble.crash)
                try world.carryOut(try world.plan(Fixtures.resolution(2, 1)), steps: first)
                try world.carryOut(try world.plan(Fixtures.resolution(2, 1)), steps: second)
                try world.settle(Fixtures.resolution(2, 1))
                world.finishRollout()
                try world.settle(Fixtures.resolution(2, 1))
                #expect(live(world).code == "1")
                #expect(world.app.status.history.map(\.result) == ["Converged", "RolledBack"])
                #expect(world.app.status.history.map(\.cause) == ["Rollback", "NewCode"])
            }
        }
    }

    @Test func aRollbackThatFailsIsNotFollowedByAnother() throws {
        var world = try converged()
        try fail(&world, Fixtures.resolution(2, 1))
        world.failRollout(Trouble.crash)
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(live(world).code == "1")
        #expect(ready(world) == "True RollingBack" || ready(world).hasPrefix("False"))
    }

    /// Random histories of pushes, uploads and rollouts, of which those with certain bytes fail: what is bad never runs
    /// twice, what runs everywhere is never bad, and it all ends.
    @Test func badHalvesNeverReturn() throws {
        var random = SplitMix64(seed: 4_711)
        var rollbacks = 0
        for _ in 0..<6 {
            var world = try converged()
            var newest = (code: 1, model: 1)
            let bad = (
                code: Set((2...12).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }),
                model: Set((2...12).filter { _ in Int.random(in: 0..<3, using: &random) == 0 })
            )
            var tried: [String: Int] = [:]
            for _ in 0..<10 {
                if Bool.random(using: &random) { newest.code += 1 } else { newest.model += 1 }
                let resolution = Fixtures.resolution(newest.code, newest.model)
                for _ in 0..<4 {
                    let before = live(world)
                    try world.settle(resolution)
                    let (code, model) = live(world)
                    let numbers = (Int(code ?? "") ?? 0, Int(model?.dropLast() ?? "") ?? 0)
                    if (code, model) != before { tried["\(code ?? "") \(model ?? "")", default: 0] += 1 }
                    if bad.code.contains(numbers.0) || bad.model.contains(numbers.1) {
                        #expect(tried["\(code ?? "") \(model ?? "")"] ?? 0 <= 1, "a bad pair is tried once")
                        world.failRollout(Trouble.crash)
                        rollbacks += 1
                    } else {
                        world.finishRollout()
                    }
                }
                try world.settle(resolution)
                let current = world.app.status.release?.current
                let running = (Int(current?.code.tag ?? "") ?? 0, Int(current?.model.version.dropLast() ?? "") ?? 0)
                #expect(!bad.code.contains(running.0) && !bad.model.contains(running.1))
                #expect(try world.plan(resolution).isEmpty)
            }
        }
        #expect(rollbacks > 10)
    }
}
