import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// Values that most tests start from.
enum Fixtures {
    static let now = Timestamp(seconds: 1_767_225_600)
    static let policy = PlanPolicy(fetchImage: "registry.example/modelapp:1")

    /// A ModelApp that uses much of what is built: a Service, replicas, a model in S3, an init container.
    static let spec: JSONValue = [
        "code": ["image": "acr.io/model-api", "select": ["numerical": [:]]],
        "model": [
            "s3": ["bucket": "models", "prefix": "resnet/", "region": "eu-west-1"],
            "versions": ["select": ["numerical": [:]]], "auth": ["secretRef": ["name": "s3-keys"]],
        ],
        "target": [
            "own": [
                "replicas": 2,
                "template": [
                    "metadata": ["labels": ["team": "vision"]],
                    "spec": [
                        "containers": [
                            [
                                "name": "web", "ports": [["containerPort": 88]], "command": ["serve", "--fast"],
                                "env": [["name": "MODE", "value": "prod"]],
                                "readinessProbe": [
                                    "httpGet": ["path": "/ready", "port": 88], "initialDelaySeconds": 0,
                                ],
                                "resources": [
                                    "limits": ["cpu": "1000m", "memory": "1024Mi"],
                                    "requests": ["cpu": .decimal("0.5")],
                                ],
                            ]
                        ]
                    ],
                ],
            ],
            "service": ["type": "LoadBalancer", "ports": [["port": 80, "targetPort": 88]]],
        ],
    ]

    static func app(_ spec: JSONValue = spec, generation: Int64 = 1) throws -> ModelApp {
        var app = try ModelApp(json: ["spec": spec])
        app.metadata = ObjectMeta(ObjectKey(namespace: "prod", name: "classifier"))
        app.metadata.uid = "app-uid"
        app.metadata.resourceVersion = "1"
        app.metadata.generation = generation
        return app
    }

    /// The spec with some members replaced; nil removes.
    static func spec(_ changes: [String: JSONValue?]) -> JSONValue {
        var spec = spec
        // A member comes after the object that holds it.
        for (path, value) in changes.sorted(by: { $0.key < $1.key }) {
            spec.replace(path.split(separator: ".").map(String.init)[...], with: value)
        }
        return spec
    }

    /// The image of build `number`.
    static func code(_ number: Int, tag: String? = nil) -> CodeVersion {
        var code = CodeVersion()
        code.tag = tag ?? String(number)
        code.digest = digest(number)
        code.platforms = ["linux/amd64"]
        return code
    }

    /// Version `number` of the model.
    static func model(_ number: Int, version: String? = nil, isRestorable: Bool = true) -> ResolvedModel {
        var model = ModelVersion()
        model.version = version ?? "\(number)/"
        model.digest = digest(1000 + number)
        model.identity = "Manifest"
        model.bytes = 100
        model.objects = 2
        return ResolvedModel(version: model, uri: "s3://models/resnet/\(number)/", isRestorable: isRestorable)
    }

    static func resolution(_ code: Int, _ model: Int) -> Resolution {
        Resolution(code: .found(Self.code(code), nil), model: .found(Self.model(model), nil))
    }

    private static func digest(_ number: Int) -> String {
        let text = String(number, radix: 16)
        return "sha256:" + String(repeating: "0", count: 64 - text.count) + text
    }
}

extension JSONValue {
    /// Sets the member at `path`, in arrays by index; nil removes it.
    mutating func replace(_ path: ArraySlice<String>, with value: JSONValue?) {
        guard let first = path.first else { return }
        if case .array(var elements) = self, let index = Int(first), elements.indices.contains(index) {
            if path.count > 1 {
                elements[index].replace(path.dropFirst(), with: value)
            } else if let value {
                elements[index] = value
            } else {
                elements.remove(at: index)
            }
            self = .array(elements)
        } else if path.count == 1 {
            self[first] = value
        } else {
            var child = self[first] ?? [:]
            child.replace(path.dropFirst(), with: value)
            self[first] = child
        }
    }
}

extension Plan {
    /// The steps as a table of contents.
    var summary: [String] {
        steps.map { step in
            switch step {
            case .apply(let apply, let reason):
                let number = apply.body["revision"]?.integer.map { " #\($0)" } ?? ""
                return "apply \(apply.resource.kind)\(number): \(reason)"
            case .claim(let apply): return "claim \(apply.key.name)"
            case .letGo(let key, _): return "let go of \(key.name)"
            case .scale(let apply): return "scale to \(apply.body["spec"]?["replicas"]?.integer ?? -1)"
            case .confirm(let resource, let key, _): return "confirm \(resource.kind) \(key.name)"
            case .delete(let resource, let key, _): return "delete \(resource.kind) \(key.name.prefix(10))"
            }
        }
    }

    /// Type, status and reason of each condition.
    var conditions: [String] { status.conditions.map { "\($0.type)=\($0.status) \($0.reason)" } }

    /// The body of the step for `kind`.
    func body(_ kind: String) -> JSONValue? {
        for case .apply(let apply, _) in steps where apply.resource.kind == kind { return apply.body }
        return nil
    }
}
