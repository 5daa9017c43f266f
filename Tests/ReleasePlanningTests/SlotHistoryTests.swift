import Artifacts
import Foundation
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

/// Random histories of releases that change slots: whatever happens in whatever order, and wherever the process ends, only
/// what is verified gets traffic, somebody does, and it comes to rest.
@Suite(.timeLimit(.minutes(2)))
struct SlotHistoryTests {
    private enum Event: Sendable {
        case code(Int), model(Int), up, passes, fails, crashes, heals, minutes(Int), crash(steps: Int), forget
        case deleteActive, deleteStandby, deleteService, turnService, scale(Int64), statusLost
        case rollback(Int), dropRollback, resume, unquarantine, canary, blueGreen, edit(Int)
    }

    private static func history(_ generator: inout SplitMix64) -> [Event] {
        (0..<Int.random(in: 4...24, using: &generator)).map { _ in
            switch Int.random(in: 0..<40, using: &generator) {
            case 0..<4: .code(.random(in: 1...4, using: &generator))
            case 4..<6: .model(.random(in: 1...4, using: &generator))
            case 6..<13: .up
            case 13..<19: .passes
            case 19..<21: .fails
            case 21: .crashes
            case 22: .heals
            case 23..<26: .minutes(.random(in: 1...20, using: &generator))
            case 26, 27: .crash(steps: .random(in: 0...2, using: &generator))
            case 28: .forget
            case 29: [.deleteActive, .deleteStandby, .deleteService].randomElement(using: &generator) ?? .up
            case 30: .turnService
            case 31: .scale(.random(in: 1...6, using: &generator))
            case 32: .statusLost
            case 33: .rollback(.random(in: 0...3, using: &generator))
            case 34: .dropRollback
            case 35: .resume
            case 36: .unquarantine
            case 37: .canary
            case 38: .blueGreen
            default: .edit(.random(in: 0...1, using: &generator))
            }
        }
    }

    // More of them, once in a while: MODELAPP_PROPERTY_CASES=300.
    private static let cases = ProcessInfo.processInfo.environment["MODELAPP_PROPERTY_CASES"].flatMap { Int($0) } ?? 24

