import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// What a release puts into the user's pod template.
@Suite(.timeLimit(.minutes(1)))
struct RenderingTests {
    private func template(_ changes: [String: JSONValue?]) throws -> JSONValue {
        let world = World(try Fixtures.app(Fixtures.spec(changes)))
        let body = try world.plan(Fixtures.resolution(1, 1)).body("Deployment")
        return try #require(body?["spec"]?["template"])
    }

    private func variables(_ container: JSONValue?) -> [String: String] {
        let pairs = (container?["env"]?.array ?? []).map { ($0["name"]?.string ?? "", $0["value"]?.string ?? "") }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    @Test func theContainerRunsTheImageByDigestAndKnowsItsModel() throws {
        let container = try template([:])["spec"]?["containers"]?[0]
        #expect(container?["image"]?.string == "acr.io/model-api@\(Fixtures.code(1).digest)")
        #expect(
            variables(container) == [
                "MODE": "prod", "MODEL_PATH": "/models", "MODEL_VERSION": "1/",
                "MODEL_REVISION": Fixtures.model(1).version.digest,
            ]
        )
        #expect(container?["ports"]?[0]?["protocol"] == "TCP")
    }

    @Test func noTagIsEverInTheTemplate() throws {
        let app = try Fixtures.app()
        let resolution = Resolution(
            code: .found(Fixtures.code(1, tag: "release-candidate"), nil),
            model: .found(Fixtures.model(1), nil)
        )
        let plan = try World(app).plan(resolution)
        let body = try #require(plan.body("Deployment"))
        #expect(body["spec"]?.canonicalText.contains("release-candidate") == false)
        #expect(body["metadata"]?["annotations"]?[Keys.codeTag] == "release-candidate")
    }

