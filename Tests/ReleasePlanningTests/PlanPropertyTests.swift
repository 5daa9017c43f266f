import Artifacts
import Foundation
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

/// Random histories: whatever happens in whatever order, a plan that was carried out leaves nothing to do.
@Suite(.timeLimit(.minutes(1)))
struct PlanPropertyTests {
    private enum Event: Sendable {
        case code(Int), model(Int), codeFails, modelFails, edit(String), replicas(Int64), service(Bool), drift(Int)
        case deleteDeployment, deleteService, finishRollout, crash(steps: Int), minutes(Int)
    }

    private static func history(_ generator: inout SplitMix64) -> [Event] {
        (0..<Int.random(in: 1...14, using: &generator)).map { _ in
            switch Int.random(in: 0..<14, using: &generator) {
            case 0, 1: .code(.random(in: 1...4, using: &generator))
            case 2, 3: .model(.random(in: 1...4, using: &generator))
            case 4: .codeFails
            case 5: .modelFails
            case 6: .edit(["prod", "staging", "test"].randomElement(using: &generator) ?? "")
            case 7: .replicas(.random(in: 0...4, using: &generator))
            case 8: .service(.random(using: &generator))
            case 9: .drift(.random(in: 0...3, using: &generator))
            case 10: Bool.random(using: &generator) ? .deleteDeployment : .deleteService
            case 11: .crash(steps: .random(in: 0...3, using: &generator))
            case 12: .minutes(.random(in: 1...600, using: &generator))
            default: .finishRollout
            }
        }
    }

    // More of them, once in a while: MODELAPP_PROPERTY_CASES=300.
    private static let cases = ProcessInfo.processInfo.environment["MODELAPP_PROPERTY_CASES"].flatMap { Int($0) } ?? 16

    @Test func everyHistorySettlesAndStaysSettled() async {
        await checkProperty(cases: Self.cases, generate: Self.history) { events in
            do {
                try Self.run(events)
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    private static func run(_ events: [Event]) throws {
        var world = World(try Fixtures.app(Fixtures.spec(["rollout.historyLimit": 3])))
        var resolution = Fixtures.resolution(1, 1)
        var changes: [String: JSONValue?] = ["rollout.historyLimit": 3]
        let failure = ResolutionFailure("Unavailable", "no answer")
        for event in events {
            switch event {
            case .code(let number): resolution.code = .found(Fixtures.code(number), nil)
            case .model(let number): resolution.model = .found(Fixtures.model(number), nil)
            case .codeFails: resolution.code = .failed(failure)
            case .modelFails: resolution.model = .failed(failure)
            case .edit(let value): changes["target.own.template.spec.containers.0.env.0.value"] = .string(value)
            case .replicas(let count): changes["target.own.replicas"] = .integer(count)
            case .service(let isWanted):
                changes["target.service"] = isWanted ? Fixtures.spec["target"]?["service"] : .some(nil)
            case .drift(let place): drift(place, &world)
            case .deleteDeployment: world.remove(World.deployment)
            case .deleteService: world.remove(World.service)
            case .finishRollout: world.finishRollout()
            case .minutes(let minutes): world.now = world.now + .seconds(60 * minutes)
            case .crash(let steps):
                try world.carryOut(try world.plan(resolution), steps: steps)
                continue
            }
            world.app = try edited(world.app, changes)
            try world.settle(resolution)
            try check(world)
        }
        try world.converge(resolution)
        try check(world)
        try checkRepeated(world, resolution)
        try checkConverged(world, resolution, changes)
    }

    private static func drift(_ place: Int, _ world: inout World) {
        switch place {
        case 0: world.edit(World.deployment, "spec/template/spec/containers/0/image", "other")
        case 1: world.edit(World.deployment, "metadata/annotations/modelapp.dev~release", nil)
        case 2: world.edit(World.service, "spec/type", "NodePort")
        default: world.edit(World.deployment, "spec/template/spec/containers/0/env", [])
        }
    }

    /// The same plan again, and in whatever order the releases come.
    private static func checkRepeated(_ world: World, _ resolution: Resolution) throws {
        var generator = SplitMix64(seed: 7)
        let plans = try (0..<3).map { _ in
            makePlan(
                for: try world.observation(shuffledBy: &generator),
                resolution: resolution,
                now: world.now,
                policy: world.policy
            )
        }
        guard plans.allSatisfy(\.isEmpty) else { throw WorldError(description: "not idempotent: \(plans[0].summary)") }
        guard Set(plans).count == 1 else { throw WorldError(description: "depends on the order of releases") }
    }

    private static let statusSchema = ModelAppStatus.schema

    /// What holds whenever there is nothing to do.
    private static func check(_ world: World) throws {
        let status = world.app.status.json
        let problems = statusSchema.problems(with: status, at: "status", refusesUnknown: true) { _, _ in true }
        guard problems.isEmpty else { throw WorldError(description: "status: \(problems)") }
        let releases = try world.observation().releases
        // The limit, and the last good one besides.
        guard releases.count <= 4 else { throw WorldError(description: "\(releases.count) releases are kept") }
        guard Set(releases.map(\.number)).count == releases.count else {
            throw WorldError(description: "two releases have one number")
        }
        guard let live = world.objects[World.deployment] else { return }
        let id = live["metadata"]?["annotations"]?[Keys.release]?.string
        guard let applied = releases.first(where: { $0.release.id == id }) else {
            throw WorldError(description: "the Deployment carries a release that is not kept")
        }
        let template = live["spec"]?["template"] ?? .null
        if let path = FieldComparison.firstDifference(applied: applied.release.template, live: template) {
            throw WorldError(description: "the Deployment differs from its release at \(path)")
        }
    }

    /// What holds when the pods have caught up as well.
    private static func checkConverged(
        _ world: World,
        _ resolution: Resolution,
        _ changes: [String: JSONValue?]
    ) throws {
        let status = world.app.status
        // With a source that never answered nothing can ever have run.
        let runs = world.objects[World.deployment] != nil
        if !runs, resolution.code.version == nil || resolution.model.version == nil { return }
        guard status.condition("Ready")?.reason == "Converged" else {
            throw WorldError(description: "not converged: \(status.conditions)")
        }
        guard status.release?.current?.id == status.release?.target?.id else {
            throw WorldError(description: "current is not the target")
        }
        if let code = resolution.code.version, status.release?.current?.code.digest != code.digest {
            throw WorldError(description: "another code runs")
        }
        if let model = resolution.model.version, status.release?.current?.model.digest != model.version.digest {
            throw WorldError(description: "another model runs")
        }
        if case .integer(let count)?? = changes["target.own.replicas"],
            world.objects[World.deployment]?["spec"]?["replicas"] != .integer(count)
        {
            throw WorldError(description: "not \(count) replicas")
        }
        let wantsService = changes["target.service"] == nil || changes["target.service"] != .some(nil)
        guard (world.objects[World.service] != nil) == wantsService else {
            throw WorldError(description: "Service is \(wantsService ? "missing" : "left over")")
        }
    }
}
