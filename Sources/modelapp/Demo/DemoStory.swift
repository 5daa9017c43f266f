import Artifacts
import FoundationEssentials
import Glibc
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import ReleasePlanning

/// The story that the demo tells, step by step, each measured from the push to the patched Deployment as a client
/// sees it.
struct DemoStory: Sendable {
    let cluster: DemoCluster
    let time: TimeSource
    let tells: Bool

    static let key = ObjectKey(namespace: "prod", name: "image-classifier")
    private static let manager = FieldManager("demo")

    private func say(_ text: String) { if tells { StandardOutput.write(text + "\n") } }

    /// Tells the story; false if anything did not converge.
    func run(keep: Bool, json: Bool, manifest: String?) async throws -> Bool {
        let addresses = try await cluster.addresses()
        let client = cluster.client(logger: Logger(label: "demo"))
        try await prepare(client, addresses, manifest)
        let log = cluster.folder + "/operator.log"
        let child = try ChildProcess(
            ChildProcess.ownPath,
            ["operator", "--allow-endpoint", "127.0.0.1"],
            environment: ["KUBECONFIG": addresses.kubeconfig],
            log: log
        )
        defer { child.stop() }
        if json {
            StandardOutput.write(cluster.json(addresses).canonicalText + "\n")
            try await wait(for: child)
            return true
        }
        say("Embedded cluster, registry and blob store on loopback; `modelapp operator` runs as a child process.\n")
        let started = time.now
        var failures = 0
        var rows: [(String, String)] = []
        for chapter in chapters(client) {
            var outcome: String
            do {
                outcome = try await chapter.tell()
                try await ready(client)
            } catch let problem as Problem {
                outcome = "FAILED: \(problem.message)"
                failures += 1
            }
            rows.append((chapter.title, outcome))
            say("  " + chapter.title.padded(to: 46) + outcome)
            if failures > 0 { break }
        }
        say("")
        try await summary(client)
        say("\n\(rows.count - failures) of \(rows.count) steps in \((time.now - started).tenths) s.")
        if failures > 0 {
            say("\nThe operator's log:\n" + ((try? String(contentsOfFile: log, encoding: .utf8)) ?? ""))
        }
        if keep, failures == 0 {
            say(Self.invitation(addresses, cluster.folder))
            try await wait(for: child)
        }
        return failures == 0
    }

    struct Problem: Error { var message: String }

    private struct Chapter: Sendable {
        var title: String
        var tell: @Sendable () async throws -> String
    }

    private func chapters(_ client: Client) -> [Chapter] {
        let image = DemoImage(registry: cluster.registry, repository: "model-api")
        return [
            Chapter(title: "First release: build 1041 + model") {
                try await self.released(client) { $0.tag == "1041" }
            },
            Chapter(title: "A new model alone") {
                let before = try await self.live(client)
                try self.upload("ResNet_152.model", "weights, night 2")
                try self.upload("synset.txt", "labels, night 2")
                return try await self.released(client) { $0.revision != before.revision && $0.image == before.image }
            },
            Chapter(title: "New code alone: build 1042") {
                let before = try await self.live(client)
                _ = try await image.push("1042")
                return try await self.released(client) { $0.tag == "1042" && $0.revision == before.revision }
            },
            Chapter(title: "Both at once: build 1043 + model") {
                let before = try await self.live(client)
                try self.upload("ResNet_152.model", "weights, night 3")
                try self.upload("synset.txt", "labels, night 3")
                _ = try await image.push("1043")
                return try await self.released(client) { $0.tag == "1043" && $0.revision != before.revision }
            },
            Chapter(title: "A half-uploaded model is not taken") {
                let before = try await self.live(client)
                try self.remove("synset.txt")
                try self.upload("ResNet_152.model", "weights, night 4")
                // Longer than `settle`: time alone must not complete it.
                try await self.time.sleep(for: .milliseconds(4500))
                let after = try await self.live(client)
                guard after.revision == before.revision else { throw Problem(message: "half a model was released") }
                try self.upload("synset.txt", "labels, night 4")
                let rest = try await self.released(client) { $0.revision != before.revision }
                return " refused for 4.5 s, and when the rest is there:\(rest)"
            },
            Chapter(title: "A hand-edited Deployment is put back") {
                let before = try await self.live(client)
                let patch: JSONValue = [
                    "spec": ["template": ["spec": ["containers": [["name": "model-api", "image": "nginx:latest"]]]]]
                ]
                try await self.edit(client, patch)
                return try await self.released(client) { $0.image == before.image }
            },
        ]
    }
}

extension DemoStory {
    /// What a client sees of the Deployment.
    struct Live: Sendable {
        var image = ""
        var tag = ""
        var revision = ""
    }

    private func live(_ client: Client) async throws -> Live {
        guard let deployment = try await client.get(Deployment.self, Self.key) else { return Live() }
        var live = Live()
        let container = deployment.spec["template"]?["spec"]?["containers"]?[0]
        live.image = container?["image"]?.string ?? ""
        live.tag = deployment.metadata.annotations[Keys.codeTag] ?? ""
        live.revision =
            (container?["env"]?.array ?? []).first { $0["name"] == "MODEL_REVISION" }?["value"]?.string ?? ""
        return live
    }

    /// Waits until the Deployment is as wanted and says how long that took.
    private func released(_ client: Client, _ isDone: (Live) -> Bool) async throws -> String {
        let start = time.now
        while time.now - start < .seconds(20) {
            if isDone(try await live(client)) { return " \((time.now - start).tenths) s" }
            try await time.sleep(for: .milliseconds(20))
        }
        throw Problem(message: "the Deployment was not patched within 20 s")
    }

