import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

/// Adoption with what a real API server makes of it: its `managedFields`, its validation of partial applies, and nothing
/// but the rights in `manifests/`.
@Suite(
    .enabled(if: TestPeer.controlPlane.isExpected, TestPeer.controlPlane.reason),
    .enabled(if: TestPeer.registry.isExpected, TestPeer.registry.reason),
    .enabled(if: TestPeer.s3.isExpected, TestPeer.s3.reason),
    .timeLimit(.minutes(4))
)
struct AdoptionOnRealServerTests {
    private let namespace = "adopt-" + String(UInt32.random(in: .min ... .max), radix: 36)

    @Test func aDeploymentIsAdoptedYieldedTakenAndLetGo() async throws {
        try await ControlPlane.withShared { plane in
            try await plane.installManifests()
            let app = App(plane: plane, upstreams: try await Upstreams(plane.pool), namespace: namespace)
            try await plane.createNamespace(namespace)
            try await plane.kubectl("create", "deployment", "web", "--image=registry.invalid/web:1", "-n", namespace)
            try await plane.kubectl("scale", "deployment/web", "--replicas=2", "-n", namespace)
            try await app.create(adopt: "web")
            try await app.upstreams.push("1", to: app.repository)
            try await app.upstreams.uploadVersion("1.0.0", below: app.prefix)
            let process = try ChildProcess.modelappOperator(
                kubeconfig: try await plane.operatorKubeconfig("operator"),
                ["--namespace", namespace, "--allow-endpoint", "127.0.0.1"],
                log: plane.folder.path + "/operator.log"
            )
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await ReadyPods(client: plane.client, namespaces: namespace).run() }
                    defer { group.cancelAll() }
                    try await tell(app)
                }
            } catch {
                throw NotReached(description: "\(error)\nthe operator's log:\n\(process.log.suffix(6000))")
            }
            #expect(!process.log.contains("is forbidden: User"), "a right is missing:\n\(process.log)")
            #expect(try await process.stop() == 0)
            try await plane.removeNamespace(namespace)
        }
    }

    private func tell(_ app: App) async throws {
        try await app.converges(code: "1", model: "1.0.0")
        let adopted = try #require(try await web(app))
        #expect(adopted["metadata"]?["ownerReferences"] == nil)
        #expect(adopted["spec"]?["replicas"] == 2)
        #expect(adopted["spec"]?["selector"]?["matchLabels"] == ["app": "web"])
        let service = try await app.plane.client.getJSON(Service.resource, app.key)
        #expect(service?["spec"]?["selector"] == ["app": "web"])

        try await setImage(app, "registry.invalid/web:2", by: "argocd-controller")
        try await eventually("it is said who took the image") {
            let fields = try await app.status()?.condition("FieldsOwned")
            return fields?.reason == "Yielded" && fields?.message.contains("argocd-controller") == true
                && fields?.message.contains("spec.template.spec.containers[name=web].image") == true
        }
        let yielded = try #require(try await web(app)?["metadata"]?["generation"])
        try await app.upstreams.push("2", to: app.repository)
        try await eventually("the newer code is seen") { try await app.status()?.code?.latest?.tag == "2" }
        #expect(try await web(app)?["metadata"]?["generation"] == yielded)

        let force: JSONValue = ["spec": ["target": ["adopt": ["onConflict": "Force"]]]]
        let manager = FieldManager("kubectl-edit")
        try await app.plane.client.patch(ModelApp.resource, app.key, force, fieldManager: manager)
        try await app.converges(code: "2", model: "1.0.0")

        let template = try await web(app)?["spec"]?["template"]
        try await app.plane.kubectl("delete", "modelapp/\(App.name)", "-n", app.namespace, "--wait")
        try await eventually("label and claim are taken off") {
            let metadata = try await web(app)?["metadata"]
            return metadata != nil && metadata?["labels"]?[Keys.name] == nil
                && metadata?["annotations"]?[Keys.claimedBy] == nil
        }
        #expect(try await web(app)?["spec"]?["template"] == template)
    }

    private func web(_ app: App) async throws -> JSONValue? {
        try await app.plane.client.getJSON(Deployment.resource, ObjectKey(namespace: app.namespace, name: "web"))
    }

    private func setImage(_ app: App, _ image: String, by manager: String) async throws {
        let container: JSONValue = ["name": "web", "image": .string(image)]
        try await app.plane.client.apply(
            ApplyStep(
                Deployment.resource,
                ObjectKey(namespace: app.namespace, name: "web"),
                ["spec": ["template": ["spec": ["containers": [container]]]]]
            ),
            fieldManager: FieldManager(manager)
        )
    }
}
