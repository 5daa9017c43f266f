import Artifacts
import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

@testable import ModelAppController

/// `model.mlflow` as users see it, against our server and the real one.
@Suite(.timeLimit(.minutes(3)))
struct MLflowStoryTests {
    private static let host = "mlflow.test"

    /// An app that takes the champion of a model, whose first version is it.
    private func withApp(
        _ kind: MLflowKind,
        _ files: [String: [UInt8]] = MLflowServerTests.files,
        model more: JSONValue = [:],
        rollout: JSONValue = [:],
        _ body: (Cluster, MLflowPeer, String) async throws -> Void
    ) async throws {
        try await kind.withPeer { peer in
            let name = MLflowKind.name()
            try await peer.createModel(name)
            let first = try await peer.register(files, as: name)
            try await peer.set("champion", of: name, to: first)
            try await Cluster.with { cluster in
                cluster.network.connect(Self.host, to: MLflowRelay(peer: peer))
                try await cluster.push("1")
                var model = more.object ?? [:]
                model["mlflow"] = [
                    "url": .string("https://\(Self.host)"), "model": .string(name), "alias": "champion",
                ]
                let spec: JSONValue = [
                    "interval": "1s", "rollout": rollout, "model": .object(model),
                    "delivery": ["mode": "InitContainer", "fetch": ["image": "fetch:1"]],
                    "code": ["image": .string("\(Cluster.registryHost)/api"), "select": ["numerical": [:]]],
                    "target": ["own": ["replicas": 2, "template": Cluster.plainTemplate]],
                ]
                try await cluster.apply(ApplyStep(ModelApp.resource, Cluster.key(), ["spec": spec]))
                try await cluster.withOperator {
                    try await cluster.converges(code: "1", model: first)
                    try await body(cluster, peer, name)
                }
            }
        }
    }

    @Test(arguments: MLflowKind.available)
    func anAliasThatMovesIsANewRelease(_ kind: MLflowKind) async throws {
        try await withApp(kind) { cluster, peer, name in
            let status = try #require(cluster.status()?.model?.latest)
            #expect(status.version == "1" && status.digest.hasPrefix("etag:") && status.identity == "Version")
            #expect(status.objects == 4 && status.modifiedAt != nil)
            #expect(cluster.status()?.release?.current?.restorable == true)
            let second = try await peer.register(["MLmodel": Array("model_uuid: 2\n".utf8), "x": [1]], as: name)
            try await Task.sleep(for: .milliseconds(100))
            #expect(cluster.live()?.version == "1", "a version that no alias names is none of ours")
            try await peer.set("champion", of: name, to: second)
            try await cluster.converges(code: "1", model: second)
            // Back to the first: the alias says so, and it has the digest that it had.
            try await peer.set("champion", of: name, to: "1")
            try await cluster.converges(code: "1", model: "1")
            #expect(cluster.live()?.revision == status.digest)
        }
    }

    @Test(arguments: MLflowKind.available)
    func whatAPodFetchesIsTheVersionOfItsRelease(_ kind: MLflowKind) async throws {
        try await withApp(kind) { cluster, peer, name in
            let pod = cluster.api.object(Deployment.resource, Cluster.key())?["spec"]?["template"]?["spec"]
            let arguments = (pod?["initContainers"]?[0]?["args"]?.array ?? []).compactMap(\.string)
            func argument(_ name: String) -> String? {
                arguments.firstIndex(of: name).map { arguments[$0 + 1] }
            }
            let second = try await peer.register(["MLmodel": [1]], as: name)
            try await peer.set("champion", of: name, to: second)
            try await cluster.converges(code: "1", model: second)

            let folder = try TemporaryFolder()
            let source = try ModelSource(json: try JSONValue(parsing: try #require(argument("--source"))))
            let digest = try #require(argument("--digest"))
            let network = cluster.network
            let access = SourceAccess(transport: { _ in network }, allowedEndpoints: [Self.host], random: { 0.5 })
            let fetcher = ModelFetcher(access: access, time: cluster.time, reportingEvery: .seconds(5)) { _ in }
            let version = try #require(argument("--model-version"))
            #expect(version == "1")
            try await fetcher.fetch(
                .init(source: source, version: version, digest: digest, folder: folder.path + "/model"),
                keys: [:]
            )
            for (file, bytes) in MLflowServerTests.files {
                let there = FileManager.default.contents(atPath: "\(folder.path)/model/\(file)").map { Array($0) }
                #expect(there == bytes, "\(file)")
            }
            // Written over behind the registry's back: the description or a size tells, and nothing is fetched.
            let path = try #require(
                try await peer.call(
                    .get,
                    "model-versions/get-download-uri?name=\(HTTPURL.encode(name))&version=1",
                    [:]
                )["artifact_uri"]?.string
            )
            try await peer.put(Array("model_uuid: evil\n".utf8), at: "\(path.dropFirst(18))/MLmodel")
            let failure = await #expect(throws: ModelFetcher.Failure.self) {
                try await fetcher.fetch(
                    .init(source: source, version: version, digest: digest, folder: folder.path + "/other"),
                    keys: [:]
                )
            }
            #expect(failure?.reason == "ModelBytesGone")
        }
    }

    @Test(arguments: MLflowKind.available)
    func pinAndSkipCountByTheNumberOfTheVersion(_ kind: MLflowKind) async throws {
        try await withApp(kind) { cluster, peer, name in
            let second = try await peer.register(["MLmodel": [2]], as: name)
            try await cluster.editSeen(spec: ["rollout": ["pin": ["model": .string(second)]]])
            try await cluster.converges(code: "1", model: second)
            let third = try await peer.register(["MLmodel": [3]], as: name)
            try await cluster.editSeen(
                spec: ["rollout": ["pin": .null, "skip": ["model": [.string(third)]]]]
            )
            try await cluster.converges(code: "1", model: "1")
            try await peer.set("champion", of: name, to: third)
            try await Task.sleep(for: .milliseconds(200))
            #expect(cluster.isConverged(code: "1", model: "1"))
            try await cluster.editSeen(spec: ["rollout": ["skip": .null]])
            try await cluster.converges(code: "1", model: third)
        }
    }

    @Test(arguments: MLflowKind.available)
    func anAliasThatIsNotThereIsSaidToBeAndWhatRunsStays(_ kind: MLflowKind) async throws {
        try await withApp(kind) { cluster, _, name in
            try await cluster.edit(spec: ["model": ["mlflow": ["alias": "nobody"]]])
            try await cluster.eventually("it says so") {
                cluster.says("ModelResolved", false, "NoCandidate", ["spec.model.mlflow.model", name, "nobody"])
            }
            #expect(cluster.live()?.version == "1")
        }
    }

    @Test func globsChooseAmongTheFilesOfAVersion() async throws {
        try await withApp(.emulated, model: ["excludeFiles": ["data/**"]]) { cluster, _, _ in
            #expect(cluster.status()?.model?.latest?.objects == 2)
        }
    }

    @Test func aManifestMakesContentTheIdentity() async throws {
        var files = MLflowServerTests.files
        files["MANIFEST.json"] = FetchScene.manifest(files).canonicalBytes
        try await withApp(.emulated, files, model: ["complete": ["manifest": "MANIFEST.json"]]) { cluster, _, _ in
            let status = try #require(cluster.status()?.model?.latest)
            #expect(status.digest.hasPrefix("sha256:") && status.identity == "Manifest" && status.objects == 4)
        }
    }
}
