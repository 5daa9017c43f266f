import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Schedules
import TestSupport
import Testing

/// A window gates the start of a release and nothing else.
@Suite(.timeLimit(.minutes(1)))
struct WindowTests {
    /// From 02:00 to 05:00 every day; the fixtures' clock stands at midnight.
    private static let nightly: JSONValue = [["name": "nightly", "cron": "0 2 * * *", "duration": "3h"]]
    private let opening = Fixtures.now + .seconds(2 * 3600)

    private func converged(_ changes: [String: JSONValue?] = ["rollout.windows": nightly]) throws -> World {
        var world = World(try Fixtures.app(Fixtures.spec(changes)))
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    @Test func outsideAWindowANewPairWaitsAndSaysForWhat() throws {
        let world = try converged()
        let plan = try world.plan(Fixtures.resolution(2, 1))
        #expect(plan.summary == [])
        #expect(plan.requeueAfter == .seconds(2 * 3600))
        #expect(plan.conditions.contains("Ready=True Converged"))
        #expect(plan.conditions.contains("UpdateAvailable=True WaitingForWindow"))
        let target = try #require(plan.status.release?.target)
        #expect(target.phase == .waiting && target.waitingFor == ["Window"] && target.code.tag == "2")
        #expect(target.nextWindow == opening.rfc3339)
        #expect(plan.status.release?.current?.code.tag == "1")
        #expect(plan.status.code?.latest?.tag == "2")
    }

    @Test func itStartsWhenTheWindowOpens() throws {
        var world = try converged()
        world.now = opening - .milliseconds(1)
        #expect(try world.settle(Fixtures.resolution(2, 2)) == [])
        world.now = opening
        try world.converge(Fixtures.resolution(2, 2))
        #expect(world.app.status.release?.current?.code.tag == "2")
        #expect(world.app.status.condition("UpdateAvailable") == nil)
        #expect(world.app.status.release?.target?.waitingFor == [])
    }

    @Test func aRolloutThatHasStartedFinishesAfterTheWindow() throws {
        var world = try converged()
        world.now = opening
        try world.settle(Fixtures.resolution(2, 1))
        world.now = opening + .seconds(4 * 3600)
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.release?.current?.code.tag == "2")
        #expect(world.app.status.history.map(\.result) == ["Converged", "Converged"])
    }

    @Test func whileAPairWaitsTheRunningOneIsBroughtToItsEnd() throws {
        var world = try converged()
        world.now = opening
        try world.settle(Fixtures.resolution(2, 1))
        world.now = opening + .seconds(4 * 3600)
        #expect(try world.plan(Fixtures.resolution(3, 1)).conditions.contains("Reconciling=True Progressing"))
        world.finishRollout()
        try world.settle(Fixtures.resolution(3, 1))
        #expect(world.app.status.release?.current?.code.tag == "2")
        #expect(world.app.status.release?.target?.code.tag == "3")
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
    }