    private func ready(_ client: Client) async throws {
        let start = time.now
        while time.now - start < .seconds(20) {
            if let app = try await client.get(ModelApp.self, Self.key),
                app.status.condition("Ready")?.isTrue == true, app.status.condition("Reconciling") == nil
            {
                return
            }
            try await time.sleep(for: .milliseconds(20))
        }
        throw Problem(message: "the ModelApp was not Ready within 20 s")
    }

    private func edit(_ client: Client, _ patch: JSONValue) async throws {
        // As `kubectl set image` sends it, without the strategic merge: a JSON patch of the first container's image.
        let operations: JSONValue = [
            [
                "op": "replace", "path": "/spec/template/spec/containers/0/image",
                "value": patch["spec"]?["template"]?["spec"]?["containers"]?[0]?["image"] ?? "nginx",
            ]
        ]
        try await client.patch(Deployment.resource, Self.key, operations, fieldManager: FieldManager("kubectl-edit"))
    }

    private func prepare(_ client: Client, _ addresses: DemoCluster.Addresses, _ manifest: String?) async throws {
        let definition = ModelAppDefinition.document
        let resource = APIResource(
            group: "apiextensions.k8s.io",
            version: "v1",
            kind: "CustomResourceDefinition",
            plural: "customresourcedefinitions",
            isNamespaced: false
        )
        try await client.apply(
            ApplyStep(resource, ObjectKey(name: "modelapps.modelapp.dev"), definition),
            fieldManager: Self.manager
        )
        let namespace = APIResource(
            group: "",
            version: "v1",
            kind: "Namespace",
            plural: "namespaces",
            isNamespaced: false
        )
        try await client.apply(
            ApplyStep(namespace, ObjectKey(name: "prod"), .object([:])),
            fieldManager: Self.manager
        )
        let secret: JSONValue = [
            "metadata": ["annotations": ["modelapp.dev/hosts": "127.0.0.1"]],
            "data": ["AZURE_STORAGE_KEY": .string(Base64Text.encode(Array(cluster.blobKey.utf8)))],
        ]
        try await client.apply(
            ApplyStep(Secret.resource, ObjectKey(namespace: "prod", name: "blob-key"), secret),
            fieldManager: Self.manager
        )
        _ = try await DemoImage(registry: cluster.registry, repository: "model-api").push("1041")
        try upload("ResNet_152.model", "weights, night 1")
        try upload("synset.txt", "labels, night 1")
        let text = try manifest.map { try String(contentsOfFile: $0, encoding: .utf8) } ?? Tutorial.text
        let documents = try YAML.documents(Array(text.utf8))
        guard let app = documents.first else { throw Problem(message: "\(manifest ?? "the manifest") is empty") }
        try await client.apply(
            ApplyStep(ModelApp.resource, Self.key, local(app, addresses)),
            fieldManager: Self.manager
        )
    }

    /// The tutorial's object with the addresses of this machine: nothing else of it is changed.
    private func local(_ app: JSONValue, _ addresses: DemoCluster.Addresses) -> JSONValue {
        var app = app
        var spec = app["spec"] ?? .object([:])
        var code = spec["code"] ?? .object([:])
        code["image"] = .string(addresses.registry + "/model-api")
        code["tls"] = ["plainHTTP": true]
        spec["code"] = code
        var model = spec["model"] ?? .object([:])
        var blob = model["azureBlob"] ?? .object([:])
        blob["endpoint"] = .string(addresses.blob)
        model["azureBlob"] = blob
        spec["model"] = model
        app["spec"] = spec
        return app
    }

    /// Writes a blob as an upload tool would: whole, under its final name.
    private func upload(_ name: String, _ text: String) throws {
        let folder = cluster.folder + "/blobs/pretrainedmodel"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try TemporaryFolder.write(text + "\n", to: "\(folder)/\(name)")
    }

    private func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: cluster.folder + "/blobs/pretrainedmodel/\(name)")
    }

    private func summary(_ client: Client) async throws {
        guard let app = try await client.get(ModelApp.self, Self.key) else { return }
        let current = app.status.release?.current
        say("  NAME               READY  CODE  MODEL                 REVISION")
        say(
            "  \(app.metadata.name.padded(to: 19))"
                + (app.status.condition("Ready")?.status ?? "-").padded(to: 7)
                + (current?.code.tag ?? "-").padded(to: 6) + (current?.model.version ?? "-").padded(to: 22)
                + String((current?.model.digest ?? "-").prefix(19))
        )
        say("\n  Releases, newest first:")
        for entry in app.status.history {
            say(
                "  \(entry.id)  code \(entry.code.padded(to: 5)) model \(entry.model.padded(to: 21)) "
                    + "\(entry.cause.padded(to: 16)) \(entry.result)"
            )
        }
    }

    private func wait(for child: ChildProcess) async throws {
        while child.exitStatus() == nil {
            do { try await time.sleep(for: .milliseconds(200)) } catch { return }
        }
        throw Problem(message: "the operator ended by itself; see \(cluster.folder)/operator.log")
    }

    private static func invitation(_ addresses: DemoCluster.Addresses, _ folder: String) -> String {
        """

        Everything keeps running until Ctrl-C. In another terminal:

          export KUBECONFIG=\(addresses.kubeconfig)
          kubectl get modelapps -w
          echo "weights, night 5" > \(folder)/blobs/pretrainedmodel/ResNet_152.model
          kubectl describe modelapp image-classifier
        """
    }
}

extension String {
    /// The text with spaces behind it, at least `width` characters long.
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}

extension Duration {
    /// Seconds with one digit after the point.
    fileprivate var tenths: String {
        let tenths = Int((inSeconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
