import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// What keeps a plan from doing anything.
@Suite(.timeLimit(.minutes(1)))
struct GateTests {
    private func converged() throws -> World {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        return world
    }

    @Test func suspensionFreezesEverythingButTheStatus() throws {
        var world = try converged()
        world.app = try edited(world.app, ["suspend": true])
        world.edit(World.deployment, "spec/template/spec/containers/0/image", "other")
        let plan = try world.plan(Fixtures.resolution(2, 2))
        #expect(plan.summary == [])
        #expect(
            plan.conditions.filter { !$0.contains("Resolved") } == ["FieldsOwned=True Owned", "Ready=True Suspended"]
        )
        #expect(plan.status.release == world.app.status.release)
        #expect(plan.status.observedGeneration == 2)
        world.app = try edited(world.app, [:])
        #expect(try world.plan(Fixtures.resolution(2, 2)).summary.count == 2)
    }

    @Test func whatWasNeverReadyIsNotReadyWhenSuspended() throws {
        let world = World(try Fixtures.app(Fixtures.spec(["suspend": true])))
        #expect(try world.plan(.pending).conditions == ["Ready=Unknown Suspended"])
    }

    @Test(arguments: ["Deployment", "Service"], [nil, "other-uid"] as [String?])
    func aNameThatIsTakenIsNotTouched(kind: String, owner: String?) throws {
        var world = World(try Fixtures.app())
        var metadata: JSONValue = ["name": "classifier"]
        if let owner {
            metadata["ownerReferences"] = [
                ["apiVersion": "apps/v1", "kind": "Other", "name": "x", "uid": .string(owner), "controller": true]
            ]
        }
        world.create("\(kind) classifier", ["metadata": metadata, "spec": [:]])
        let plan = try world.plan(Fixtures.resolution(1, 1))
        #expect(plan.summary == [])
        #expect(plan.conditions.suffix(2) == ["Ready=False NameTaken", "Stalled=True NameTaken"])
        let message = plan.status.condition("Stalled")?.message ?? ""
        #expect(message.contains(kind) && message.contains(owner == nil ? "nobody" : "Other x"))
    }

    @Test func aModelAppOfTheSameNameMadeAnewDoesNotTakeWhatTheOldOneLeft() throws {
        var world = try converged()
        world.app.metadata.uid = "another-uid"
        #expect(try world.plan(Fixtures.resolution(1, 1)).conditions.contains("Stalled=True NameTaken"))
    }

    @Test func orphanedObjectsCarryAClaimAndNoOwner() throws {
        var world = World(try Fixtures.app(Fixtures.spec(["deletionPolicy": "Orphan"])))
        try world.converge(Fixtures.resolution(1, 1))
        let metadata = world.objects[World.deployment]?["metadata"]
        #expect(metadata?["ownerReferences"] == nil)
        #expect(metadata?["annotations"]?[Keys.claimedBy] == "prod/classifier/app-uid")
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        // From one policy to the other the objects stay ours.
        world.app = try edited(world.app, [:])
        #expect(
            try world.settle(Fixtures.resolution(1, 1)) == [
                ["apply Deployment: drift", "apply Service: service changed"]
            ]
        )
        #expect(world.objects[World.deployment]?["metadata"]?["ownerReferences"]?.array?.count == 1)
        #expect(world.objects[World.deployment]?["metadata"]?["annotations"]?[Keys.claimedBy] == nil)
        world.app = try edited(world.app, ["deletionPolicy": "Orphan"])
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.objects[World.deployment]?["metadata"]?["ownerReferences"]?.array ?? [] == [])
    }

    /// Everything that is not built, with a value that asks for it.
    private static let unsupported: [(String, JSONValue)] = [
        ("delivery.mode", "ImageVolume"), ("delivery.prefetch", "Always"),
        ("delivery.reload", ["http": ["port": 1]]),
    ]

    @Test(arguments: unsupported.indices)
    func aFieldThatIsNotBuiltIsNamedAndStopsTheGeneration(index: Int) throws {
        let (path, value) = Self.unsupported[index]
        var world = try converged()
        world.app = try edited(world.app, [path: value])
        let plan = try world.plan(Fixtures.resolution(2, 2))
        #expect(plan.summary == [])
        #expect(plan.conditions.suffix(2) == ["Ready=False NotSupported", "Stalled=True NotSupported"])
        #expect(plan.status.condition("Stalled")?.message == "not built yet: spec.\(path)")
        #expect(plan.status.release == world.app.status.release)
    }

    /// What a list inside of an artifact says is nothing of its manifest, whose digest is the identity.
    @Test func aProofInsideAnArtifactIsNotBuilt() throws {
        let spec = Fixtures.spec([
            "model.s3": nil, "model.complete": nil, "model.oci": ["repository": "registry.test/models/resnet"],
            "verification": ["model": ["manifest": "MANIFEST.json"]],
        ])
        let app = try Fixtures.app(spec)
        #expect(SpecCheck.problems(in: app) == [])
        #expect(SpecCheck.unsupported(in: app.spec) == ["spec.verification.model"])
    }

    @Test func noCandidateIsMadeBesideAnAdoptedDeployment() throws {
        let verified = Fixtures.spec([
            "target.own": nil, "target.adopt": ["name": "x"], "rollout.verify": World.http,
        ])
        #expect(SpecCheck.unsupported(in: try Fixtures.app(verified).spec) == ["spec.rollout.verify"])
    }

    /// What is in the image is proved before it is made, and the image itself is signed.
    @Test func bakedImagesMayBeSignedAndTheirModelsProved() throws {
        let spec = Fixtures.spec([
            "delivery.mode": "Baked",
            "delivery.baked": [
                "repository": "acr.io/baked", "sign": ["keyRef": ["name": "k"]], "tls": ["plainHTTP": true],
            ],
            "verification": ["model": ["signature": ["keyRef": ["name": "model-key"]]]],
        ])
        let check = SpecCheck(try Fixtures.app(spec))
        #expect(check.isUsable, "\(check.problems) \(check.unsupported)")
    }

    @Test func everythingThatIsBuiltIsSupported() throws {
        #expect(SpecCheck.unsupported(in: try Fixtures.app().spec) == [])
        #expect(SpecCheck.problems(in: try Fixtures.app()) == [])
    }
}