    @Test func driftIsPutBackAtAnyTime() throws {
        var world = try converged()
        world.edit(World.deployment, "spec/template/spec/containers/0/image", "other")
        #expect(try world.plan(Fixtures.resolution(2, 1)).summary == ["apply Deployment: drift"])
        world.remove(World.deployment)
        #expect(try world.plan(Fixtures.resolution(2, 1)).summary == ["apply Deployment: new release", "scale to 2"])
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.objects[World.deployment]?["metadata"]?["annotations"]?[Keys.codeTag] == "1")
    }

    @Test func theFirstReleaseIgnoresWindowsUnlessTheSpecSaysWait() throws {
        #expect(try converged().app.status.release?.current?.code.tag == "1")
        var world = World(
            try Fixtures.app(Fixtures.spec(["rollout.windows": Self.nightly, "rollout.initial": "Wait"]))
        )
        let plan = try world.plan(Fixtures.resolution(1, 1))
        #expect(plan.summary == [])
        #expect(plan.conditions.contains("Ready=False WaitingForWindow"))
        #expect(!plan.conditions.contains { $0.hasPrefix("Reconciling") || $0.hasPrefix("Stalled") })
        #expect(plan.status.release?.target?.waitingFor == ["Window"])
        world.now = opening
        try world.converge(Fixtures.resolution(1, 1))
        #expect(world.app.status.release?.current?.code.tag == "1")
    }

    @Test func theFirstReleaseIsNotHeldAfterACrashInItsMiddle() throws {
        var world = World(try Fixtures.app(Fixtures.spec(["rollout.windows": Self.nightly])))
        try world.carryOut(try world.plan(Fixtures.resolution(1, 1)), steps: 1)
        #expect(try world.plan(Fixtures.resolution(1, 1)).summary.first == "apply Deployment: new release")
    }

    @Test func anUrgentReleaseStartsByItsIdAndNoOther() throws {
        var world = try converged()
        let id = try #require(try world.plan(Fixtures.resolution(2, 1)).status.release?.target?.id)
        world.app.metadata.annotations[Keys.releaseNow] = id
        #expect(try world.plan(Fixtures.resolution(3, 1)).summary == [])
        try world.converge(Fixtures.resolution(2, 1))
        #expect(world.app.status.release?.current?.id == id)
        // The annotation stays and is spent: the next pair waits.
        #expect(try world.plan(Fixtures.resolution(3, 1)).summary == [])
    }

    @Test func anEditOfTheTemplateWaitsAndIsNotReady() throws {
        var world = try converged()
        world.app = try edited(
            world.app,
            [
                "rollout.windows": Self.nightly,
                "target.own.template.spec.containers.0.env.0.value": "test",
            ]
        )
        let plan = try world.plan(Fixtures.resolution(1, 1))
        #expect(plan.summary == [])
        #expect(plan.conditions.contains("Ready=False WaitingForWindow"))
        #expect(!plan.conditions.contains { $0.hasPrefix("Reconciling") })
    }

    @Test func aBlackoutHoldsBackWithoutAnyWindow() throws {
        var world = try converged([
            "rollout.blackouts": [["name": "freeze", "from": "2026-01-01", "to": "2026-01-02", "timeZone": "UTC"]]
        ])
        let plan = try world.plan(Fixtures.resolution(2, 1))
        #expect(plan.conditions.contains("UpdateAvailable=True WaitingForBlackout"))
        #expect(plan.status.release?.target?.nextWindow == "2026-01-03T00:00:00Z")
        world.now = try Timestamp(rfc3339: "2026-01-03T00:00:00Z")
        #expect(try world.plan(Fixtures.resolution(2, 1)).summary.count == 2)
    }

    @Test func zonesCountByTheirOwnClocks() throws {
        let spec = Fixtures.spec([
            "rollout.windows": [["name": "n", "cron": "0 2 * * *", "duration": "1h", "timeZone": "Somewhere/Else"]]
        ])
        var world = World(try Fixtures.app(spec))
        var resolution = Fixtures.resolution(1, 1)
        let unknown = try world.plan(resolution)
        #expect(unknown.summary == [])
        let message = "spec.rollout.windows[n].timeZone: the operator's time zone database has no \"Somewhere/Else\""
        #expect(unknown.status.condition("Stalled")?.message.hasPrefix(message) == true)
        // Version 1, no changes, one type: an hour ahead.
        var file = Array("TZif".utf8) + [UInt8](repeating: 0, count: 16)
        for count in [0, 0, 0, 0, 1, 4] { file += [0, 0, 0, UInt8(count)] }
        file += [0, 0, 14, 16, 0, 0] + Array("XST\0".utf8)
        resolution.zones = ["Somewhere/Else": try TimeZoneRules(tzif: file)]
        try world.converge(resolution)
        resolution.code = .found(Fixtures.code(2), nil)
        #expect(try world.plan(resolution).status.release?.target?.nextWindow == "2026-01-01T01:00:00Z")
    }

    @Test(
        arguments: [
            (
                "windows", ["name": "w", "cron": "61 * * * *", "duration": "1h"],
                "spec.rollout.windows[w].cron: the minute"
            ),
            ("windows", ["name": "w", "cron": "0 0 30 2 *", "duration": "1h"], "never come"),
            (
                "windows", ["name": "w", "cron": "@hourly", "duration": "2h"],
                "spec.rollout.windows[w].duration: the duration 2h"
            ),
            ("windows", ["name": "w", "cron": "@daily", "duration": "1s"], "at least 1m"),
            (
                "blackouts", ["name": "b", "from": "2026-02-30", "to": "2026-03-01"],
                "spec.rollout.blackouts[b]: \"2026-02-30\""
            ),
            ("blackouts", ["name": "b", "from": "2026-03-02", "to": "2026-03-01"], "before it begins"),
        ] as [(String, JSONValue, String)]
    )
    func whatIsWrongIsSaidAndTheRunningReleaseStays(_ list: String, _ value: JSONValue, _ message: String) throws {
        var world = try converged()
        world.app = try edited(world.app, ["rollout.\(list)": [value]])
        let plan = try world.plan(Fixtures.resolution(2, 2))
        #expect(plan.summary == [])
        #expect(plan.conditions.suffix(2) == ["Ready=False InvalidSpec", "Stalled=True InvalidSpec"])
        let text = plan.status.condition("Stalled")?.message ?? ""
        #expect(text.contains(message), "\(text)")
    }

    /// Random histories of pushes, uploads, time and rollouts: a template changes only while the window is open.
    @Test func noRolloutStartsOutsideAWindow() throws {
        var random = SplitMix64(seed: 20_261_124)
        var (changes, waits) = (0, 0)
        for _ in 0..<12 {
            var world = try converged()
            var pair = (1, 1)
            for _ in 0..<40 {
                switch Int.random(in: 0..<5, using: &random) {
                case 0: pair.0 += 1
                case 1: pair.1 += 1
                case 2: world.now = world.now + .seconds(Int64.random(in: 1...20_000, using: &random))
                case 3: world.finishRollout()
                default: break
                }
                let before = world.objects[World.deployment]?["spec"]?["template"]
                try world.settle(Fixtures.resolution(pair.0, pair.1))
                let isOpen = (2..<5).contains(world.now.clock.hour)
                if world.objects[World.deployment]?["spec"]?["template"] != before {
                    changes += 1
                    #expect(isOpen, "\(world.now)")
                } else if !isOpen, world.app.status.release?.target?.phase == .waiting {
                    waits += 1
                }
            }
        }
        #expect(changes > 10 && waits > 40)
    }
}
