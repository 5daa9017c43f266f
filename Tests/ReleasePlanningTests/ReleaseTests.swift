import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// Which steps a change of the world leads to.
@Suite(.timeLimit(.minutes(1)))
struct ReleaseTests {
    private func converged(_ spec: JSONValue = Fixtures.spec) throws -> World {
        var world = World(try Fixtures.app(spec))
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    @Test func theFirstReleaseIsKeptThenMadeThenMarked() throws {
        var world = World(try Fixtures.app())
        #expect(
            try world.settle(Fixtures.resolution(1, 1)) == [
                [
                    "apply ControllerRevision #1: new release", "apply Deployment: new release", "scale to 2",
                    "apply Service: new service",
                ]
            ]
        )
        #expect(world.objects[World.deployment]?["spec"]?["replicas"] == 2)
        world.finishRollout()
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply ControllerRevision #1: release converged"]])
        #expect(world.app.status.release?.current?.code.tag == "1")
        #expect(world.app.status.history.map(\.cause) == ["First"])
    }

    @Test(arguments: [(2, 1, "NewCode"), (1, 2, "NewModel"), (2, 2, "NewCodeAndModel")])
    func aNewHalfIsOneRelease(code: Int, model: Int, cause: String) throws {
        var world = try converged()
        let plan = try world.plan(Fixtures.resolution(code, model))
        #expect(plan.summary == ["apply ControllerRevision #2: new release", "apply Deployment: new release"])
        #expect(plan.body("ControllerRevision")?["data"]?["cause"] == .string(cause))
        try world.converge(Fixtures.resolution(code, model))
        let status = world.app.status
        #expect(status.release?.current?.code.tag == String(code))
        #expect(status.release?.current?.model.version == "\(model)/")
        #expect(status.history.map(\.result) == ["Converged", "Converged"])
        #expect(status.history.first?.cause == cause)
    }

    @Test func anEditOfTheTemplateIsARelease() throws {
        var world = try converged()
        world.app = try edited(world.app, ["target.own.template.spec.containers.0.env.0.value": "staging"])
        let plan = try world.plan(Fixtures.resolution(1, 1))
        #expect(plan.summary == ["apply ControllerRevision #2: new release", "apply Deployment: new release"])
        #expect(plan.body("ControllerRevision")?["data"]?["cause"] == "Template")
    }

    /// Members that do not reach the template do not make a release.
    @Test(arguments: [
        "interval", "rollout.historyLimit", "code.platforms", "rollout.skip.code", "delivery.mountPath",
        "delivery.env.path", "delivery.mode",
    ])
    func whatDoesNotChangeTheTemplateIsNoRelease(path: String) throws {
        let values: [String: JSONValue] = [
            "interval": "1m", "rollout.historyLimit": 7, "code.platforms": ["linux/amd64"], "rollout.skip.code": ["9"],
            // Said aloud, a default is still the default.
            "delivery.mountPath": "/models", "delivery.env.path": "MODEL_PATH", "delivery.mode": "InitContainer",
        ]
        var world = try converged()
        world.app = try edited(world.app, [path: values[path]])
        #expect(try world.plan(Fixtures.resolution(1, 1)).summary == [])
    }

    @Test(arguments: ["delivery.mountPath", "delivery.env.version", "delivery.fetch.sizeLimit", "target.container"])
    func whatChangesTheTemplateIsARelease(path: String) throws {
        let values: [String: JSONValue] = [
            "delivery.mountPath": "/m", "delivery.env.version": "V", "delivery.fetch.sizeLimit": "1Gi",
            "target.container": "web",
        ]
        var world = try converged()
        world.app = try edited(world.app, [path: values[path]])
        #expect(try world.plan(Fixtures.resolution(1, 1)).summary.first == "apply ControllerRevision #2: new release")
    }

    @Test func theSameBitsUnderAnotherTagAreNoRelease() throws {
        let world = try converged()
        let resolution = Resolution(
            code: .found(Fixtures.code(1, tag: "1-again"), nil),
            model: .found(Fixtures.model(1, version: "one/"), nil)
        )
        let plan = try world.plan(resolution)
        #expect(plan.isEmpty)
        #expect(plan.status.code?.latest?.tag == "1-again")
        #expect(plan.status.release?.current?.code.tag == "1")
    }

