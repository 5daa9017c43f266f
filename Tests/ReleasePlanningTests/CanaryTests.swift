import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// A release gets a growing share of the pods behind the Service, and goes away where it fails on a step.
@Suite(.timeLimit(.minutes(1)))
struct CanaryTests {
    private static let failure = CheckProgress.finished(.failed(message: "status 500, not 200", detail: nil))
    private static let canary: [String: JSONValue?] = [
        "rollout.strategy": ["type": "Canary", "steps": [10, 50], "pause": "10m"], "rollout.verify": World.http,
        "target.own.replicas": 10,
    ]

    private func converged(_ changes: [String: JSONValue?] = [:]) throws -> World {
        var world = World(try Fixtures.app(Fixtures.spec(Self.canary.merging(changes) { $1 })))
        try world.roll(Fixtures.resolution(1, 1))
        return world
    }

    /// How the pods are spread, as `10a 1b` behind a Service that selects both.
    private func spread(_ world: World) -> String {
        let parts = ["a", "b"].compactMap { slot -> String? in
            guard let count = world.replicas(slot) else { return nil }
            let name = slot == "a" ? World.deployment : World.second
            return "\(count)\(slot)\(world.served().contains(name) ? "" : "-")"
        }
        return parts.joined(separator: " ")
    }

    @Test func theFirstReleaseHasNothingBesideItAndComesUpAtOnce() throws {
        let world = try converged()
        #expect(spread(world) == "10a" && world.slot == "a")
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
    }

    @Test func itsShareGrowsWithEachStepAfterAPauseAndItsChecks() throws {
        var world = try converged()
        let running = world.objects[World.deployment]
        var seen: [String] = []
        var checks = 0
        for _ in 0..<6 {
            try world.roll(Fixtures.resolution(2, 1)) { _ in
                checks += 1
                return .finished(.passed)
            }
            seen.append("\(spread(world)) \(checks)")
            if world.slot == "b" { break }
            let target = try #require(world.app.status.release?.target)
            #expect(target.phase == .progressing && target.waitingFor == ["Pause"])
            #expect(world.app.status.condition("Reconciling")?.reason == "Canary")
            #expect(world.app.status.condition("Ready")?.isTrue == true)
            #expect(try world.plan(Fixtures.resolution(2, 1)).requeueAfter == .seconds(600))
            world.now = world.now + .seconds(599)
            #expect(try world.roll(Fixtures.resolution(2, 1)) == [], "the pause is not over")
            world.now = world.now + .seconds(1)
        }
        #expect(seen == ["10a 1b 1", "10a 5b 2", "10a- 10b 3"])
        #expect(world.objects[World.deployment] == running, "nothing was taken from what ran")
        #expect(world.app.status.release?.current?.code.tag == "2")
        world.now = world.now + .seconds(300)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(spread(world) == "10b")
        #expect(try world.plan(Fixtures.resolution(2, 1)).isEmpty)
    }

    @Test func theLastStepMayBeAllOfIt() throws {
        var world = try converged(["rollout.strategy.steps": [50, 100]])
        var seen: [String] = []
        for _ in 0..<4 where world.slot != "b" {
            try world.roll(Fixtures.resolution(2, 1))
            seen.append(spread(world))
            world.now = world.now + .seconds(600)
        }
        #expect(seen == ["10a 5b", "10a 10b", "10a- 10b"])
    }

    @Test func withoutAPauseItGoesOnAsSoonAsItsChecksPassed() throws {
        var world = try converged(["rollout.strategy": ["type": "Canary", "steps": [10, 50]]])
        var made = 0
        try world.roll(Fixtures.resolution(2, 1)) { _ in
            made += 1
            return .finished(.passed)
        }
        #expect(made == 3 && spread(world) == "10a- 10b")
    }

    @Test(arguments: [Int64(0), 1, 2])
    func whatFailsOnAStepIsTakenAwayAndBlamed(step: Int64) throws {
        var world = try converged()
        let deployment = world.objects[World.deployment]
        for _ in 0..<5 {
            try world.roll(Fixtures.resolution(2, 1)) { $0.round == step ? Self.failure : .finished(.passed) }
            world.now = world.now + .seconds(600)
        }
        #expect(world.slot == "a" && world.tag("b") == nil && world.quarantine == ["code 2"])
        #expect(world.objects[World.deployment] == deployment)
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        #expect(try world.roll(Fixtures.resolution(2, 1)) == [], "it is not tried again")
        for _ in 0..<5 {
            try world.roll(Fixtures.resolution(3, 1))
            world.now = world.now + .seconds(600)
        }
        #expect(world.slot == "b" && world.tag("b") == "3")
        #expect(world.app.status.condition("UpdateAvailable") == nil)
    }

