import Artifacts
import DevCluster
import Foundation
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

@testable import DevCluster
@testable import ModelAppController

/// Fixed names in a store that keeps what was there before.
@Suite(.timeLimit(.minutes(2)))
struct VersionedStoreTests {
    private func withApp(
        versioned: Bool,
        mode: String = "InitContainer",
        _ body: (Cluster) async throws -> Void
    ) async throws {
        try await Cluster.with { cluster in
            if versioned { try cluster.store.shelf.setVersioning(.enabled, of: Cluster.bucket) }
            try await cluster.push("1")
            try cluster.upload("resnet/weights.bin", "weights 1")
            try cluster.upload("resnet/labels.txt", "labels 1")
            let spec: JSONValue = [
                "interval": "1s", "code": ["image": "registry.test/api", "select": ["numerical": [:]]],
                "model": [
                    "s3": ["bucket": "models", "prefix": "resnet/", "endpoint": "https://s3.test"],
                    "objects": ["weights.bin", "labels.txt"], "complete": ["settle": "1s"],
                ],
                "delivery": ["mode": .string(mode), "fetch": ["image": "fetch:1"]],
                "target": ["own": ["replicas": 2, "template": Cluster.plainTemplate]],
            ]
            try await cluster.apply(ApplyStep(ModelApp.resource, Cluster.key(), ["spec": spec]))
            try await cluster.withOperator {
                try await runs(cluster, releases: 1)
                try await body(cluster)
            }
        }
    }

    /// Waits until so many releases were made, and the last of them runs.
    private func runs(_ cluster: Cluster, releases count: Int) async throws {
        try await cluster.eventually("release \(count) runs") {
            let releases = cluster.releases()
            return releases.count == count && releases.last?.convergedAt != nil
                && cluster.condition("Ready")?.reason == "Converged"
                && cluster.condition("Reconciling") == nil
        }
    }

    private func overwrite(_ cluster: Cluster, _ number: Int) throws {
        try cluster.upload("resnet/weights.bin", "weights \(number)")
        try cluster.upload("resnet/labels.txt", "labels \(number)")
    }

    /// The order that the init container of a release gets.
    private func order(_ release: Release, folder: String) throws -> ModelFetcher.Order {
        let arguments = (release.template["spec"]?["initContainers"]?[0]?["args"]?.array ?? [])
            .compactMap(\.string)
        func argument(_ name: String) -> String? {
            arguments.firstIndex(of: name).map { arguments[$0 + 1] }
        }
        let source = try ModelSource(json: try JSONValue(parsing: try #require(argument("--source"))))
        var order = ModelFetcher.Order(
            source: source,
            version: try #require(argument("--model-version")),
            digest: try #require(argument("--digest")),
            folder: folder
        )
        if let versions = argument("--object-versions") {
            order.objectVersions = try [String: String](parsing: Array(versions.utf8))
        }
        return order
    }

    private func fetch(_ order: ModelFetcher.Order, _ cluster: Cluster) async throws {
        let network = cluster.network
        let access = SourceAccess(
            transport: { _ in network },
            allowedEndpoints: [Cluster.storeHost],
            random: { 0.5 }
        )
        try await ModelFetcher(access: access, time: cluster.time, reportingEvery: .seconds(5)) { _ in }
            .fetch(order, keys: [:])
    }

    @Test func aReleaseReadsTheVersionsThatItWasMadeWith() async throws {
        try await withApp(versioned: true) { cluster in
            #expect(cluster.status()?.release?.current?.restorable == true)
            try overwrite(cluster, 2)
            try await runs(cluster, releases: 2)
            let releases = cluster.releases().map(\.release)
            #expect(releases.map(\.restorable) == [true, true])
            #expect(Set(releases[0].objectVersions.keys) == ["weights.bin", "labels.txt"])
            #expect(releases[0].objectVersions != releases[1].objectVersions)
            let folder = try TemporaryFolder()
            for (index, release) in releases.enumerated() {
                let order = try order(release, folder: "\(folder.path)/\(index)")
                #expect(order.objectVersions == release.objectVersions)
                try await fetch(order, cluster)
                let bytes = FileManager.default.contents(atPath: order.folder + "/weights.bin")
                #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == "weights \(index + 1)")
            }
            // A version that a rule of the bucket removed is gone, and nothing newer is taken for it.
            let version = try #require(releases[0].objectVersions["weights.bin"])
            let weights = ObjectName("resnet/weights.bin")
            _ = try cluster.store.shelf.remove(version: version, of: weights, in: Cluster.bucket)
            let failure = await #expect(throws: ModelFetcher.Failure.self) {
                try await fetch(try order(releases[0], folder: folder.path + "/gone"), cluster)
            }
            #expect(failure?.reason == "ModelBytesGone")
        }
    }

    @Test func aRollbackByHandHasItsBytesAgain() async throws {
        try await withApp(versioned: true) { cluster in
            let first = try #require(cluster.releases().first?.release)
            try overwrite(cluster, 2)
            try await runs(cluster, releases: 2)
            let second = try #require(cluster.live()?.release)
            let request: JSONValue = [
                "metadata": ["annotations": [Keys.rollback: .string("\(second) \(first.id)")]]
            ]
            let manager = FieldManager("kubectl-annotate")
            try await cluster.client.patch(
                ModelApp.resource,
                Cluster.key(),
                request,
                fieldManager: manager
            )
            try await cluster.eventually("the first release runs again") {
                cluster.live()?.release == first.id && cluster.condition("Reconciling") == nil
            }
        }
    }

    @Test(arguments: ["InitContainer", "Reference"])
    func withoutVersionsOrWithoutAFetcherTheyAreNotRestorable(_ mode: String) async throws {
        try await withApp(versioned: mode == "Reference", mode: mode) { cluster in
            let release = try #require(cluster.releases().first?.release)
            #expect(!release.restorable && release.objectVersions.isEmpty)
            #expect(cluster.condition("ModelResolved")?.message.contains("overwritten in place") == true)
        }
    }
}
