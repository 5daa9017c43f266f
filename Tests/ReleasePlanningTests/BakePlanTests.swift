import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// What a plan makes of releases whose image has to be made first.
struct BakePlanTests {
    private static let baked: [String: JSONValue?] = [
        "delivery": [
            "mode": "Baked", "baked": ["repository": "acr.io/baked", "auth": ["secretRef": ["name": "push"]]],
        ]
    ]
    private static let image = "sha256:" + String(repeating: "b", count: 64)

    private func world(_ changes: [String: JSONValue?] = [:]) throws -> World {
        World(try Fixtures.app(Fixtures.spec(Self.baked.merging(changes) { $1 })))
    }

    /// The resolution once the image that `plan` asks for is in `state`.
    private func resolution(_ base: Resolution, after plan: Plan, _ state: BakeState) throws -> Resolution {
        var resolution = base
        resolution.bake = BakeResult(release: try #require(plan.bake).release, state: state)
        return resolution
    }

    private func done() throws -> BakeState { .done(try Digest(Self.image)) }

    /// A world where the first pair runs from its image.
    private func converged(_ changes: [String: JSONValue?] = [:]) throws -> World {
        var world = try world(changes)
        let pair = Fixtures.resolution(1, 1)
        let made = try resolution(pair, after: try world.plan(pair), try done())
        try world.settle(made)
        world.finishRollout()
        try world.settle(made)
        return world
    }

    @Test func aPairWaitsForItsImageAndThePlanSaysWhichOne() throws {
        let world = try world()
        let plan = try world.plan(Fixtures.resolution(1, 1))
        #expect(plan.isEmpty)
        let order = try #require(plan.bake)
        #expect(order.image == "acr.io/model-api@\(Fixtures.code(1).digest)")
        #expect(order.repository == "acr.io/baked" && order.tag == "r-\(order.release)")
        #expect(order.platforms == ["linux/amd64"] && order.mountPath == "/models" && order.previous == nil)
        #expect(order.model == Fixtures.model(1).version)
        #expect(plan.conditions.contains("Ready=False WaitingForBake"))
        #expect(plan.conditions.contains("Reconciling=True WaitingForBake"))
        let target = try #require(plan.status.release?.target)
        #expect(target.id == order.release && target.phase == .preparing && target.waitingFor == ["Bake"])
    }

    @Test func itRunsTheImageByDigestOnceThatIsThere() throws {
        let world = try converged()
        let container = world.objects[World.deployment]?["spec"]?["template"]?["spec"]?["containers"]?[0]
        #expect(container?["image"]?.string == "acr.io/baked@\(Self.image)")
        let path = container?["env"]?.array?.first { $0["name"]?.string == "MODEL_PATH" }
        #expect(path?["value"] == "/models")
        #expect(world.app.status.release?.current?.restorable == true)
        // The registry is not asked again for what is frozen.
        #expect(try world.plan(Fixtures.resolution(1, 1)).bake == nil)
    }

    @Test func anotherReleasesImageIsOfNoUse() throws {
        let world = try world()
        var pair = Fixtures.resolution(1, 1)
        pair.bake = BakeResult(release: "000000000000", state: try done())
        #expect(try world.plan(pair).bake != nil)
    }

    @Test func anUpdateIsMadeWhileTheOldPairRunsAndSharesItsLayers() throws {
        let world = try converged()
        let plan = try world.plan(Fixtures.resolution(2, 1))
        #expect(plan.isEmpty && plan.bake?.previous?.description == Self.image)
        #expect(plan.conditions.contains("Ready=True Converged"))
        #expect(plan.conditions.contains("UpdateAvailable=True WaitingForBake"))
        #expect(!plan.conditions.contains { $0.hasPrefix("Reconciling") })
    }

    @Test func whatWentWrongIsSaidAndNothingIsStalled() throws {
        let world = try world()
        let pair = Fixtures.resolution(1, 1)
        let failure = ResolutionFailure("Unauthorized", "spec.delivery.baked.auth: the registry refuses")
        let plan = try world.plan(try resolution(pair, after: try world.plan(pair), .failed(failure)))
        #expect(plan.bake != nil && plan.isEmpty)
        let ready = try #require(plan.status.condition("Ready"))
        #expect(ready.reason == "WaitingForBake" && ready.message.contains("Unauthorized: spec.delivery.baked.auth"))
        #expect(plan.status.condition("Stalled") == nil)
    }

    @Test func aClosedWindowIsWaitedForTogetherWithTheImage() throws {
        let window: JSONValue = ["name": "n", "cron": "0 2 1 7 *", "duration": "3h"]
        let world = try converged(["rollout.windows": [window]])
        let pair = Fixtures.resolution(2, 1)
        let preparing = try world.plan(pair)
        #expect(preparing.status.release?.target?.waitingFor == ["Window", "Bake"])
        #expect(preparing.status.release?.target?.phase == .preparing)
        #expect(preparing.conditions.contains("UpdateAvailable=True WaitingForWindow"))
        let made = try world.plan(try resolution(pair, after: preparing, try done()))
        #expect(made.status.release?.target?.waitingFor == ["Window"])
        #expect(made.bake == nil && made.isEmpty)
    }

    @Test func whoPushesIsNoReleaseAndAnotherPlatformIsOne() throws {
        var world = try converged()
        world.app = try Fixtures.app(
            Fixtures.spec(["delivery": ["mode": "Baked", "baked": ["repository": "acr.io/baked"]]]),
            generation: 2
        )
        #expect(try world.plan(Fixtures.resolution(1, 1)).bake == nil)
        world.app.spec.code.platforms = ["linux/arm64"]
        #expect(try world.plan(Fixtures.resolution(1, 1)).bake?.platforms == ["linux/arm64"])
    }

    @Test func aTemplateThatCannotBeRenderedIsSaidBeforeAnythingIsMade() throws {
        let world = try world(["target.container": "nosuch"])
        let plan = try world.plan(Fixtures.resolution(1, 1))
        #expect(plan.bake == nil && plan.conditions.contains("Stalled=True ContainerNotFound"))
    }

    @Test(arguments: [
        ("acr.io/baked:1", "must have neither tag nor digest"), ("acr.io/model-api", "another repository"),
        ("ACR/UPPER", "repository"),
    ])
    func aRepositoryThatCannotBeUsedIsRefused(_ repository: String, _ words: String) throws {
        let app = try Fixtures.app(
            Fixtures.spec(["delivery": ["mode": "Baked", "baked": ["repository": .string(repository)]]])
        )
        let problems = SpecCheck.problems(in: app)
        #expect(problems.contains { $0.description.hasPrefix("spec.delivery.baked.repository") }, "\(problems)")
        #expect(problems.contains { $0.description.contains(words) }, "\(problems)")
    }
}
