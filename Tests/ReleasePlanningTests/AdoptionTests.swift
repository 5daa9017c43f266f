import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// A ModelApp works on a Deployment that is there, and writes what a release sets and nothing else.
@Suite(.timeLimit(.minutes(1)))
struct AdoptionTests {
    @Test func theDeploymentIsClaimedBeforeAnythingIsReleasedOntoIt() throws {
        var world = try Adoption.world()
        let passes = try world.settle(Fixtures.resolution(1, 1))
        let release = [
            "apply ControllerRevision #1: new release", "apply Deployment: new release", "apply Service: new service",
        ]
        #expect(passes == [["claim web"] + release, release])
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        #expect(world.app.status.condition("FieldsOwned")?.reason == "Adopted")
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
    }

    @Test func whatTheDeploymentHadItKeeps() throws {
        var world = try Adoption.world()
        let before = try #require(world.objects[Adoption.web])
        try world.converge(Fixtures.resolution(1, 1))
        let after = try #require(world.objects[Adoption.web])
        #expect(after["metadata"]?["ownerReferences"] == nil)
        #expect(after["metadata"]?["labels"]?["team"] == "vision")
        for name in ["replicas", "strategy", "selector", "progressDeadlineSeconds"] {
            #expect(after["spec"]?[name] == before["spec"]?[name], "\(name)")
        }
        let container = after["spec"]?["template"]?["spec"]?["containers"]?[0]
        #expect(container?["image"]?.string == "acr.io/model-api@\(Fixtures.code(1).digest)")
        #expect(container?["command"] == ["serve"])
        let names = (container?["env"]?.array ?? []).map { $0["name"]?.string }
        #expect(names == ["MODE", "MODEL_VERSION", "MODEL_REVISION", "MODEL_PATH"])
        let volumes = (after["spec"]?["template"]?["spec"]?["volumes"]?.array ?? []).map { $0["name"]?.string }
        #expect(volumes == ["cache", "modelapp-model"])
        #expect(after["spec"]?["template"]?["metadata"]?["labels"]?["app"] == "web")
    }

    @Test func theServiceSelectsByTheDeploymentsOwnLabels() throws {
        var world = try Adoption.world()
        try world.converge(Fixtures.resolution(1, 1))
        #expect(world.objects[World.service]?["spec"]?["selector"] == ["app": "web"])
        #expect(try world.observation().podSelector == "app=web")
    }

    @Test func nothingIsAppliedButWhatAReleaseSets() throws {
        let plan = try Adoption.world().plan(Fixtures.resolution(1, 1))
        let body = try #require(plan.body("Deployment"))
        #expect(body["metadata"]?.object?.keys.sorted() == ["annotations"])
        #expect(body["spec"]?.object?.keys.sorted() == ["template"])
        let template = body["spec"]?["template"]
        #expect(template?["metadata"]?["labels"]?.object?.keys.sorted() == [Keys.release])
        #expect(template?["spec"]?.object?.keys.sorted() == ["containers", "initContainers", "volumes"])
        #expect(template?["spec"]?["containers"]?.array?.count == 1)
        let container = template?["spec"]?["containers"]?[0]
        #expect(container?.object?.keys.sorted() == ["env", "image", "name", "volumeMounts"])
        #expect(plan.body("ControllerRevision")?["data"]?["template"] == template)
    }

    @Test func everyWriteIsBoundToTheStateThatWasRead() throws {
        let world = try Adoption.world()
        let version = world.objects[Adoption.web]?["metadata"]?["resourceVersion"]?.string
        let steps = try world.plan(Fixtures.resolution(1, 1)).steps
        let versions = steps.compactMap { step -> String? in
            switch step {
            case .claim(let apply): apply.resourceVersion
            case .apply(let apply, _) where apply.resource == Deployment.resource: apply.resourceVersion
            default: nil
            }
        }
        #expect(version != nil && versions == [version, version])
    }

    private static let obstacles: [(String, JSONValue?, String, String)] = [
        ("", nil, "DeploymentNotFound", "there is no Deployment web in namespace prod"),
        (
            "metadata/ownerReferences",
            [
                [
                    "apiVersion": "modelapp.dev/v1alpha1", "kind": "ModelApp", "name": "other", "uid": "u",
                    "controller": true,
                ]
            ],
            "AlreadyClaimed", "Deployment web belongs to ModelApp prod/other"
        ),
        (
            "spec/selector/matchExpressions", [["key": "app", "operator": "Exists"]], "UnsupportedSelector",
            "selects its pods by matchExpressions"
        ),
        (
            "spec/template/spec/containers", [["name": "api", "image": "a"], ["name": "proxy", "image": "b"]],
            "ContainerNotFound", "Deployment web has 2 containers; name one of api, proxy"
        ),
    ]

