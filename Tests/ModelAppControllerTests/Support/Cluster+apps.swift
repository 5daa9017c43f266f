import Artifacts
import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ModelAppController
import ReleasePlanning

/// ModelApps as users write them.
extension Cluster {
    /// One container without an image.
    static let plainTemplate: JSONValue = [
        "spec": ["containers": [["name": "api", "ports": [["containerPort": 8080]]]]]
    ]

    /// A template full of what API servers normalise: quantities, defaults inside lists, lists without keys.
    static let normalisedTemplate: JSONValue = [
        "spec": [
            "containers": [
                [
                    "name": "api", "command": ["/bin/server", "--port", "8080"], "args": ["--verbose"],
                    "ports": [["containerPort": 8080], ["containerPort": 8080, "protocol": "UDP"]],
                    "resources": ["limits": ["cpu": "1000m", "memory": "0.5Gi"], "requests": ["cpu": "0.10"]],
                    "env": [["name": "EMPTY", "value": ""]],
                ]
            ]
        ]
    ]

    /// Creates a ModelApp on the registry and the bucket of the cluster.
    func create(
        _ name: String = "app",
        interval: String = "1s",
        template: JSONValue = plainTemplate,
        complete: JSONValue = ["marker": "DONE"],
        secret: String? = nil,
        registry: String = registryHost,
        store: String = storeHost,
        repository: String = "api",
        prefix: String = "resnet/",
        replicas: Int64 = 2,
        rollout: JSONValue = .object([:]),
        delivery: JSONValue = ["mode": "Reference"],
        verification: JSONValue? = nil,
        adopt: JSONValue? = nil
    ) async throws {
        var model: [String: JSONValue] = [
            "s3": [
                "bucket": .string(Self.bucket), "prefix": .string(prefix), "endpoint": .string("https://" + store),
            ],
            "versions": [
                "filter": ["match": "^(?<v>[0-9.]+)/$", "extract": "$v"], "select": ["semver": .object([:])],
            ],
            "complete": complete,
        ]
        if let secret { model["auth"] = ["secretRef": ["name": .string(secret)]] }
        var target: [String: JSONValue] = ["service": ["ports": [["port": 80, "targetPort": 8080]]]]
        if let adopt {
            target["adopt"] = adopt
        } else {
            target["own"] = ["replicas": .integer(replicas), "template": template]
        }
        var spec: JSONValue = [
            "interval": .string(interval),
            "code": ["image": .string("\(registry)/\(repository)"), "select": ["numerical": .object([:])]],
            "model": .object(model), "delivery": delivery, "rollout": rollout,
            "target": .object(target),
        ]
        spec["verification"] = verification
        try await apply(ApplyStep(ModelApp.resource, Self.key(name), ["spec": spec]))
    }

    /// Creates the Secret with the keys to the bucket.
    func createSecret(_ name: String, key: String = secretKey) async throws {
        try await createSecret(name, ["AWS_ACCESS_KEY_ID": Self.accessKey, "AWS_SECRET_ACCESS_KEY": key])
    }

    /// Creates a Secret, or changes it.
    func createSecret(_ name: String, _ values: [String: String]) async throws {
        let data = values.mapValues { JSONValue.string(Base64Text.encode($0)) }
        try await apply(ApplyStep(Secret.resource, Self.key(name), ["data": .object(data)]))
    }

    /// Asks for scans, as `kubectl annotate` does, and waits until they were made.
    func requestScan(_ value: String, of name: String = "app") async throws {
        let annotation: JSONValue = ["metadata": ["annotations": [Keys.reconcileRequestedAt: .string(value)]]]
        let manager = FieldManager("kubectl-annotate")
        try await client.patch(ModelApp.resource, Self.key(name), annotation, fieldManager: manager)
        try await eventually("request \(value) is handled", about: name) {
            status(name)?.lastHandledReconcileAt == value
        }
    }

    /// Changes a ModelApp, and waits until a running operator goes by it: what happens next happens under the new spec.
    func editSeen(_ name: String = "app", spec: JSONValue) async throws {
        try await edit(name, spec: spec)
        let generation = api.object(ModelApp.resource, Self.key(name))?["metadata"]?["generation"]?.integer
        try await eventually("generation \(generation ?? 0) is observed", about: name) {
            generation != nil && status(name)?.observedGeneration == generation
        }
    }

    /// Runs `body` with an operator and one app that runs code 1 with model 1.0.0, and `then` once the operator is gone.
    static func withConvergedApp(
        template: JSONValue = plainTemplate,
        simulation: SimulationOptions = SimulationOptions(),
        _ body: (Cluster) async throws -> Void,
        then: (Cluster) async throws -> Void = { _ in }
    ) async throws {
        try await with(simulation: simulation) { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create(template: template)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await body(cluster)
            }
            try await then(cluster)
        }
    }
}

/// Base64 for Secrets.
enum Base64Text {
    static func encode(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
