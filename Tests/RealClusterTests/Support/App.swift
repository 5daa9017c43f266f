import Artifacts
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// A ModelApp in a namespace of its own, on sources of its own.
struct App: Sendable {
    let plane: ControlPlane
    let upstreams: Upstreams
    /// Its namespace; also its repository and its prefix, so that no two apps share a source.
    let namespace: String

    static let name = "app"

    var key: ObjectKey { ObjectKey(namespace: namespace, name: Self.name) }
    var prefix: String { "\(namespace)/" }
    var repository: String { namespace + "/api" }

    /// Makes the namespace and the ModelApp.
    /// - Parameter adopt: the Deployment to be adopted in place of an own one.
    func create(interval: String = "1s", adopt: String? = nil) async throws {
        var target: [String: JSONValue] = ["service": ["ports": [["port": 80, "targetPort": 8080]]]]
        if let adopt {
            target["adopt"] = ["name": .string(adopt)]
        } else {
            target["own"] = [
                "replicas": 2,
                "template": ["spec": ["containers": [["name": "api", "ports": [["containerPort": 8080]]]]]],
            ]
        }
        let spec: JSONValue = [
            "interval": .string(interval),
            "code": [
                "image": .string("\(upstreams.registry)/\(repository)"), "select": ["numerical": .object([:])],
                "tls": ["plainHTTP": true],
            ],
            "model": [
                "s3": [
                    "bucket": .string(Upstreams.bucket), "prefix": .string(prefix), "region": "us-east-1",
                    "endpoint": .string(upstreams.s3),
                ],
                "versions": [
                    "filter": ["match": "^(?<v>[0-9.]+)/$", "extract": "$v"], "select": ["semver": .object([:])],
                ],
                "complete": ["marker": "DONE"],
            ],
            "delivery": ["mode": "Reference"],
            "target": .object(target),
        ]
        try await plane.createNamespace(namespace)
        try await plane.client.apply(
            ApplyStep(ModelApp.resource, key, ["spec": spec]),
            fieldManager: FieldManager("kubectl")
        )
    }

    /// The status, once it is about the present spec.
    func status() async throws -> ModelAppStatus? {
        guard let app = try await plane.client.get(ModelApp.self, key) else { return nil }
        return app.status.observedGeneration == app.metadata.generation ? app.status : nil
    }

    /// Waits until everything runs the pair, and the status says so.
    func converges(code: String, model: String, within limit: Duration = .seconds(60)) async throws {
        try await eventually("\(key) runs code \(code) with model \(model)", within: limit) {
            let status = try await plane.client.getJSON(ModelApp.resource, key)?["status"]
            return "status: \(status?.canonicalText ?? "none")"
        } _: {
            guard let status = try await status(), let current = status.release?.current else { return false }
            return current.code.tag == code && current.model.version == model
                && status.condition("Ready")?.isTrue == true && status.condition("Ready")?.reason == "Converged"
                && status.condition("Reconciling") == nil
        }
    }

    /// Everything that lasts of the app, with what differs from run to run left out, one text an object.
    func endState() async throws -> Set<String> {
        var lines: Set<String> = []
        for resource in [
            ModelApp.resource, Deployment.resource, Service.resource, ControllerRevision.resource, .replicaSets,
        ] {
            let path = resource.path(namespace: namespace)
            let list = try JSONValue(parsing: try await plane.client.getRaw(path))
            for item in list["items"]?.array ?? [] {
                let text = lasting(of: item, resource).canonicalText.replacing(namespace, with: "NAMESPACE")
                lines.insert("\(resource.kind) \(text)")
            }
        }
        return lines
    }

    private func lasting(of item: JSONValue, _ resource: APIResource) -> JSONValue {
        if resource == .replicaSets {
            // Their number is the number of rollouts; names are made of hashes.
            return ["template": without(item["spec"]?["template"] ?? .null)]
        }
        var item = item
        // Names its ReplicaSet; how many pods run is in the ModelApp's own status.
        if resource == Deployment.resource { item["status"] = nil }
        return without(item)
    }

    private func without(_ value: JSONValue) -> JSONValue {
        if let items = value.array { return .array(items.map(without)) }
        guard let object = value.object else { return value }
        return .object(object.filter { !Self.fleeting.contains($0.key) }.mapValues(without))
    }

    /// Identities, times, addresses, and hashes over the namespace.
    private static let fleeting: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "managedFields", "lastTransitionTime", "lastUpdateTime", "at",
        "since", "tookSeconds", "modifiedAt", "pushedAt", "clusterIP", "clusterIPs", "modelapp.dev/applied",
        "modelapp.dev/started-at", "modelapp.dev/converged-at",
        "pod-template-hash", "selfLink",
    ]
}

extension APIResource {
    /// Where ReplicaSets live.
    static let replicaSets = APIResource(group: "apps", version: "v1", kind: "ReplicaSet", plural: "replicasets")
    /// Where namespaces live.
    static let namespaces = APIResource(
        group: "",
        version: "v1",
        kind: "Namespace",
        plural: "namespaces",
        isNamespaced: false
    )
}

extension ControlPlane {
    /// Makes a namespace.
    func createNamespace(_ name: String) async throws {
        try await client.apply(
            ApplyStep(.namespaces, ObjectKey(name: name), .object([:])),
            fieldManager: FieldManager("tests")
        )
    }

    /// Lets a namespace go, with all that is in it.
    func removeNamespace(_ name: String) async throws {
        guard let uid = try await client.getJSON(.namespaces, ObjectKey(name: name))?["metadata"]?["uid"]?.string else {
            return
        }
        try await client.delete(.namespaces, ObjectKey(name: name), uid: uid)
    }
}
