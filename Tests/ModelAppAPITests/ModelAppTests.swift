import JSON
import KubernetesAPI
import ModelAppAPI
import Selection
import Testing

/// What the schema of a whole object says about `document`.
func problems(_ document: JSONValue, strict: Bool = true) -> [String] {
    schema.problems(with: document, refusesUnknown: strict) { pattern, text in
        patterns[pattern]?.matches(text) ?? false
    }.map(\.description)
}

private let schema = ModelAppDefinition.schema
private let patterns: [String: Pattern] = {
    var patterns: [String: Pattern] = [:]
    func walk(_ schema: OpenAPISchema) {
        if let pattern = schema.pattern { patterns[pattern] = try? Pattern(pattern) }
        schema.properties.values.forEach(walk)
        if let items = schema.items { walk(items) }
        if let values = schema.additionalProperties { walk(values) }
    }
    walk(schema)
    return patterns
}()

@Suite(.timeLimit(.minutes(1)))
struct ModelAppTests {
    @Test func theCompleteExampleIsValidAndLosesNothing() throws {
        let document = try Everything.document()
        #expect(problems(document) == [])
        let app = try ModelApp(json: document)
        #expect(app.key == ObjectKey(namespace: "prod", name: "image-classifier"))
        #expect(app.document.contains(document))
        #expect(try ModelApp(json: app.document) == app)
    }

    @Test(arguments: Everything.alternatives.indices)
    func everyAlternativeIsValidAndLosesNothing(index: Int) throws {
        let (path, yaml) = Everything.alternatives[index]
        let document = try Everything.document(path, yaml)
        #expect(problems(document) == [])
        let app = try ModelApp(json: document)
        #expect(app.document.contains(document))
        #expect(try ModelApp(json: app.document) == app)
    }

    @Test func theSmallestExampleHasTheDefaultsOfTheDesign() throws {
        let spec = try ModelApp(json: Self.smallest).spec
        #expect(problems(Self.smallest) == [])
        #expect(spec.interval.duration == .seconds(300))
        #expect(spec.deletionPolicy == .delete)
        #expect(spec.code.exclude == nil)
        #expect(spec.code.onMissing == .keep)
        #expect(spec.delivery.mode == .initContainer)
        #expect(spec.delivery.mountPath == "/models")
        #expect(spec.delivery.env.path == "MODEL_PATH")
        #expect(spec.rollout.initial == .immediately)
        #expect(spec.rollout.onFailure == .rollback)
        #expect(spec.rollout.progressDeadline.duration == .seconds(900))
        #expect(spec.rollout.attempts == 1)
        #expect(spec.rollout.historyLimit == 10)
        #expect(spec.rollout.strategy.type == .rolling)
        #expect(spec.target.own?.replicas == nil)
    }

    private static let smallest: JSONValue = [
        "apiVersion": "modelapp.dev/v1alpha1", "kind": "ModelApp", "metadata": ["name": "a"],
        "spec": [
            "code": ["image": "acr/model-api", "select": ["numerical": [:]]],
            "model": [
                "azureBlob": ["account": "storage", "container": "pretrained"], "objects": ["a.model", "synset.txt"],
            ],
            "target": ["own": ["template": ["spec": ["containers": [["name": "a"]]]]]],
        ],
    ]

    @Test(arguments: [
        (["spec", "code"], "spec.code: is required"), (["spec", "model"], "spec.model: is required"),
        (["spec", "target"], "spec.target: is required"), (["spec", "code", "image"], "spec.code.image: is required"),
        (["spec", "code", "select"], "spec.code.select: is required"), (["spec"], "spec: is required"),
        (["spec", "target", "own", "template"], "spec.target.own.template: is required"),
        (["spec", "model", "azureBlob", "account"], "spec.model.azureBlob.account: is required"),
    ])
    func aRequiredMemberIsRequiredByTheSchemaAndByTheReader(path: [String], message: String) throws {
        var document = Self.smallest
        document.replace(path[...], with: nil)
        #expect(problems(document) == [message])
        let error = #expect(throws: JSONError.self) { try ModelApp(json: document) }
        #expect(error?.description == message)
    }

