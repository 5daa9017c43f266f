import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// A release comes up beside the one that runs, and the Service goes over to it.
@Suite(.timeLimit(.minutes(1)))
struct BlueGreenTests {
    private static let failure = CheckProgress.finished(.failed(message: "status 500, not 200", detail: nil))
    static let blueGreen: [String: JSONValue?] = [
        "rollout.strategy": ["type": "BlueGreen"], "rollout.verify": World.http,
    ]

    /// A world in which code 1 runs in the first slot.
    private func converged(_ changes: [String: JSONValue?] = [:]) throws -> World {
        var world = World(try Fixtures.app(Fixtures.spec(Self.blueGreen.merging(changes) { $1 })))
        try world.roll(Fixtures.resolution(1, 1))
        return world
    }

    @Test func theFirstReleaseGetsItsServiceOnceItIsVerified() throws {
        var world = World(try Fixtures.app(Fixtures.spec(Self.blueGreen)))
        let passes = try world.roll(Fixtures.resolution(1, 1))
        #expect(
            passes == [
                ["apply ControllerRevision #1: verification begins"],
                ["apply Deployment: new release", "scale to 2"],
                ["apply ControllerRevision #1: check version passed"],
                ["apply ControllerRevision #1: verification passed"],
                ["apply ControllerRevision #2: release was verified", "apply Service: new service"],
                ["apply ControllerRevision #2: release converged"],
            ]
        )
        #expect(world.slot == "a" && world.tag("a") == "1" && world.tag("b") == nil)
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
    }

    @Test func theServiceGoesOverOnceTheReleaseBesideIsUpAndVerified() throws {
        var world = try converged()
        let running = world.objects[World.deployment]
        var made: [String] = []
        let passes = try world.roll(Fixtures.resolution(2, 1)) { check in
            made.append("\(check.step.name) \(check.pod.uid)")
            return .finished(.passed)
        }
        #expect(
            passes == [
                ["apply ControllerRevision #3: verification begins"],
                ["apply Deployment: new release", "scale to 2"],
                ["apply ControllerRevision #3: check version passed"],
                ["apply ControllerRevision #3: verification passed"],
                ["apply ControllerRevision #4: release was verified", "apply Service: service changed"],
                ["apply ControllerRevision #4: release converged"],
            ]
        )
        #expect(made == ["version s1"], "it is checked where it will run")
        #expect(world.slot == "b" && world.tag("b") == "2" && world.replicas("b") == 2)
        #expect(world.objects[World.deployment] == running, "the one before is as it was")
        #expect(world.app.status.release?.current?.code.tag == "2")
        #expect(world.app.status.history.map(\.result) == ["Converged", "Converged"])
    }

    @Test func theOneBeforeIsKeptForTheDelayAndThenRemovedByItsUID() throws {
        for delay in [nil, "1h"] as [JSONValue?] {
            var world = try converged(["rollout.strategy.scaleDownDelay": delay])
            try world.roll(Fixtures.resolution(2, 1))
            let wait = Duration.seconds(delay == nil ? 300 : 3600)
            let plan = try world.plan(Fixtures.resolution(2, 1))
            #expect(plan.isEmpty && plan.requeueAfter == wait, "nothing is asked meanwhile")
            world.now = world.now + wait - .seconds(1)
            #expect(try world.roll(Fixtures.resolution(2, 1)) == [])
            world.now = world.now + .seconds(1)
            #expect(
                try world.roll(Fixtures.resolution(2, 1)) == [
                    ["confirm Service classifier", "delete Deployment classifier"]
                ]
            )
            #expect(world.tag("a") == nil && world.tag("b") == "2" && world.slot == "b")
            let end = try world.plan(Fixtures.resolution(2, 1))
            #expect(end.isEmpty && end.requeueAfter == nil)
        }
    }

    @Test func aViewOfTheServiceThatLagsBehindTakesNothingAway() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        world.now = world.now + .seconds(300)
        let plan = try world.plan(Fixtures.resolution(2, 1))
        world.edit(World.service, "metadata/labels/someone", "else")
        #expect(throws: WorldError.self) { try world.carryOut(plan) }
        #expect(world.tag("a") == "1")
    }

    @Test func theNextReleaseComesUpInTheSlotThatIsFree() throws {
        var world = try converged()
        for number in 2...5 {
            // Some come while the one before is kept, some after it was removed.
            if number.isMultiple(of: 2) { world.now = world.now + .seconds(3600) }
            try world.roll(Fixtures.resolution(number, 1))
            #expect(world.slot == (number.isMultiple(of: 2) ? "b" : "a"))
            #expect(world.tag(world.slot ?? "") == String(number))
        }
        #expect(try world.plan(Fixtures.resolution(5, 1)).isEmpty)
    }

    @Test func aFailedCheckTouchesNothingThatRunsAndNewBytesLiftIt() throws {
        var world = try converged()
        let (deployment, service) = (world.objects[World.deployment], world.objects[World.service])
        try world.roll(Fixtures.resolution(2, 1)) { _ in Self.failure }
        #expect(world.objects[World.deployment] == deployment && world.objects[World.service] == service)
        #expect(world.tag("b") == nil && world.quarantine == ["code 2"])
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "Quarantined")
        #expect(try world.roll(Fixtures.resolution(2, 1)) == [], "it is not tried again")
        try world.roll(Fixtures.resolution(3, 1))
        #expect(world.slot == "b" && world.tag("b") == "3")
        #expect(world.app.status.condition("UpdateAvailable") == nil)
    }

    @Test(arguments: [Trouble.loop, Trouble.configuration, Trouble.unready])
    func whatDoesNotComeUpTouchesNothingThatRuns(trouble: JSONValue) throws {
        var world = try converged()
        let (deployment, service) = (world.objects[World.deployment], world.objects[World.service])
        world.secondTrouble = trouble
        try world.roll(Fixtures.resolution(2, 1))
        if trouble != Trouble.loop {
            #expect(world.tag("b") == "2", "it may be a slow start")
            world.miss(World.second)
            try world.roll(Fixtures.resolution(2, 1))
        }
        #expect(world.tag("b") == nil && world.slot == "a")
        #expect(world.objects[World.deployment] == deployment && world.objects[World.service] == service)
        if trouble == Trouble.configuration {
            #expect(world.quarantine == [], "a pod template is a matter of the spec")
        } else {
            #expect(world.quarantine == ["code 2"])
        }
    }

    @Test(arguments: [Trouble.pull, Trouble.unschedulable])
    func whatTheSurroundingsLackIsWaitedForAndBlamesNobody(trouble: JSONValue) throws {
        var world = try converged()
        world.secondTrouble = trouble
        try world.roll(Fixtures.resolution(2, 1))
        world.miss(World.second)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "a" && world.tag("b") == "2" && world.quarantine == [])
        #expect(world.app.status.condition("Ready")?.isTrue == true)
        world.secondTrouble = nil
        world.finishRollout(of: World.second)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b")
    }

    @Test func eachTryHasPodsOfItsOwn() throws {
        var world = try converged(["rollout.attempts": 2])
        var tries: [Int64] = []
        try world.roll(Fixtures.resolution(2, 1)) { check in
            tries.append(check.attempt)
            return check.attempt == 1 ? Self.failure : .finished(.passed)
        }
        #expect(tries == [1, 2] && world.slot == "b" && world.quarantine == [])
        let template = world.objects[World.second]?["spec"]?["template"]?["metadata"]
        #expect(template?["annotations"]?[Keys.attempt] == "2")
        #expect(try world.plan(Fixtures.resolution(2, 1)).isEmpty, "its pods are not started again for that")
    }

    @Test func aRollbackWithinTheDelayOnlyMovesTheService() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        let pods = [world.objects[World.deployment]?["spec"], world.objects[World.second]?["spec"]]
        let releases = try world.observation().releases.sorted { $0.number < $1.number }
        let request = RollbackRequest(from: releases[1].release.id, target: releases[0].release.id, mark: "1")
        world.app.metadata.annotations[Keys.rollback] = request.text
        let passes = try world.roll(Fixtures.resolution(2, 1))
        #expect(passes == [["apply ControllerRevision #5: rollback", "apply Service: service changed"]])
        #expect(world.slot == "a")
        #expect(pods == [world.objects[World.deployment]?["spec"], world.objects[World.second]?["spec"]])
        #expect(world.app.status.condition("Ready")?.reason == "RolledBack")
        // Going on again is the same, the other way round.
        world.app.metadata.annotations[Keys.rollback] = nil
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b" && world.tag("b") == "2")
        #expect(pods.last == world.objects[World.second]?["spec"])
    }

    @Test func aRollbackAfterTheDelayComesUpBesideFirst() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        world.now = world.now + .seconds(3600)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.tag("a") == nil)
        let releases = try world.observation().releases.sorted { $0.number < $1.number }
        let request = RollbackRequest(from: releases[1].release.id, target: releases[0].release.id, mark: "1")
        world.app.metadata.annotations[Keys.rollback] = request.text
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.slot == "b" && world.tag("a") == "1" && world.replicas("a") == 2)
        #expect(world.app.status.condition("Ready")?.reason == "RollingBack")
        #expect(world.app.status.condition("Ready")?.isTrue == true)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "a" && world.app.status.condition("Ready")?.reason == "RolledBack")
    }

    @Test func whatFailsRightAfterTheServiceWentOverIsUndoneByTheServiceAlone() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        world.finishRollout(of: World.second)
        try world.settle(Fixtures.resolution(2, 1))
        let check = try #require(try world.plan(Fixtures.resolution(2, 1)).check)
        world.checks = [check.id: .finished(.passed)]
        while world.slot == "a" { try world.carryOut(try world.plan(Fixtures.resolution(2, 1))) }
        // Under traffic it breaks before it was seen to run everywhere.
        world.secondTrouble = Trouble.loop
        world.miss(World.second)
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.slot == "a" && world.tag("a") == "1" && world.tag("b") == nil)
        #expect(world.quarantine == ["code 2"])
        #expect(world.app.status.condition("Ready")?.reason == "RolledBack")
    }

    @Test func whoScalesTheRunningOneGetsAsManyOfTheNext() throws {
        var world = try converged()
        world.edit(World.deployment, "spec/replicas", 5)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.replicas("b") == 5 && world.slot == "b")
        // An edit of the spec counts more.
        world.app = try edited(world.app, Self.blueGreen.merging(["target.own.replicas": 3]) { $1 })
        try world.roll(Fixtures.resolution(3, 1))
        #expect(world.replicas("a") == 3 && world.slot == "a")
    }

    @Test func anAutoscalerFindsAsManyPodsAsItLeft() throws {
        var world = try converged(["target.own.replicas": nil])
        world.edit(World.deployment, "spec/replicas", 4)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.replicas("b") == 4)
        // What one sets there stays.
        world.edit(World.second, "spec/replicas", 7)
        world.finishRollout(of: World.second)
        #expect(try world.roll(Fixtures.resolution(2, 1)) == [])
        #expect(world.replicas("b") == 7)
    }

    @Test func aNameThatIsTakenIsNotTouched() throws {
        var world = try converged()
        world.create(World.second, ["metadata": ["name": "classifier-b"], "spec": [:]])
        let other = world.objects[World.second]
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.condition("Stalled")?.reason == "NameTaken")
        #expect(world.objects[World.second] == other && world.slot == "a")
    }

    @Test func whatIsNewerTakesTheSecondSlotFromWhatIsVerified() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.tag("b") == "2")
        try world.roll(Fixtures.resolution(3, 1))
        #expect(world.slot == "b" && world.tag("b") == "3" && world.tag("a") == "1")
        #expect(world.app.status.history.map(\.result) == ["Converged", "Superseded", "Converged"])
    }

    @Test func whatWasStartedGoesOverAlthoughItsWindowCloses() throws {
        var world = try converged([
            "rollout.windows": [["name": "w", "cron": "0 0 * * *", "duration": "1h"]], "rollout.verify": nil,
        ])
        try world.settle(Fixtures.resolution(2, 1))
        world.finishRollout(of: World.second)
        for _ in 0..<2 {
            // The last pass within the window ends after its first step.
            try world.carryOut(try world.plan(Fixtures.resolution(2, 1)), steps: 1)
        }
        #expect(world.slot == "a")
        world.now = world.now + .seconds(3600)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b")
    }

    @Test func anotherStrategyGoesOnInTheSlotThatHasTheTraffic() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        world.app = try edited(world.app, [:])
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.tag("a") == nil, "the one before is not needed any more")
        try world.settle(Fixtures.resolution(3, 1))
        #expect(world.slot == "b" && world.tag("b") == "3" && world.tag("a") == nil)
        world.finishRollout(of: World.second)
        try world.settle(Fixtures.resolution(3, 1))
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        // And back.
        world.app = try edited(world.app, Self.blueGreen)
        #expect(try world.roll(Fixtures.resolution(3, 1)) == [])
        try world.roll(Fixtures.resolution(4, 1))
        #expect(world.slot == "a" && world.tag("a") == "4")
    }

    @Test func oneThatRollsTakesUpTheStrategyWithoutAWrite() throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, Self.blueGreen)
        #expect(try world.roll(Fixtures.resolution(1, 1)) == [])
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b" && world.tag("b") == "2" && world.tag("a") == "1")
    }

    @Test func whereTheRunningOneIsDeletedTheOneBeforeServesUntilItIsBack() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        world.remove(World.second)
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.slot == "a" && world.tag("b") == "2")
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b")
        world.now = world.now + .seconds(3600)
        try world.roll(Fixtures.resolution(2, 1))
        world.remove(World.second)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b" && world.tag("b") == "2" && world.tag("a") == nil, "it is put where it was")
    }

    @Test func aServiceThatIsDeletedOrTurnedByHandIsPutBack() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        world.remove(World.service)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b")
        world.edit(World.service, "spec/selector/modelapp.dev~slot", "a")
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b")
        var other = try converged()
        other.edit(World.service, "spec/selector/modelapp.dev~slot", "b")
        try other.roll(Fixtures.resolution(1, 1))
        #expect(other.slot == "a" && other.tag("b") == nil)
    }

    @Test func theStatusSaysWhereTheReleaseIsOnItsWay() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        #expect(world.app.status.condition("Reconciling")?.reason == "Verifying")
        #expect(world.app.status.release?.current?.code.tag == "1")
        #expect(world.app.status.release?.target?.code.tag == "2")
        #expect(world.app.status.release?.target?.phase == .verifying)
    }

    @Test func killedBetweenAnyTwoStepsItEndsTheSame() throws {
        var ends: Set<[String]> = []
        let start = try converged()
        for kill in 0..<24 {
            var world = start
            var steps = 0
            while world.tag("a") != nil || world.app.status.condition("Ready")?.reason != "Converged" {
                try #require(steps < 60)
                let plan = try world.plan(Fixtures.resolution(2, 1))
                // What a process knew of checks goes with it.
                if steps == kill { world.checks = [:] }
                try world.carryOut(plan, steps: steps == kill ? 1 : .max)
                try world.checkTraffic()
                steps += 1
                guard plan.isEmpty else { continue }
                if let check = plan.check {
                    world.checks = [check.id: .finished(.passed)]
                } else if !world.bringUp(), world.slot == "b" {
                    world.now = world.now + .seconds(300)
                }
            }
            let history = world.app.status.history.map { "\($0.code) \($0.result)" }
            let numbers = try world.observation().releases.map(\.number).sorted()
            ends.insert([
                "\(world.slot ?? "") \(world.tag("a") ?? "-") \(world.tag("b") ?? "-")", "\(history) \(numbers)",
            ])
        }
        #expect(ends == [["b - 2", #"["2 Converged", "1 Converged"] [2, 4]"#]])
    }

    @Test func onlyTheNewCodeIsBlamedWhereBothHalvesWereNewAndItFails() throws {
        var world = try converged()
        let bad = Fixtures.code(2).digest
        try world.roll(Fixtures.resolution(2, 2)) { check in
            check.facts["MODELAPP_IMAGE"]?.hasSuffix(bad) == true ? Self.failure : .finished(.passed)
        }
        #expect(world.quarantine.contains("code 2"))
        let serving = world.slot ?? ""
        #expect(world.tag(serving) == "1")
        let annotations = world.objects[serving == "a" ? World.deployment : World.second]?["metadata"]?["annotations"]
        #expect(annotations?[Keys.modelVersion] == "2/")
    }
}