    @Test func anOlderPairThatIsLatestAgainIsAppliedByteForByteAndConvergesAnew() throws {
        var world = try converged()
        let first = world.objects[World.deployment]?["spec"]?["template"]
        try world.converge(Fixtures.resolution(2, 1))
        #expect(world.objects[World.deployment]?["spec"]?["template"] != first)
        world.now = world.now + .seconds(3600)
        let back = try world.plan(Fixtures.resolution(1, 1))
        #expect(
            back.summary == ["apply ControllerRevision #3: release is applied again", "apply Deployment: new release"]
        )
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.objects[World.deployment]?["spec"]?["template"] == first)
        #expect(world.app.status.release?.current?.code.tag == "2")
        #expect(world.app.status.release?.target?.phase == .progressing)
        #expect(world.app.status.condition("Ready")?.reason == "Progressing")
        world.now = world.now + .seconds(30)
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.app.status.release?.current?.code.tag == "1")
        #expect(world.app.status.history.map(\.code) == ["1", "2"])
        #expect(world.app.status.history.first?.tookSeconds == 30)
    }

    @Test func theHistoryIsPrunedAndNeverLosesWhatRuns() throws {
        var world = World(try Fixtures.app(Fixtures.spec(["rollout.historyLimit": 3])))
        try world.converge(Fixtures.resolution(1, 1))
        // Releases that never converge push the one that did out of the limit.
        for number in 2...8 { try world.settle(Fixtures.resolution(number, 1)) }
        let codes = try world.observation().releases.map(\.release.code.tag).sorted()
        #expect(codes == ["1", "6", "7", "8"])
        world.finishRollout()
        try world.settle(Fixtures.resolution(8, 1))
        #expect(try world.observation().releases.map(\.release.code.tag).sorted() == ["6", "7", "8"])
        #expect(world.app.status.history.map(\.code) == ["8", "7", "6"])
        #expect(world.app.status.history.map(\.result) == ["Converged", "Superseded", "Superseded"])
    }

    @Test func aRunningReleaseIsNotRenderedAnewByAnotherOperator() throws {
        var world = try converged()
        world.policy.fetchImage = "registry.example/modelapp:2"
        #expect(try world.plan(Fixtures.resolution(1, 1)).isEmpty)
        world.policy.fetchImage = nil
        #expect(try world.plan(Fixtures.resolution(1, 1)).isEmpty)
        let next = try world.plan(Fixtures.resolution(2, 1))
        #expect(next.summary == [])
        #expect(next.conditions.contains("Stalled=True FetchImageMissing"))
    }

    @Test func aReleaseOfAnotherVersionIsWrittenBackAsItIs() throws {
        var world = World(try Fixtures.app())
        try world.settle(Fixtures.resolution(1, 1))
        let name = try #require(world.objects.keys.first { $0.hasPrefix("ControllerRevision") })
        world.edit(name, "data/addedLater", "kept")
        world.finishRollout()
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply ControllerRevision #1: release converged"]])
        #expect(world.objects[name]?["data"]?["addedLater"] == "kept")
    }

    @Test func theIdentityIsThatOfBitsAndTemplate() {
        let id = Release.id(codeDigest: "a", modelDigest: "b", templateHash: "c")
        #expect(id.count == 12)
        #expect(id == Release.id(codeDigest: "a", modelDigest: "b", templateHash: "c"))
        #expect(id != Release.id(codeDigest: "b", modelDigest: "a", templateHash: "c"))
        #expect(id != Release.id(codeDigest: "a", modelDigest: "b", templateHash: "d"))
    }
}

/// `app` with an edited spec, as the next generation.
func edited(_ app: ModelApp, _ changes: [String: JSONValue?]) throws -> ModelApp {
    var other = try Fixtures.app(Fixtures.spec(changes), generation: app.metadata.generation + 1)
    other.status = app.status
    return other
}