    /// Members of which exactly one, or at most one, may be set: what the schema says of too many and of none.
    @Test(arguments: [
        (["spec", "code", "select"], "{}", "exactly one of semver, numerical, alphabetical, newest, tag is needed"),
        (
            ["spec", "code", "select"], "{numerical: {}, tag: {name: x}}",
            "only one of semver, numerical, alphabetical, newest, tag may be set, not numerical and tag"
        ),
        (["spec", "code", "auth"], "{}", "exactly one of secretRef, identity is needed"),
        (
            ["spec", "code", "auth"], "{secretRef: {name: a}, identity: {provider: aws}}",
            "only one of secretRef, identity may be set, not secretRef and identity"
        ),
        (["spec", "model"], "{objects: [a]}", "exactly one of azureBlob, s3, oci, mlflow is needed"),
        (
            ["spec", "model"], "{s3: {bucket: abc}, oci: {repository: x}}",
            "only one of azureBlob, s3, oci, mlflow may be set, not s3 and oci"
        ),
        (
            ["spec", "model"], "{s3: {bucket: abc}, objects: [a], pointer: {key: x}}",
            "only one of versions, pointer, objects may be set, not pointer and objects"
        ),
        (["spec", "model", "complete"], "{}", "exactly one of marker, manifest, settle is needed"),
        (["spec", "verification", "code"], "{}", "exactly one of cosign, notation is needed"),
        (["spec", "verification", "model"], "{}", "exactly one of manifest, signature is needed"),
        (["spec", "verification", "model", "signature"], "{}", "exactly one of keyRef, trustStoreRef is needed"),
        (["spec", "target"], "{}", "exactly one of adopt, own is needed"),
        (
            ["spec", "target"], "{adopt: {name: a}, own: {template: {}}}",
            "only one of adopt, own may be set, not adopt and own"
        ),
        (["spec", "target", "service", "dns"], "{}", "exactly one of azureLabel, hostname is needed"),
        (
            ["spec", "rollout", "verify", "0"], "{name: x}",
            "exactly one of http, job, prometheus, predictions is needed"
        ),
    ])
    func aUnionTakesOneMember(path: [String], yaml: String, message: String) throws {
        let found = problems(try Everything.document(path, yaml))
        let field = path.joined(separator: ".").replacing(".0", with: "[0]")
        #expect(found.contains("\(field): \(message)"), "\(found)")
    }

    @Test(arguments: [
        (["spec", "deletionPolicy"], "Delete, Orphan"), (["spec", "code", "onMissing"], "Keep, Downgrade"),
        (["spec", "delivery", "mode"], "InitContainer, Baked, ImageVolume, Reference"),
        (["spec", "delivery", "prefetch"], "Never, BeforeWindow, Always"),
        (["spec", "target", "adopt", "onConflict"], "TakeOnce, Yield, Force"),
        (["spec", "target", "service", "type"], "ClusterIP, NodePort, LoadBalancer"),
        (["spec", "rollout", "initial"], "Immediately, Wait"), (["spec", "rollout", "onFailure"], "Rollback, Pause"),
        (["spec", "rollout", "strategy", "type"], "Rolling, BlueGreen, Canary, Recreate"),
        (["spec", "rollout", "approval", "for", "0"], "Code, Model"),
        (["spec", "compatibility", "0", "modelField"], "version"),
    ])
    func anUnknownValueIsRefusedWithTheKnownOnes(path: [String], values: String) throws {
        var document = try Everything.document()
        document.replace(path[...], with: "delete")
        let field = path.joined(separator: ".").replacing(".0", with: "[0]")
        let message = "\(field): must be one of \(values), not \"delete\""
        #expect(problems(document) == [message])
        let error = #expect(throws: JSONError.self) { try ModelApp(json: document) }
        #expect(error?.description == message)
    }

    @Test(
        arguments: [
            (["spec", "code", "image"], ""), (["spec", "model", "azureBlob", "account"], "Devops"),
            (["spec", "model", "azureBlob", "container"], "a"), (["spec", "model", "azureBlob", "prefix"], "resnet"),
            (["spec", "delivery", "mountPath"], "models"), (["spec", "delivery", "mountPath"], "/"),
            (["spec", "delivery", "env", "path"], "1X"), (["spec", "delivery", "fetch", "sizeLimit"], "20 Gi"),
            (["spec", "target", "service", "dns", "azureLabel"], "Img"), (["spec", "rollout", "historyLimit"], 1),
            (["spec", "rollout", "historyLimit"], 101), (["spec", "rollout", "attempts"], 0),
            (["spec", "rollout", "strategy", "steps"], [0]), (["spec", "rollout", "strategy", "steps"], [101]),
            (["spec", "rollout", "blackouts", "0", "from"], "20.12.2026"), (["spec", "interval"], "5"),
            (["spec", "interval"], ""), (["spec", "interval"], "-5m"), (["spec", "interval"], "5d"),
            (["spec", "target", "service", "ports", "0", "port"], 0), (["spec", "target", "service", "ports"], []),
            (["spec", "target", "service", "ports", "0", "targetPort"], true), (["metadata", "name"], "Image"),
            (["metadata", "name"], "a23456789012345678901234567890123456789012345678"), (["metadata", "name"], "1a"),
            (["metadata", "name"], "a-"), (["spec", "code", "auth", "secretRef", "name"], "../other"),
            (["spec", "triggers", "webhook", "secretRef", "name"], ""),
        ] as [([String], JSONValue)]
    )
    func whatTheSchemaCanRefuseItRefuses(path: [String], value: JSONValue) throws {
        var document = try Everything.document()
        document.replace(path[...], with: value)
        #expect(!problems(document).isEmpty)
    }

    @Test func anUnknownMemberIsFoundWhereverItIs() throws {
        for path in [["spec", "sorce"], ["spec", "code", "select", "semver", "rnage"], ["status", "x"], ["extra"]] {
            var document = try Everything.document()
            document.replace(path[...], with: "x")
            #expect(problems(document).contains("\(path.joined(separator: ".")): unknown field"))
        }
        var document = try Everything.document()
        document.replace(["metadata", "annotations"], with: ["any": "thing"])
        #expect(problems(document) == [])
    }
}
