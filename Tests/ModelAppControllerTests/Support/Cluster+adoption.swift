import DevCluster
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning

/// Deployments that were there before the operator.
extension Cluster {
    /// A template full of what API servers normalise, as somebody else runs it.
    static let foreignTemplate: JSONValue = [
        "metadata": ["labels": ["run": "web"]],
        "spec": [
            "containers": [
                [
                    "name": "api", "image": "registry.test/api:old", "command": ["/bin/server", "--port", "8080"],
                    "ports": [["containerPort": 8080, "protocol": "TCP"]],
                    "resources": ["limits": ["cpu": "1000m", "memory": "0.5Gi"], "requests": ["cpu": "0.10"]],
                    "env": [["name": "MODE", "value": "prod"]],
                ]
            ]
        ],
    ]

    /// Makes the Deployment called `name`, as its owner would, and waits until the controllers know it: whoever adopts it
    /// finds its first revision.
    func createForeign(_ name: String = "web", annotations: JSONValue = [:]) async throws {
        let body: JSONValue = [
            "metadata": ["labels": ["team": "vision"], "annotations": annotations],
            "spec": [
                "replicas": 3, "selector": ["matchLabels": ["run": "web"]], "template": Self.foreignTemplate,
            ],
        ]
        try await apply(ApplyStep(Deployment.resource, Self.key(name), body))
        try await eventually("\(name) has a revision") {
            foreign(name)?["metadata"]?["annotations"]?["deployment.kubernetes.io/revision"] != nil
        }
    }

    /// Whether every pod of the Deployment called `name` has its template.
    func isRolledOut(_ name: String = "web") -> Bool {
        guard let foreign = foreign(name), let status = foreign["status"] else { return false }
        let wanted = foreign["spec"]?["replicas"]
        return status["observedGeneration"] == foreign["metadata"]?["generation"]
            && ["replicas", "updatedReplicas", "availableReplicas"].allSatisfy { status[$0] == wanted }
    }

    /// Another tool sets the image of the Deployment called `name`.
    func setImage(of name: String = "web", to image: String, by manager: String) async throws {
        let container: JSONValue = ["name": "api", "image": .string(image)]
        let body: JSONValue = ["spec": ["template": ["spec": ["containers": [container]]]]]
        try await client.apply(
            ApplyStep(Deployment.resource, Self.key(name), body),
            fieldManager: FieldManager(manager)
        )
    }

    func foreign(_ name: String = "web") -> JSONValue? { api.object(Deployment.resource, Self.key(name)) }

    /// Whose the Deployment called `name` is, by label and by claim.
    func claim(on name: String = "web") -> [String?] {
        let metadata = foreign(name)?["metadata"]
        return [metadata?["labels"]?[Keys.name]?.string, metadata?["annotations"]?[Keys.claimedBy]?.string]
    }

    /// Deletes the ModelApp called `name`.
    func deleteApp(_ name: String = "app") async throws {
        let uid = uid(of: name)
        try await client.delete(ModelApp.resource, Self.key(name), uid: uid)
    }

    func uid(of app: String) -> String {
        api.object(ModelApp.resource, Self.key(app))?["metadata"]?["uid"]?.string ?? ""
    }

    /// Runs `body` with an operator and an app that runs code 1 with model 1.0.0 on the Deployment `web`, and `then` once
    /// the operator is gone.
    static func withAdopted(
        onConflict policy: String = "TakeOnce",
        _ body: (Cluster) async throws -> Void,
        then: (Cluster) async throws -> Void = { _ in }
    ) async throws {
        try await with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createForeign()
            try await cluster.create(adopt: ["name": "web", "onConflict": .string(policy)])
            try await cluster.withOperator {
                try await cluster.converges(on: "web", code: "1", model: "1.0.0")
                try await body(cluster)
            }
            try await then(cluster)
        }
    }
}