    @Test func anInitContainerFetchesTheModelIntoAReadOnlyMount() throws {
        let spec = try template([
            "delivery.fetch": ["sizeLimit": "20Gi", "resources": ["limits": ["memory": "64Mi"]]],
            "delivery.mountPath": "/m",
        ])["spec"]
        let fetch = spec?["initContainers"]?[0]
        #expect(fetch?["image"] == "registry.example/modelapp:1")
        #expect(fetch?["resources"]?["limits"]?["memory"] == "64Mi")
        #expect(fetch?["envFrom"]?[0]?["secretRef"]?["name"] == "s3-keys")
        let arguments = fetch?["args"]?.array?.compactMap(\.string) ?? []
        #expect(arguments.first == "fetch")
        #expect(
            arguments.contains(Fixtures.model(1).version.digest) && arguments.suffix(2) == ["--to", "/modelapp/model"]
        )
        #expect(arguments.firstIndex(of: "--size-limit").map { arguments[$0 + 1] } == "20Gi")
        #expect(fetch?["volumeMounts"] == [["name": "modelapp-model", "mountPath": "/modelapp"]])
        // kubelet shows the last lines with the pod.
        #expect(fetch?["terminationMessagePolicy"] == "FallbackToLogsOnError")
        let source = try JSONValue(parsing: try #require(arguments.first { $0.hasPrefix("{") }))
        #expect(source["s3"]?["bucket"] == "models")
        #expect(source["auth"] == nil)
        // How the version was chosen does not reach the pod.
        #expect(source["versions"] == nil)
        #expect(spec?["volumes"]?[0]?["emptyDir"]?["sizeLimit"] == "20Gi")
        #expect(
            spec?["containers"]?[0]?["volumeMounts"]?[0] == [
                "name": "modelapp-model", "mountPath": "/m", "subPath": "model", "readOnly": true,
            ]
        )
    }

    @Test func theStoresCertificateAuthorityReachesTheInitContainerAsAFile() throws {
        let spec = try template([
            "model.tls": ["caSecretRef": ["name": "corp-ca"]],
            "target.own.template.spec.volumes": [["name": "modelapp-ca", "emptyDir": [:]]],
        ])["spec"]
        #expect(
            spec?["volumes"]?.array?.last == [
                "name": "modelapp-ca",
                "secret": ["secretName": "corp-ca", "items": [["key": "ca.crt", "path": "ca.crt"]]],
            ]
        )
        #expect(spec?["volumes"]?.array?.count == 2)
        let fetch = spec?["initContainers"]?[0]
        #expect(
            fetch?["volumeMounts"]?[1] == ["name": "modelapp-ca", "mountPath": "/modelapp-ca", "readOnly": true]
        )
        let arguments = fetch?["args"]?.array?.compactMap(\.string) ?? []
        #expect(arguments.firstIndex(of: "--ca-file").map { arguments[$0 + 1] } == "/modelapp-ca/ca.crt")
        #expect(!arguments.contains { $0.contains("corp-ca") })
        #expect(spec?["containers"]?[0]?["volumeMounts"]?.array?.count == 1, "the code does not get it")
    }

    @Test func howTheStoreIsReadIsPartOfAReleaseAndHowAVersionIsChosenIsNot() throws {
        func release(_ changes: [String: JSONValue?]) throws -> JSONValue? {
            try template(changes)["metadata"]?["labels"]?[Keys.release]
        }
        let base = try release([:])
        let changes: [[String: JSONValue?]] = [
            ["model.auth": ["secretRef": ["name": "new-keys"]]], ["model.tls": ["caSecretRef": ["name": "corp-ca"]]],
            ["model.tls": ["skipVerify": true]], ["model.s3.bucket": "moved"],
        ]
        for change in changes { #expect(try release(change) != base, "\(change)") }
        #expect(try release(["model.versions": ["select": ["semver": [:]]]]) == base)
        // A container that reads the store itself has what it needs in its own template.
        let byReference = try release(["delivery.mode": "Reference"])
        #expect(
            try release(["delivery.mode": "Reference", "model.auth": ["secretRef": ["name": "new-keys"]]])
                == byReference
        )
    }

    @Test func byReferenceTheContainerIsToldTheAddressAndGetsNothingElse() throws {
        let spec = try template(["delivery.mode": "Reference"])["spec"]
        #expect(variables(spec?["containers"]?[0])["MODEL_URI"] == "s3://models/resnet/1/")
        #expect(variables(spec?["containers"]?[0])["MODEL_PATH"] == nil)
        #expect(spec?["initContainers"] == nil)
        #expect(spec?["volumes"] == nil)
    }

    @Test func theUsersTemplateIsKept() throws {
        let template = try template([
            "target.own.template.spec.volumes": [["name": "cache", "emptyDir": [:]]],
            "target.own.template.spec.initContainers": [["name": "first", "image": "x"]],
            "target.own.template.spec.containers.0.volumeMounts": [["name": "cache", "mountPath": "/cache"]],
        ])
        #expect(template["metadata"]?["labels"]?["team"] == "vision")
        let spec = template["spec"]
        #expect(spec?["volumes"]?.array?.compactMap { $0["name"]?.string } == ["cache", "modelapp-model"])
        #expect(spec?["initContainers"]?.array?.compactMap { $0["name"]?.string } == ["modelapp-fetch", "first"])
        #expect(spec?["containers"]?[0]?["volumeMounts"]?.array?.count == 2)
    }

    @Test func aVariableOfTheSameNameIsReplacedNotDoubled() throws {
        let container = try template([
            "target.own.template.spec.containers.0.env": [["name": "MODEL_VERSION", "value": "mine"]]
        ])["spec"]?["containers"]?[0]
        let names = container?["env"]?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(Set(names).count == names.count)
        #expect(variables(container)["MODEL_VERSION"] == "1/")
    }

    @Test func podsCarrySelectorAndRelease() throws {
        let plan = try World(try Fixtures.app()).plan(Fixtures.resolution(1, 1))
        let body = plan.body("Deployment")
        let labels = body?["spec"]?["template"]?["metadata"]?["labels"]
        let selector = body?["spec"]?["selector"]?["matchLabels"]?.object ?? [:]
        #expect(selector == [Keys.name: "classifier", Keys.slot: "a"])
        for (name, value) in selector { #expect(labels?[name] == value) }
        #expect(labels?[Keys.release] == body?["metadata"]?["annotations"]?[Keys.release])
        #expect(plan.body("Service")?["spec"]?["selector"]?.object == selector)
    }

    private static let broken: [(String, JSONValue?, String)] = [
        ("target.own.template", [:], "InvalidTemplate"), ("target.own.template.spec.containers", [], "InvalidTemplate"),
        ("target.container", "other", "ContainerNotFound"),
        ("target.own.template.spec.containers.0.image", "mine", "ContainerNotFound"),
        ("target.own.template.spec.containers", [["name": "a"], ["name": "b"]], "ContainerNotFound"),
    ]

    @Test(arguments: broken.indices)
    func aTemplateThatTakesNoReleaseIsStalledAndNothingIsMade(index: Int) throws {
        let (path, value, reason) = Self.broken[index]
        let plan = try World(try Fixtures.app(Fixtures.spec([path: value]))).plan(Fixtures.resolution(1, 1))
        #expect(plan.summary == [])
        #expect(plan.conditions.suffix(2) == ["Ready=False \(reason)", "Stalled=True \(reason)"])
        #expect(plan.status.condition("Stalled")?.message.hasPrefix("spec.target") == true)
    }

    @Test func ofSeveralContainersTheNamedOneRunsTheCode() throws {
        let spec = try template([
            "target.container": "b",
            "target.own.template.spec.containers": [["name": "a", "image": "x"], ["name": "b", "image": "old"]],
        ])["spec"]
        #expect(spec?["containers"]?[0]?["image"] == "x")
        #expect(spec?["containers"]?[1]?["image"]?.string?.hasPrefix("acr.io/model-api@sha256:") == true)
    }

    @Test func theDeploymentFollowsTheSpec() throws {
        let app = try Fixtures.app(
            Fixtures.spec([
                "target.own.minReadySeconds": 5, "target.own.maxSurge": 1, "target.own.maxUnavailable": "25%",
                "rollout.progressDeadline": "2s",
            ])
        )
        let spec = try World(app).plan(Fixtures.resolution(1, 1)).body("Deployment")?["spec"]
        #expect(spec?["minReadySeconds"] == 5)
        // A Deployment refuses a deadline that is not above minReadySeconds.
        #expect(spec?["progressDeadlineSeconds"] == 6)
        #expect(
            spec?["strategy"] == ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": "25%"]]
        )
        let recreate = try Fixtures.app(Fixtures.spec(["rollout.strategy.type": "Recreate"]))
        #expect(
            try World(recreate).plan(Fixtures.resolution(1, 1)).body("Deployment")?["spec"]?["strategy"] == [
                "type": "Recreate"
            ]
        )
    }

    @Test func theServiceFollowsTheSpec() throws {
        let app = try Fixtures.app(
            Fixtures.spec([
                "target.service": [
                    "ports": [["port": 80, "name": "http"], ["port": 443, "name": "https", "targetPort": "tls"]],
                    "annotations": ["a": "b"], "dns": ["azureLabel": "img"],
                ]
            ])
        )
        let body = try World(app).plan(Fixtures.resolution(1, 1)).body("Service")
        #expect(body?["spec"]?["type"] == "ClusterIP")
        #expect(
            body?["spec"]?["ports"] == [
                ["name": "http", "port": 80, "protocol": "TCP", "targetPort": 80],
                ["name": "https", "port": 443, "protocol": "TCP", "targetPort": "tls"],
            ]
        )
        let annotations = body?["metadata"]?["annotations"]
        #expect(annotations?["a"] == "b")
        #expect(annotations?["service.beta.kubernetes.io/azure-dns-label-name"] == "img")
    }
}
