import AsyncHTTPTransport
import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import TestSupport
import Testing

/// The tutorial on a real control plane: kubectl, the real program as a child, and nothing but the rights in
/// `manifests/`.
@Suite(
    .enabled(if: TestPeer.ownControlPlane.isExpected, TestPeer.ownControlPlane.reason),
    .enabled(if: TestPeer.registry.isExpected, TestPeer.registry.reason),
    .enabled(if: TestPeer.s3.isExpected, TestPeer.s3.reason),
    .timeLimit(.minutes(4))
)
struct StoryTests {
    private static let app = "modelapp/image-classifier"
    private let repository = "tutorial-\(UInt32.random(in: .min ... .max))/model-api"

    @Test func fromApplyToReadyUnderExactlyTheShippedRights() async throws {
        try await ControlPlane.withOwn { plane, own in
            try await plane.installManifests()
            try await plane.createNamespace("prod")
            try await plane.grantSecrets(in: "prod")
            try await withBlobStore { blobs in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await ReadyPods(client: plane.client, namespaces: "prod").run() }
                    defer { group.cancelAll() }
                    try await tell(plane, own, blobs, Upstreams(plane.pool))
                }
            }
        }
    }

    private func tell(
        _ plane: ControlPlane,
        _ own: OwnControlPlane,
        _ blobs: Blobs,
        _ upstreams: Upstreams
    ) async throws {
        let probes = try #require(HTTPURL("http://127.0.0.1:\(try await freePort())"))
        let process = try ChildProcess.modelappOperator(
            kubeconfig: try await plane.operatorKubeconfig("operator"),
            ["--allow-endpoint", "127.0.0.1", "--health-address", probes.authority],
            log: plane.folder.path + "/operator.log"
        )
        do {
            try await eventually("the operator is ready", about: { process.log }) {
                try await status(of: probes, "/readyz", plane) == 200
            }
            try await missingSecretHeals(plane, blobs, upstreams)
            try await newTagAndNewModel(plane, blobs, upstreams)
            try await columns(plane)
            // Before the restart: a server that comes up may deny everything for a moment.
            #expect(!process.log.contains("is forbidden: User"), "a right is missing:\n\(process.log)")
            try await serverRestarts(plane, own, upstreams)
            try await deletion(plane)
        } catch {
            throw NotReached(description: "\(error)\nthe operator's log:\n\(process.log.suffix(6000))")
        }
        #expect(process.isRunning, "the operator has ended by itself")
        #expect(try await process.stop() == 0)
        for secret in [blobs.key, try await plane.operatorToken().prefix(40).description] {
            #expect(!process.log.contains(secret), "a credential is in the log")
        }
    }

    // MARK: Chapters

    /// Without the Secret the app says so; with it, it heals by itself.
    private func missingSecretHeals(_ plane: ControlPlane, _ blobs: Blobs, _ upstreams: Upstreams) async throws {
        try await upstreams.push("1041", to: repository)
        try blobs.upload("ResNet_152.model", "weights, night 1")
        try blobs.upload("synset.txt", "labels, night 1")
        try await plane.kubectl("apply", "-f", "-", input: try tutorial(blobs, upstreams))
        try await eventually("the status names the missing Secret", about: { try await describe(plane) }) {
            let ready = try await app(plane)?.status.condition("Ready")
            return ready?.isTrue == false && ready?.message.contains("blob-key") == true
        }
        #expect(try await plane.client.get(Deployment.self, key) == nil, "something ran without its model")

        try await plane.kubectl(
            "create",
            "secret",
            "generic",
            "blob-key",
            "-n",
            "prod",
            "--from-literal=AZURE_STORAGE_KEY=\(blobs.key)"
        )
        try await plane.kubectl("annotate", "secret", "blob-key", "-n", "prod", "modelapp.dev/hosts=127.0.0.1")
        try await ready(plane)
        try await runs(plane, "1041")
    }

    private func newTagAndNewModel(_ plane: ControlPlane, _ blobs: Blobs, _ upstreams: Upstreams) async throws {
        let first = try #require(try await app(plane)?.status.release?.current)
        try await upstreams.push("1042", to: repository)
        try await runs(plane, "1042")
        try blobs.upload("ResNet_152.model", "weights, night 2")
        try blobs.upload("synset.txt", "labels, night 2")
        try await eventually("the new model runs", about: { try await describe(plane) }) {
            let current = try await app(plane)?.status.release?.current
            return current?.code.tag == "1042" && current?.model.digest != first.model.digest
        }
        try await ready(plane)
        let deployment = try #require(try await plane.client.get(Deployment.self, key))
        let container = deployment.spec["template"]?["spec"]?["containers"]?[0]
        // One image of both halves, that the registry keeps under the release's tag.
        #expect(container?["image"]?.string?.hasPrefix("\(upstreams.registry)/\(repository)-baked@sha256:") == true)
        let history = try #require(try await app(plane)?.status.history)
        #expect(history.map(\.result) == ["Converged", "Converged", "Converged"])
        #expect(history.map(\.cause) == ["NewModel", "NewCode", "First"])
    }

    private func columns(_ plane: ControlPlane) async throws {
        let current = try #require(try await app(plane)?.status.release?.current)
        let narrow = try await plane.kubectl("get", "modelapps", "-n", "prod").table
        #expect(narrow.first == ["NAME", "READY", "CODE", "MODEL", "PHASE", "PENDING", "AGE"])
        #expect(narrow.last?.prefix(3) == ["image-classifier", "True", "1042"])
        #expect(narrow.count == 2)
        let wide = try await plane.kubectl("get", "ma", "-n", "prod", "-o", "wide")
        let header = try #require(wide.table.first)
        #expect(Array(header.suffix(5)) == ["STATUS", "DIGEST", "REVISION", "NEXT-WINDOW", "URL"])
        #expect(wide.contains(current.code.digest) && wide.contains(current.model.digest))
    }

    /// The API server is killed and started again; what happened meanwhile is noticed.
    private func serverRestarts(
        _ plane: ControlPlane,
        _ own: OwnControlPlane,
        _ upstreams: Upstreams
    ) async throws {
        try await own.envtest("signal", "kube-apiserver", "STOP")
        try await upstreams.push("1043", to: repository)
        try await own.envtest("restart", "kube-apiserver", "KILL")
        try await runs(plane, "1043")
        try await ready(plane)
    }

    private func deletion(_ plane: ControlPlane) async throws {
        try await plane.kubectl("delete", Self.app, "-n", "prod", "--wait", "--timeout=30s")
        try await eventually("everything that was owned is collected") {
            for resource in [Deployment.resource, Service.resource, ControllerRevision.resource, .replicaSets] {
                let list = try JSONValue(parsing: try await plane.client.getRaw(resource.path(namespace: "prod")))
                if list["items"]?.array?.isEmpty == false { return false }
            }
            return true
        }
        #expect(try await plane.client.get(Secret.self, ObjectKey(namespace: "prod", name: "blob-key")) != nil)
    }

    // MARK: Looking

    private var key: ObjectKey { ObjectKey(namespace: "prod", name: "image-classifier") }

    /// Nil also while the server is being restarted.
    private func app(_ plane: ControlPlane) async throws -> ModelApp? {
        do {
            return try await plane.client.get(ModelApp.self, key)
        } catch {
            guard error.code == .transport || error.code == .timeout else { throw error }
            return nil
        }
    }

    private func describe(_ plane: ControlPlane) async throws -> String {
        try await plane.kubectl("describe", Self.app, "-n", "prod", mayFail: true)
    }

    /// As a pipeline waits for a release.
    private func ready(_ plane: ControlPlane) async throws {
        let output = try await plane.kubectl(
            "wait",
            "--for=condition=Ready",
            Self.app,
            "-n",
            "prod",
            "--timeout=60s",
            mayFail: true
        )
        guard output.contains("condition met") else {
            throw NotReached(description: "\(output)\n\(try await describe(plane))")
        }
    }

    private func runs(_ plane: ControlPlane, _ tag: String) async throws {
        try await eventually("code \(tag) runs", about: { try await describe(plane) }) {
            guard let status = try await app(plane)?.status else { return false }
            return status.release?.current?.code.tag == tag && status.condition("Ready")?.isTrue == true
                && status.condition("Reconciling") == nil
        }
    }

    private func status(of server: HTTPURL, _ path: String, _ plane: ControlPlane) async throws -> Int? {
        var url = server
        url.path = path
        do {
            return try await plane.pool.transport().withResponse(to: url.request(), body: nil, timeouts: .call) {
                response,
                _ in response.status.code
            }
        } catch is HTTPTransportError {
            return nil  // it does not listen yet
        }
    }

    /// The tutorial as it is committed, with the addresses of this machine.
    private func tutorial(_ blobs: Blobs, _ upstreams: Upstreams) throws -> String {
        let file = ControlPlane.root + "/manifests/examples/tutorial.yaml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let image = "image: acrforblog.azurecr.io/model-api\n"
        let account = "account: devopsblogstorage\n"
        let baked = "repository: acrforblog.azurecr.io/model-api-baked\n"
        try #require([image, account, baked].allSatisfy(text.contains), "the tutorial has changed")
        return text.replacingOccurrences(
            of: image,
            with: "image: \(upstreams.registry)/\(repository)\n    tls: {plainHTTP: true}\n"
        ).replacingOccurrences(of: account, with: account + "      endpoint: \(blobs.url)\n")
            .replacingOccurrences(of: baked, with: "repository: \(upstreams.registry)/\(repository)-baked\n")
    }
}

/// Azure Blob Storage, emulated in this process: it verifies shared keys exactly.
private struct Blobs: Sendable {
    let folder: TemporaryFolder
    let key: String
    let url: String

    func upload(_ name: String, _ text: String) throws { try folder.write(text + "\n", to: "pretrainedmodel/" + name) }
}

private func withBlobStore(_ body: @Sendable (Blobs) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let access = EmulatedAzureBlob.Access(
        account: "devopsblogstorage",
        key: (0..<32).map { _ in UInt8.random(in: 0...255) }
    )
    let store = try EmulatedAzureBlob(access, folder: folder.path, time: .system)
    let server = LoopbackServer(store, logger: Logger(label: "blobs") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        defer { group.cancelAll() }
        let url = try await server.url().origin + "/devopsblogstorage"
        try await body(Blobs(folder: folder, key: access.encodedKey, url: url))
    }
}

private func freePort() async throws -> String {
    let ports = try await Tool(path: ControlPlane.root + "/scripts/free-ports").run(["1"])
    return ports.output.trimmingCharacters(in: .whitespacesAndNewlines)
}

extension String {
    /// The cells of a table as kubectl prints it; empty cells are not there.
    fileprivate var table: [[String]] {
        split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init) }
    }
}
