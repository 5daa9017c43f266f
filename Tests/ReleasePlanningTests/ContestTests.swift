import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// Fields of an adopted Deployment that somebody else writes too.
@Suite(.timeLimit(.minutes(1)))
struct ContestTests {
    private static let image = "spec/template/spec/containers/0/image"
    private let path = "spec.template.spec.containers[name=api].image"

    private func converged(_ policy: String) throws -> World {
        var world = try Adoption.world(["target.adopt.onConflict": .string(policy)])
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    /// Another manager sets the image.
    private func takeBack(_ world: inout World, by manager: String = "argocd-controller", image: String = "old:1") {
        world.edit(Adoption.web, Self.image, .string(image))
        world.fieldOwners = Adoption.owners([manager: ["api"]])
    }

    @Test func aFieldThatIsTakenBackIsYieldedAndItsManagerNamed() throws {
        var world = try converged("TakeOnce")
        takeBack(&world)
        let before = world.objects
        // Also when something newer comes, and when it is looked at again.
        for resolution in [Fixtures.resolution(1, 1), Fixtures.resolution(2, 2), Fixtures.resolution(2, 2)] {
            #expect(try world.settle(resolution) == [])
        }
        #expect(world.objects == before)
        let fields = try #require(world.app.status.condition("FieldsOwned"))
        #expect(fields.status == "False" && fields.reason == "Yielded")
        for part in ["argocd-controller", path, "Deployment web", "docs/how-to/gitops.md"] {
            #expect(fields.message.contains(part), "\(part)")
        }
        #expect(world.app.status.condition("Stalled")?.reason == "Yielded")
        #expect(world.app.status.condition("Ready")?.status == "False")
        #expect(world.app.status.release?.current?.code.tag == "1")
    }

    @Test func whatWasGivenUpAgainIsTakenAgain() throws {
        var world = try converged("TakeOnce")
        takeBack(&world)
        try world.settle(Fixtures.resolution(1, 1))
        world.fieldOwners = FieldOwners([:])
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply Deployment: drift"]])
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.app.status.condition("FieldsOwned")?.isTrue == true)
        #expect(world.app.status.condition("Ready")?.isTrue == true)
    }

    @Test func aFieldThatNobodyOwnsIsDrift() throws {
        var world = try converged("TakeOnce")
        world.edit(Adoption.web, "spec/template/spec/containers/0/env/1", nil)
        world.fieldOwners = Adoption.owners(["kubectl-edit": ["api"]])
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply Deployment: drift"]])
    }

    @Test func whatOthersHaveAtAdoptionIsTakenByTakeOnceAndLeftByYield() throws {
        let owners = Adoption.owners(["kubectl-client-side-apply": ["api"]])
        var taking = try Adoption.world()
        taking.fieldOwners = owners
        #expect(try taking.settle(Fixtures.resolution(1, 1)).count == 2)
        #expect(taking.objects[Adoption.web]?["metadata"]?["annotations"]?[Keys.takes] == nil)

        var yielding = try Adoption.world(["target.adopt.onConflict": "Yield"])
        yielding.fieldOwners = owners
        let before = yielding.objects[Adoption.web]
        #expect(try yielding.settle(Fixtures.resolution(1, 1)) == [["apply Service: new service"]])
        #expect(yielding.objects[Adoption.web] == before)
        let fields = try #require(yielding.app.status.condition("FieldsOwned"))
        #expect(fields.reason == "Yielded" && fields.message.contains("kubectl-client-side-apply (\(path))"))
    }

    /// A replacement takes the annotations along: the release that ran there speaks for itself.
    @Test func aReplacedDeploymentIsYieldedToo() throws {
        var world = try converged("TakeOnce")
        world.edit(Adoption.web, "metadata/annotations", nil)
        world.edit(Adoption.web, "metadata/labels", ["team": "vision"])
        takeBack(&world, by: "kubectl-replace")
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        #expect(world.app.status.condition("FieldsOwned")?.message.contains("kubectl-replace") == true)
    }

    /// What others did while it was not ours was not taken from us.
    @Test func aDeploymentThatWasLetGoInBetweenIsTakenAnew() throws {
        var world = try converged("TakeOnce")
        world.create("Deployment site", Adoption.deployment("site"))
        world.app = try Adoption.edited(world.app, ["target.adopt.name": "site"])
        try world.converge(Fixtures.resolution(1, 1))
        takeBack(&world)
        world.app = try Adoption.edited(world.app, ["target.adopt.name": "web"])
        try world.converge(Fixtures.resolution(1, 1))
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        #expect(world.objects[Adoption.web]?["metadata"]?["annotations"]?[Keys.release] != nil)
    }

    /// A Deployment that was deleted and made again is adopted anew.
    @Test func aDeploymentThatWasMadeAnewIsTakenAnew() throws {
        var world = try converged("TakeOnce")
        world.remove(Adoption.web)
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        #expect(world.app.status.condition("Stalled")?.reason == "DeploymentNotFound")
        world.create(Adoption.web, Adoption.deployment("web"))
        world.fieldOwners = Adoption.owners(["helm": ["api"]])
        try world.converge(Fixtures.resolution(1, 1))
        #expect(world.app.status.condition("Ready")?.isTrue == true)
    }

    @Test func forceTakesThreeTimesAndThenNoMore() throws {
        var world = try converged("Force")
        for count in 1...3 {
            takeBack(&world, image: "old:\(count)")
            #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply Deployment: drift"]])
            let takes = world.objects[Adoption.web]?["metadata"]?["annotations"]?[Keys.takes]?.string
            #expect(takes?.hasPrefix("\(count) ") == true)
            world.fieldOwners = FieldOwners([:])
            world.finishRollout()
            try world.settle(Fixtures.resolution(1, 1))
            #expect(world.app.status.condition("FieldsOwned")?.isTrue == true)
        }
        takeBack(&world)
        world.now = world.now + .seconds(7200)
        #expect(try world.settle(Fixtures.resolution(2, 1)) == [])
        let fields = try #require(world.app.status.condition("FieldsOwned"))
        #expect(fields.reason == "Contested")
        #expect(fields.message.contains("3 times") && fields.message.contains("argocd-controller"))
        // Whoever edits the spec has been here.
        world.app.metadata.generation += 1
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply Deployment: drift"]])
    }

    @Test func takesThatAreFarApartAreNoFight() throws {
        var world = try converged("Force")
        for count in 1...5 {
            takeBack(&world, image: "old:\(count)")
            #expect(try world.settle(Fixtures.resolution(1, 1)) == [["apply Deployment: drift"]])
            world.now = world.now + .seconds(3601)
        }
    }

    @Test func ownersAreReadOnlyWhereTheDeploymentIsWritten() throws {
        var world = try converged("TakeOnce")
        world.fieldOwners = nil
        let settled = try world.observation()
        #expect(!settled.needsFieldOwners(for: try world.plan(Fixtures.resolution(1, 1))))
        world.edit(Adoption.web, Self.image, "old:1")
        #expect(try world.observation().needsFieldOwners(for: world.plan(Fixtures.resolution(1, 1))))
        world.fieldOwners = FieldOwners([:])
        #expect(try !world.observation().needsFieldOwners(for: world.plan(Fixtures.resolution(1, 1))))
    }

    @Test func anOwnDeploymentIsOwned() throws {
        var world = World(try Fixtures.app())
        try world.settle(Fixtures.resolution(1, 1))
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        let fields = try #require(world.app.status.condition("FieldsOwned"))
        #expect(fields.isTrue && fields.reason == "Owned")
    }
}