    @Test(arguments: obstacles.indices)
    func whatCannotBeAdoptedIsLeftAloneAndSaidWhy(index: Int) throws {
        let (path, value, reason, message) = Self.obstacles[index]
        var world = try Adoption.world()
        if path.isEmpty { world.remove(Adoption.web) } else { world.edit(Adoption.web, path, value) }
        let plan = try world.plan(Fixtures.resolution(1, 1))
        #expect(plan.summary == [])
        #expect(plan.conditions.suffix(2) == ["Ready=False \(reason)", "Stalled=True \(reason)"])
        #expect(plan.status.condition("Stalled")?.message.contains(message) == true)
    }

    @Test func aContainerThatIsNotThereIsNamed() throws {
        let plan = try Adoption.world(["target.container": "web"]).plan(Fixtures.resolution(1, 1))
        #expect(
            plan.status.condition("Stalled")?.message
                == "spec.target.container: Deployment web has no container \"web\"; there are api"
        )
    }

    @Test func aDeploymentThatAnotherHoldsIsLeftAlone() throws {
        var world = try Adoption.world()
        var other = world.app
        other.metadata.name = "other"
        world.holder = Claim(of: other)
        let plan = try world.plan(Fixtures.resolution(1, 1))
        #expect(plan.summary == [])
        #expect(plan.status.condition("Stalled")?.reason == "AlreadyClaimed")
        #expect(plan.status.condition("Stalled")?.message.contains("ModelApp prod/other") == true)
    }

    /// The observation says nothing of a holder that does not live.
    @Test func theClaimOfAModelAppThatIsGoneIsTakenOver() throws {
        var world = try Adoption.world()
        world.edit(Adoption.web, "metadata/annotations", [Keys.claimedBy: "prod/other/gone"])
        try world.converge(Fixtures.resolution(1, 1))
        let claim = world.objects[Adoption.web]?["metadata"]?["annotations"]?[Keys.claimedBy]
        #expect(claim == "prod/classifier/app-uid")
    }

    @Test func aStrategyOfItsOwnCannotBeAskedFor() throws {
        let world = try Adoption.world(["rollout.strategy": ["type": "Recreate"]])
        #expect(SpecCheck.problems(in: world.app).map(\.field) == ["spec.rollout.strategy.type"])
    }

    @Test func aRollbackPutsTheFrozenPatchBack() throws {
        var world = try Adoption.world()
        try world.converge(Fixtures.resolution(1, 1))
        let good = try #require(world.objects[Adoption.web]?["spec"]?["template"])
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.objects[Adoption.web]?["spec"]?["template"] != good)
        world.failRollout(Trouble.crash)
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.objects[Adoption.web]?["spec"]?["template"] == good)
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        #expect(world.app.status.condition("Ready")?.reason == "RolledBack")
        #expect(world.app.status.quarantine.map(\.half) == [.code])
    }

    @Test func aContainerThatIsNoLongerTheOneKeepsItsImage() throws {
        let proxy: JSONValue = ["name": "proxy", "image": "proxy:1"]
        var world = try Adoption.world(["target.container": "api"])
        let containers = world.objects[Adoption.web]?["spec"]?["template"]?["spec"]?["containers"]?.array ?? []
        world.edit(Adoption.web, "spec/template/spec/containers", .array(containers + [proxy]))
        try world.converge(Fixtures.resolution(1, 1))
        world.fieldOwners = Adoption.owners(["modelapp": ["api"]])
        world.app = try Adoption.edited(world.app, ["target.container": "proxy"])
        try world.converge(Fixtures.resolution(1, 1))
        let after = world.objects[Adoption.web]?["spec"]?["template"]?["spec"]?["containers"]
        let image = "acr.io/model-api@\(Fixtures.code(1).digest)"
        #expect(after?[0]?["image"]?.string == image && after?[1]?["image"]?.string == image)
    }
}

/// Targets that change.
@Suite(.timeLimit(.minutes(1)))
struct AdoptionChangeTests {
    @Test func aDeploymentThatIsNoLongerNamedIsLetGoAndKeepsRunning() throws {
        var world = try Adoption.world()
        try world.converge(Fixtures.resolution(1, 1))
        let template = world.objects[Adoption.web]?["spec"]?["template"]
        world.create("Deployment site", Adoption.deployment("site"))
        world.app = try Adoption.edited(world.app, ["target.adopt.name": "site"])
        let passes = try world.settle(Fixtures.resolution(1, 1))
        #expect(passes.first?.prefix(2) == ["let go of web", "claim site"])
        #expect(passes.count == 2)
        let web = try #require(world.objects[Adoption.web])
        #expect(web["spec"]?["template"] == template)
        #expect(web["metadata"]?["labels"] == ["team": "vision"])
        #expect(web["metadata"]?["annotations"]?.object?.keys.contains { $0.hasPrefix("modelapp.dev/") } == false)
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        #expect(world.objects[World.service]?["spec"]?["selector"] == ["app": "site"])
    }