    @Test func whatCrashesUnderTrafficIsTakenAwayAtOnce() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        #expect(spread(world) == "10a 1b")
        world.secondTrouble = Trouble.loop
        world.miss(World.second)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(spread(world) == "10a" && world.quarantine == ["code 2"])
    }

    @Test func podsThatAreLostUnderTrafficHaveAsLongAsARolloutMayStandStill() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        var lost = Trouble.unready
        lost["conditions"] = [
            ["type": "Ready", "status": "False", "lastTransitionTime": .string(world.now.rfc3339)]
        ]
        world.secondTrouble = lost
        world.edit(World.second, "status/availableReplicas", 0)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(try world.plan(Fixtures.resolution(2, 1)).requeueAfter == .seconds(900))
        #expect(spread(world) == "10a 1b" && world.quarantine == [])
        world.now = world.now + .seconds(900)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(spread(world) == "10a" && world.quarantine == ["code 2"])
    }

    @Test func aSecondTryBeginsWithoutTraffic() throws {
        var world = try converged(["rollout.attempts": 2])
        var rounds: [String] = []
        for _ in 0..<6 {
            try world.roll(Fixtures.resolution(2, 1)) { check in
                rounds.append("\(check.attempt).\(check.round)")
                return check.attempt == 1 && check.round == 1 ? Self.failure : .finished(.passed)
            }
            world.now = world.now + .seconds(600)
        }
        #expect(rounds == ["1.0", "1.1", "2.0", "2.1", "2.2"])
        #expect(world.slot == "b" && world.quarantine == [])
    }

    @Test func whatIsNewerWaitsUntilItIsOver() throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        #expect(spread(world) == "10a 1b")
        try world.roll(Fixtures.resolution(3, 1))
        #expect(world.tag("b") == "2", "a stream of pushes starves nobody")
        for _ in 0..<8 {
            world.now = world.now + .seconds(600)
            try world.roll(Fixtures.resolution(3, 1))
        }
        #expect(world.slot == "a" && world.tag("a") == "3")
        #expect(world.app.status.history.map(\.code) == ["3", "2", "1"])
        #expect(world.app.status.history.map(\.result) == ["Converged", "Converged", "Converged"])
    }

    @Test(
        arguments: [
            ["rollout.skip": ["code": ["2"]]], ["rollout.pin": ["code": "1"]],
            ["target.own.template.spec.containers.0.env.0.value": "other"],
        ] as [[String: JSONValue]]
    )
    func anEditCountsAtOnce(edit: [String: JSONValue]) throws {
        var world = try converged()
        try world.roll(Fixtures.resolution(2, 1))
        world.app = try edited(world.app, Self.canary.merging(edit.mapValues { Optional($0) }) { $1 })
        let resolution = Fixtures.resolution(edit.keys.first?.hasPrefix("target") == true ? 2 : 1, 1)
        try world.settle(resolution)
        #expect(!world.served().contains(World.second))
    }

    @Test func aRollbackByHandTakesItAway() throws {
        var world = try converged(["rollout.strategy": ["type": "Canary", "steps": [10]]])
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "b")
        world.app = try edited(world.app, Self.canary)
        try world.roll(Fixtures.resolution(3, 1))
        #expect(world.tag("a") == "3" && world.served().count == 2)
        let releases = try world.observation().releases
        let (one, two) = (releases.first { $0.release.code.tag == "1" }, releases.first { $0.release.code.tag == "2" })
        let request = RollbackRequest(from: two?.release.id ?? "", target: one?.release.id ?? "", mark: "1")
        world.app.metadata.annotations[Keys.rollback] = request.text
        try world.roll(Fixtures.resolution(3, 1))
        #expect(world.slot == "a" && world.tag("a") == "1" && world.replicas("a") == 10)
        #expect(world.app.status.condition("Ready")?.reason == "RolledBack")
    }

    @Test func aWindowThatClosesDoesNotCutIt() throws {
        var world = try converged(["rollout.windows": [["name": "w", "cron": "0 0 * * *", "duration": "5m"]]])
        try world.roll(Fixtures.resolution(2, 1))
        for _ in 0..<4 {
            world.now = world.now + .seconds(600)
            try world.roll(Fixtures.resolution(2, 1))
        }
        #expect(world.slot == "b")
    }

    @Test func anAutoscalerGoesOnBesideIt() throws {
        var world = try converged(["target.own.replicas": nil])
        world.edit(World.deployment, "spec/replicas", 20)
        world.finishRollout(of: World.deployment)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(spread(world) == "20a 2b")
        world.edit(World.deployment, "spec/replicas", 40)
        world.finishRollout(of: World.deployment)
        try world.roll(Fixtures.resolution(2, 1))
        #expect(spread(world) == "40a 4b")
    }

    @Test func aForeignPodWithOurNameKeepsTheServiceNarrow() throws {
        var world = try converged()
        try world.settle(Fixtures.resolution(2, 1))
        world.strangers = [["metadata": ["name": "x", "labels": [Keys.name: "classifier"]], "status": [:]]]
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.slot == "a")
        world.strangers = []
        try world.roll(Fixtures.resolution(2, 1))
        #expect(world.served().count == 2)
    }

    @Test func killedBetweenAnyTwoStepsItEndsTheSame() throws {
        var ends: Set<[String]> = []
        let start = try converged()
        for kill in 0..<40 {
            var world = start
            var steps = 0
            while spread(world) != "10b" || world.app.status.condition("Ready")?.reason != "Converged" {
                try #require(steps < 90)
                let plan = try world.plan(Fixtures.resolution(2, 1))
                if steps == kill { world.checks = [:] }
                try world.carryOut(plan, steps: steps == kill ? 1 : .max)
                try world.checkTraffic()
                steps += 1
                guard plan.isEmpty else { continue }
                if let check = plan.check {
                    world.checks = [check.id: .finished(.passed)]
                } else if !world.bringUp() {
                    world.now = world.now + .seconds(600)
                }
            }
            let history = world.app.status.history.map { "\($0.code) \($0.result)" }
            let numbers = try world.observation().releases.map(\.number).sorted()
            ends.insert([spread(world), "\(history) \(numbers)"])
        }
        #expect(ends == [["10b", #"["2 Converged", "1 Converged"] [2, 4]"#]])
    }
}
