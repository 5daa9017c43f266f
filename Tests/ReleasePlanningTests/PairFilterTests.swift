import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// Rules about pairs pass over what does not meet them, and never go below what runs.
@Suite(.timeLimit(.minutes(1)))
struct PairFilterTests {
    private static let label = "dev.modelapp.model-range"
    private static let compatibility: JSONValue = [
        ["name": "schema", "codeLabel": .string(label), "modelField": "version"]
    ]

    /// `codes` and `models`, the newest first.
    private func resolution(_ codes: [Int], _ models: [Int], _ ranges: [Int: String] = [:]) -> Resolution {
        var resolution = Fixtures.resolution(codes[0], models[0])
        resolution.olderCodes = codes.dropFirst().map { Fixtures.code($0) }
        resolution.olderModels = models.dropFirst().map { Fixtures.model($0) }
        for code in codes { resolution.imageLabels[Fixtures.code(code).digest] = [:] }
        for (code, range) in ranges { resolution.imageLabels[Fixtures.code(code).digest] = [Self.label: range] }
        return resolution
    }

    private func running(_ world: World) -> String {
        let current = world.app.status.release?.current
        return "\(current?.code.tag ?? "-") \(current?.model.version ?? "-")"
    }

    @Test(
        arguments: [
            // The newest pair fits.
            ([3, 2, 1], [3, 2, 1], [3: "*"], "3 3/"),
            // The newest image takes an older model, which is newer than the one that runs.
            ([3, 2, 1], [3, 2, 1], [3: "2"], "3 2/"),
            // It takes the one that runs.
            ([3, 2, 1], [3, 2, 1], [3: "<2"], "3 1/"),
            // It takes none, an older image takes the newest model.
            ([3, 2, 1], [3, 2, 1], [3: ">=4", 2: ">=3"], "2 3/"),
            // Only the image that runs takes the newest.
            ([3, 2, 1], [3, 2, 1], [1: ">=1"], "1 3/"),
            // Nothing fits: what runs stays.
            ([3, 2, 1], [3, 2, 1], [3: ">=4", 2: ">=4", 1: "1"], "1 1/"),
        ] as [([Int], [Int], [Int: String], String)]
    )
    func theNewestPairThatFitsIsReleased(codes: [Int], models: [Int], ranges: [Int: String], pair: String) throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["compatibility": Self.compatibility])
        try world.converge(resolution(codes, models, ranges))
        #expect(running(world) == pair)
        #expect((world.app.status.condition("UpdateAvailable") != nil) == (pair != "3 3/"))
        #expect(try world.plan(resolution(codes, models, ranges)).isEmpty)
    }

    @Test(
        arguments: [
            ("2", nil, "no label dev.modelapp.model-range"), ("2", "oops <", "is no range"),
            ("2", ">=3", "takes models"),
            ("x", ">=1", "is no semantic version"),
        ] as [(String, String?, String)]
    )
    func whatDoesNotFitSaysWhy(version: String, range: String?, why: String) throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["compatibility": Self.compatibility])
        var found = resolution([1], [1], range.map { [1: $0] } ?? [:])
        found.model = .found(Fixtures.model(2, version: version), nil)
        #expect(try world.settle(found) == [])
        let target = try #require(world.app.status.release?.target)
        #expect(target.waitingFor == ["Compatibility"] && target.message?.contains(why) == true, "\(target)")
        #expect(target.message?.contains("spec.compatibility[schema]") == true)
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "WaitingForCompatibility")
        #expect(world.app.status.condition("Ready")?.isTrue == true)
    }

    @Test func theFirstReleaseHasToFitToo() throws {
        var world = World(try Fixtures.app(Fixtures.spec(["compatibility": Self.compatibility])))
        #expect(try world.settle(resolution([1], [1])) == [])
        #expect(world.app.status.condition("Ready")?.reason == "WaitingForCompatibility")
        try world.converge(resolution([1], [1], [1: "*"]))
        #expect(running(world) == "1 1/")
    }

    @Test func anEditOfTheTemplateDoesNotWaitForAPairThatDoesNotFit() throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        let path = "target.own.template.spec.containers.0.env.0.value"
        world.app = try edited(world.app, ["compatibility": Self.compatibility, path: "x"])
        try world.converge(resolution([2, 1], [1], [:]))
        #expect(running(world) == "1 1/")
        #expect(world.app.status.history.first?.cause == "Template")
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "WaitingForCompatibility")
    }

    // MARK: after

    private static func after(_ name: String = "staging", in namespace: String? = "staging") -> JSONValue {
        var reference: JSONValue = ["name": .string(name)]
        reference["namespace"] = namespace.map { .string($0) }
        return [["name": "first", "modelApp": reference, "for": "2h"]]
    }

    /// An upstream that runs what `world` converged on.
    private func upstream(
        _ world: World,
        _ namespace: String = "staging",
        _ name: String = "staging",
        allowing namespaces: [String] = ["prod"],
        after: JSONValue? = nil
    ) throws -> Upstream {
        var changes: [String: JSONValue?] = ["allowAfterFrom": .array(namespaces.map { .string($0) })]
        if let after { changes["rollout.after"] = after }
        var app = try Fixtures.app(Fixtures.spec(changes))
        app.metadata.namespace = namespace
        app.metadata.name = name
        return Upstream(app, releases: try world.observation().releases)
    }

    @Test func aPairWaitsUntilTheOtherHasRunItForLongEnough() throws {
        var staging = World(try Fixtures.app())
        try staging.converge(Fixtures.resolution(1, 1))
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["rollout.after": Self.after()])
        world.upstreams = [try upstream(staging)]
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        #expect(world.app.status.release?.target?.message?.contains("does not run code 2") == true)
        staging.now = Fixtures.now + .seconds(3600)
        try staging.converge(Fixtures.resolution(2, 1))
        world.now = staging.now
        world.upstreams = [try upstream(staging)]
        let plan = try world.plan(Fixtures.resolution(2, 1))
        #expect(plan.summary == [] && plan.requeueAfter == .seconds(7200))
        #expect(plan.conditions.contains("UpdateAvailable=True WaitingForAfter"))
        #expect(plan.conditions.contains("Ready=True Converged"))
        // A stream of pushes starves nobody: what has run for long enough goes, though newer ones are there.
        staging.now = Fixtures.now + .seconds(3 * 3600)
        try staging.converge(Fixtures.resolution(3, 1))
        world.now = staging.now
        world.upstreams = [try upstream(staging)]
        try world.converge(resolution([3, 2, 1], [1]))
        #expect(running(world) == "2 1/")
        #expect(world.app.status.release?.target?.code.tag == "3")
        #expect(world.app.status.condition("UpdateAvailable")?.reason == "WaitingForAfter")
    }

    @Test func onlyTheSameBitsCount() throws {
        var staging = World(try Fixtures.app())
        try staging.converge(Fixtures.resolution(2, 1))
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["rollout.after": Self.after()])
        world.now = Fixtures.now + .seconds(86_400)
        world.upstreams = [try upstream(staging)]
        var other = Fixtures.resolution(1, 1)
        other.code = .found(Fixtures.code(7, tag: "2"), nil)
        #expect(try world.settle(other) == [], "the same tag, other bits")
        try world.converge(Fixtures.resolution(2, 1))
        #expect(running(world) == "2 1/")
    }

    @Test func whatFailedThereDoesNotCount() throws {
        var staging = World(try Fixtures.app())
        try staging.converge(Fixtures.resolution(1, 1))
        try staging.settle(Fixtures.resolution(2, 1))
        staging.failRollout(Trouble.crash)
        try staging.settle(Fixtures.resolution(2, 1))
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["rollout.after": Self.after()])
        world.now = Fixtures.now + .seconds(86_400)
        world.upstreams = [try upstream(staging)]
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
    }

    @Test func anotherNamespaceHasToAllowItAndTellsNothingElse() throws {
        var staging = World(try Fixtures.app())
        try staging.converge(Fixtures.resolution(2, 1))
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.now = Fixtures.now + .seconds(86_400)
        world.app = try edited(world.app, ["rollout.after": Self.after()])
        var messages: Set<String> = []
        for upstreams in [[], [try upstream(staging, allowing: ["dev"])]] {
            world.upstreams = upstreams
            #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
            messages.insert(world.app.status.release?.target?.message ?? "")
        }
        #expect(messages.count == 1 && messages.first?.contains("names namespace prod") == true)
        // Within the namespace nobody has to be named.
        world.app = try edited(world.app, ["rollout.after": Self.after(in: nil)])
        world.upstreams = [try upstream(staging, "prod", allowing: [])]
        try world.converge(Fixtures.resolution(2, 1))
        #expect(running(world) == "2 1/")
    }

    @Test func whoWaitsForItselfIsRefused() throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["rollout.after": Self.after("a", in: nil)])
        let back: JSONValue = [["name": "x", "modelApp": ["name": "classifier"]]]
        let on: JSONValue = [["name": "x", "modelApp": ["name": "b"]]]
        world.upstreams = [
            try upstream(world, "prod", "a", after: on), try upstream(world, "prod", "b", after: back),
        ]
        world.edit(World.deployment, "spec/template/spec/containers/0/image", "other")
        let plan = try world.plan(Fixtures.resolution(2, 1))
        #expect(plan.summary == ["apply Deployment: drift"], "what runs is kept in step")
        #expect(plan.conditions.suffix(2) == ["Ready=False AfterCycle", "Stalled=True AfterCycle"])
        #expect(
            plan.status.condition("Stalled")?.message
                == "spec.rollout.after[first]: prod/a waits for this ModelApp in turn"
        )
        // A circle that one of them does not allow holds by itself, and says nothing of others.
        world.upstreams = [
            try upstream(world, "other", "a", allowing: [], after: back)
        ]
        world.app = try edited(world.app, ["rollout.after": Self.after("a", in: "other")])
        #expect(try world.plan(Fixtures.resolution(2, 1)).conditions.contains("UpdateAvailable=True WaitingForAfter"))
    }

    @Test func aRuleThatNamesItsOwnModelAppIsInvalid() throws {
        let app = try Fixtures.app(Fixtures.spec(["rollout.after": Self.after("classifier", in: nil)]))
        #expect(
            SpecCheck.problems(in: app).map(\.description) == [
                "spec.rollout.after[first].modelApp: names this ModelApp itself"
            ]
        )
    }
}