    @Test func onlyVerifiedReleasesGetTrafficAndEveryHistoryComesToRest() async {
        await checkProperty(cases: Self.cases, generate: Self.history) { events in
            do {
                var run = Run(try Self.app(.object([:])))
                for event in events { try run.take(event) }
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    private static let blueGreen: JSONValue = ["type": "BlueGreen"]
    private static let canary: JSONValue = ["type": "Canary", "steps": [20, 60], "pause": "5m"]

    private static func app(_ changes: JSONValue) throws -> ModelApp {
        var spec: [String: JSONValue?] = [
            "rollout.strategy": blueGreen, "rollout.verify": World.http, "rollout.historyLimit": 3,
        ]
        for (path, value) in changes.object ?? [:] { spec[path] = value }
        return try Fixtures.app(Fixtures.spec(spec))
    }

    private struct Run {
        var world: World
        var resolution = Fixtures.resolution(1, 1)
        var changes: [String: JSONValue] = [:]
        var requests = 0
        /// Whether the Service has had pods behind it, and nobody took them away since.
        var isServed = false

        init(_ app: ModelApp) { world = World(app) }

        mutating func take(_ event: Event) throws {
            let before = world.objects
            switch event {
            case .code(let number): resolution.code = .found(Fixtures.code(number), nil)
            case .model(let number): resolution.model = .found(Fixtures.model(number), nil)
            case .up: _ = world.bringUp()
            case .passes, .fails: judge(event)
            case .crashes:
                if world.objects[World.second] != nil, world.slot != "b" {
                    world.secondTrouble = Trouble.loop
                    world.miss(World.second)
                }
            case .heals: world.secondTrouble = nil
            case .minutes(let minutes): world.now = world.now + .seconds(60 * Int64(minutes))
            case .crash(let steps):
                try carryOut(try world.plan(resolution), steps: steps)
                world.checks = [:]
                return
            case .forget: world.checks = [:]
            case .deleteActive: remove(world.slot ?? "a")
            case .deleteStandby: remove(world.slot == "b" ? "a" : "b")
            case .deleteService: world.remove(World.service)
            case .turnService:
                world.edit(World.service, "spec/selector/modelapp.dev~slot", world.slot == "a" ? "b" : "a")
                // Who turns it by hand sends traffic where they like, until the next pass.
                try carryOut(try world.plan(resolution), isTurned: true)
            case .scale(let count): world.edit(World.deployment, "spec/replicas", .integer(count))
            case .statusLost: world.app.status = ModelAppStatus()
            case .rollback, .dropRollback, .resume, .unquarantine: try request(event)
            case .canary: try edit("rollout.strategy", SlotHistoryTests.canary)
            case .blueGreen: try edit("rollout.strategy", SlotHistoryTests.blueGreen)
            case .edit(let number):
                try edit("target.own.template.spec.containers.0.env.0.value", .string("edit \(number)"))
            }
            switch event {
            case .deleteActive, .deleteStandby, .deleteService, .turnService: isServed = false
            default: break
            }
            try settle()
            // A pod template in place changes for nothing but a release that comes up beside.
            if case .edit = event { return }
            if isServed, let slot = world.slot, let name = Optional(slot == "a" ? World.deployment : World.second),
                let old = before[name]?["spec"]?["template"], before[World.service]?["spec"]?["selector"] != nil,
                before[World.service]?["spec"]?["selector"]?[Keys.slot]?.string == slot,
                old != world.objects[name]?["spec"]?["template"]
            {
                throw WorldError(description: "the template of what has the traffic changed")
            }
        }

        private mutating func judge(_ event: Event) {
            guard let check = try? world.plan(resolution).check else { return }
            if case .passes = event {
                world.checks = [check.id: .finished(.passed)]
            } else {
                world.checks = [check.id: .finished(.failed(message: "status 500, not 200", detail: nil))]
            }
        }

        private mutating func remove(_ slot: String) {
            world.remove(slot == "a" ? World.deployment : World.second)
            if slot == "b" { world.secondTrouble = nil }
        }

        private mutating func edit(_ path: String, _ value: JSONValue) throws {
            changes[path] = value
            var app = try SlotHistoryTests.app(.object(changes))
            app.metadata.generation = world.app.metadata.generation + 1
            app.metadata.annotations = world.app.metadata.annotations
            app.status = world.app.status
            world.app = app
        }

        private mutating func request(_ event: Event) throws {
            requests += 1
            let observation = try world.observation()
            let releases = observation.releases.sorted { $0.number < $1.number }
            switch event {
            case .rollback(let index):
                guard let current = observation.current, !releases.isEmpty else { return }
                let target = releases[index % releases.count].release.id
                world.app.metadata.annotations[Keys.rollback] = "\(current.release.id) \(target) \(requests)"
            case .dropRollback: world.app.metadata.annotations[Keys.rollback] = nil
            case .resume:
                guard let held = observation.heldByHand else { return }
                world.app.metadata.annotations[Keys.resume] = "\(held.release.id).\(requests)"
            default:
                guard let failed = observation.quarantined.first else { return }
                world.app.metadata.annotations[Keys.unquarantine] = "\(failed.release.id).\(requests)"
            }
        }

        private mutating func carryOut(_ plan: Plan, steps: Int = .max, isTurned: Bool = false) throws {
            for count in plan.steps.indices.prefix(steps) {
                var crashed = world
                let before = try stages(world, steps: count, of: plan)
                try crashed.carryOut(plan, steps: count + 1)
                try compare(before, try stages(crashed))
                if !isTurned { try crashed.checkTraffic() }
                if isServed, crashed.served().isEmpty { throw WorldError(description: "nobody is served") }
            }
            try world.carryOut(plan, steps: steps)
        }

        private func stages(_ world: World, steps: Int = 0, of plan: Plan? = nil) throws -> [String: VerificationStage]
        {
            var world = world
            if let plan, steps > 0 { try world.carryOut(plan, steps: steps) }
            let pairs = try world.observation().releases.map { ($0.release.id, $0.stage) }
            return Dictionary(uniqueKeysWithValues: pairs)
        }

        /// That what became of each release stands in the table.
        private func compare(_ old: [String: VerificationStage], _ new: [String: VerificationStage]) throws {
            for id in Set(old.keys).union(new.keys) {
                let (from, to) = (old[id] ?? .absent, new[id] ?? .absent)
                guard from != to, !VerificationTransition.all.contains(where: { $0.from == from && $0.to == to }) else {
                    continue
                }
                throw WorldError(description: "no such transition: \(from) to \(to)")
            }
        }

        private mutating func settle() throws {
            var passes: [[String]] = []
            while passes.count < 16 {
                let plan = try world.plan(resolution)
                try carryOut(plan)
                if plan.isEmpty {
                    if !world.served().isEmpty { isServed = true }
                    return
                }
                passes.append(plan.summary)
            }
            throw WorldError(description: "does not settle: \(passes.suffix(5))")
        }
    }
}