    @Test func fromAdoptedToOwn() throws {
        var world = try Adoption.world()
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, ["target.adopt": nil, "target.own": Adoption.own])
        try world.settle(Fixtures.resolution(1, 1))
        // The Service stays with pods that serve.
        #expect(world.objects[World.service]?["spec"]?["selector"] == ["app": "web"])
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.objects[World.service]?["spec"]?["selector"]?[Keys.name] == "classifier")
        #expect(world.objects[Adoption.web]?["metadata"]?["annotations"]?[Keys.claimedBy] == nil)
        #expect(world.objects[World.deployment]?["metadata"]?["ownerReferences"]?[0]?["uid"] == "app-uid")
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
        #expect(world.app.status.history.count == 2)
    }

    @Test func fromOwnToAdoptedTheOwnOneGoesOnceTheOtherRuns() throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.create(Adoption.web, Adoption.deployment("web"))
        world.app = try edited(world.app, ["target.own": nil, "target.adopt": ["name": "web"]])
        try world.settle(Fixtures.resolution(1, 1))
        #expect(world.objects[World.deployment] != nil)
        #expect(world.objects[World.service]?["spec"]?["selector"]?[Keys.name] == "classifier")
        world.finishRollout()
        let passes = try world.settle(Fixtures.resolution(1, 1))
        #expect(passes.last == ["delete Deployment classifier"])
        #expect(world.objects[World.service]?["spec"]?["selector"] == ["app": "web"])
        #expect(world.objects[World.deployment] == nil)
        #expect(world.app.status.condition("Ready")?.reason == "Converged")
    }

    /// An adopted Deployment of the ModelApp's name is not made its own.
    @Test func fromAdoptedToOwnOfTheSameNameIsRefused() throws {
        var world = try Adoption.world(["target.adopt.name": "classifier"])
        world.create(World.deployment, Adoption.deployment("classifier"))
        try world.converge(Fixtures.resolution(1, 1))
        let template = world.objects[World.deployment]?["spec"]?["template"]
        world.app = try edited(world.app, ["target.adopt": nil, "target.own": Adoption.own])
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [["let go of classifier"]])
        #expect(world.app.status.condition("Stalled")?.reason == "NameTaken")
        #expect(world.objects[World.deployment]?["spec"]?["template"] == template)
    }

    /// What is the ModelApp's own cannot be adopted: the fields of its template would go.
    @Test func anOwnDeploymentIsNotAdopted() throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        let before = world.objects[World.deployment]
        world.app = try edited(world.app, ["target.own": nil, "target.adopt": ["name": "classifier"]])
        #expect(try world.settle(Fixtures.resolution(1, 1)) == [])
        #expect(world.app.status.condition("Stalled")?.reason == "AlreadyClaimed")
        #expect(world.objects[World.deployment] == before)
    }
}

/// A Deployment that was there before.
enum Adoption {
    static let web = "Deployment web"
    static let own: JSONValue = ["template": ["spec": ["containers": [["name": "api"]]]]]

    static func deployment(_ name: String) -> JSONValue {
        [
            "metadata": ["name": .string(name), "namespace": "prod", "labels": ["team": "vision"]],
            "spec": [
                "replicas": 3, "strategy": ["type": "Recreate"], "selector": ["matchLabels": ["app": .string(name)]],
                "progressDeadlineSeconds": 77,
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": [
                        "containers": [
                            [
                                "name": "api", "image": "old:1", "command": ["serve"],
                                "env": [["name": "MODE", "value": "prod"]],
                                "resources": ["limits": ["cpu": "1000m"]],
                            ]
                        ],
                        "volumes": [["name": "cache", "emptyDir": [:]]],
                    ],
                ],
            ],
        ]
    }

    /// A world with the Deployment, and with a ModelApp that adopts it.
    static func world(_ changes: [String: JSONValue?] = [:]) throws -> World {
        let spec = Fixtures.spec(["target.own": nil, "target.adopt": ["name": "web"]])
        var world = World(try edited(try Fixtures.app(spec), changes))
        world.fieldOwners = FieldOwners([:])
        world.create(web, deployment("web"))
        return world
    }

    /// The ModelApp with some members of its spec replaced; nil removes.
    static func edited(_ app: ModelApp, _ changes: [String: JSONValue?]) throws -> ModelApp {
        var spec = app.spec.json
        for (path, value) in changes { spec.replace(path.split(separator: ".").map(String.init)[...], with: value) }
        var other = try Fixtures.app(spec, generation: app.metadata.generation + 1)
        other.status = app.status
        return other
    }

    /// Managers that own the images of containers.
    static func owners(_ images: [String: [String]]) -> FieldOwners {
        let entries = images.map { manager, containers -> JSONValue in
            var fields: [String: JSONValue] = [:]
            for name in containers { fields["k:{\"name\":\"\(name)\"}"] = ["f:image": [:]] }
            return [
                "manager": .string(manager),
                "fieldsV1": ["f:spec": ["f:template": ["f:spec": ["f:containers": .object(fields)]]]],
            ]
        }
        return FieldOwners(["metadata": ["managedFields": .array(entries)]])
    }
}
