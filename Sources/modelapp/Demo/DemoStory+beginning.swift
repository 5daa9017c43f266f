import Artifacts
import FoundationEssentials
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI

/// What is there before the story begins.
extension DemoStory {
    private static let manager = FieldManager("demo")

    /// A file that holds the ModelApp of the story.
    struct Manifest: Sendable {
        var name: String
        var bytes: [UInt8]
    }

    /// Installs the definition, the namespace and the Secret, uploads the first halves, applies the ModelApp.
    func prepare(
        _ client: Client,
        _ addresses: DemoCluster.Addresses,
        _ manifest: Manifest?
    ) async throws {
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
            "data": ["AZURE_STORAGE_KEY": .string(Base64.encode(cluster.blobKey.utf8))],
        ]
        try await client.apply(
            ApplyStep(Secret.resource, ObjectKey(namespace: "prod", name: "blob-key"), secret),
            fieldManager: Self.manager
        )
        _ = try await DemoImage(registry: cluster.registry, repository: "model-api").push("1041")
        try upload("ResNet_152.model", "weights, night 1")
        try upload("synset.txt", "labels, night 1")
        try await client.apply(
            ApplyStep(ModelApp.resource, Self.key, local(try object(manifest), addresses)),
            fieldManager: Self.manager
        )
    }

    /// The ModelApp in the manifest, or the tutorial's.
    private func object(_ given: Manifest?) throws -> JSONValue {
        let manifest = given ?? Manifest(name: "the tutorial", bytes: Array(Tutorial.text.utf8))
        let documents: [JSONValue]
        do throws(YAMLError) { documents = try YAML.documents(manifest.bytes) } catch {
            throw CommandError("\(manifest.name): \(error)")
        }
        guard let app = documents.first(where: { $0["kind"]?.string == ModelApp.resource.kind }) else {
            throw CommandError("\(manifest.name) holds no ModelApp")
        }
        return app
    }

    /// The object with the addresses of this machine: nothing else of it is changed.
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
        if var delivery = spec["delivery"], var baked = delivery["baked"] {
            baked["repository"] = .string(addresses.registry + "/model-api-baked")
            delivery["baked"] = baked
            spec["delivery"] = delivery
        }
        app["spec"] = spec
        return app
    }

    /// Writes a blob as an upload tool would: whole, under its final name.
    func upload(_ name: String, _ text: String) throws {
        let folder = cluster.folder + "/blobs/pretrainedmodel"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try TemporaryFolder.write(text + "\n", to: "\(folder)/\(name)")
    }
}
