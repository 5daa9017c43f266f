import Artifacts
import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// What an upload to Azure Blob Storage means: there every upload has another entity tag, also of the same bytes.
@Suite struct AzureUploadTests {
    /// How the newest model is found.
    enum Layout: String, Sendable, CaseIterable, CustomTestStringConvertible {
        /// Fixed names, overwritten in place and complete once they have settled, as in the tutorial.
        case objects
        /// Folders, complete by a marker.
        case versions

        var testDescription: String { rawValue }
        var files: [String] {
            switch self {
            case .objects: ["resnet/weights.bin", "resnet/labels.txt"]
            case .versions: ["resnet/1.0.0/weights.bin", "resnet/1.0.0/labels.txt", "resnet/1.0.0/DONE"]
            }
        }
        var model: JSONValue {
            let source = BlobAccount.source(prefix: "resnet/")
            switch self {
            case .objects:
                return [
                    "s3": .null, "azureBlob": source, "versions": .null, "objects": ["weights.bin", "labels.txt"],
                    "complete": ["marker": .null, "settle": "2s"],
                ]
            case .versions: return ["s3": .null, "azureBlob": source]
            }
        }
    }

    @Test(arguments: Layout.allCases)
    func theSameBytesUploadedAgainWithTheirMD5AreNothingNew(_ layout: Layout) async throws {
        try await withConvergedApp(layout, .whole) { cluster, account in
            let release = try #require(cluster.live())
            try await cluster.rests()
            let before = try layout.files.map { try account.etag($0) }
            cluster.api.resetRequests()
            try await upload(layout, .whole, to: account)
            let after = try layout.files.map { try account.etag($0) }
            #expect(zip(before, after).allSatisfy { $0 != $1 }, "the store does not show that something was uploaded")
            // Far longer than it takes to settle.
            try await cluster.scans(12)
            #expect(cluster.api.requests.writes == 0)
            #expect(cluster.live() == release && cluster.releases().count == 1)
            #expect(cluster.condition("ModelResolved")?.message.contains("checksum") == false)
        }
    }

    @Test(arguments: Layout.allCases)
    func whereThereIsNoMD5TheSameBytesAreANewReleaseAndTheStatusSaysSo(_ layout: Layout) async throws {
        try await withConvergedApp(layout, .inBlocks) { cluster, account in
            #expect(
                cluster.says(
                    "ModelResolved",
                    true,
                    "Succeeded",
                    ["the store keeps no checksum of the content, so an identical upload counts as a new version"]
                )
            )
            let first = try #require(cluster.live())
            try await upload(layout, .inBlocks, to: account)
            try await cluster.eventually("there is a release of the upload") {
                let history = cluster.status()?.history ?? []
                return history.map { "\($0.cause) \($0.result)" } == ["NewModel Converged", "First Converged"]
            }
            #expect(cluster.releases().count == 2 && cluster.live()?.revision != first.revision)
        }
    }

    private func withConvergedApp(
        _ layout: Layout,
        _ kind: BlobAccount.Upload,
        _ body: (Cluster, BlobAccount) async throws -> Void
    ) async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            let account = try BlobAccount(cluster)
            try await upload(layout, kind, to: account)
            try await cluster.create()
            try await cluster.edit(spec: ["model": layout.model])
            try await cluster.withOperator {
                try await cluster.eventually("it runs") {
                    cluster.condition("Ready")?.reason == "Converged" && cluster.condition("Reconciling") == nil
                        && cluster.status()?.history.first?.result == "Converged"
                }
                try await body(cluster, account)
            }
        }
    }

    private func upload(_ layout: Layout, _ kind: BlobAccount.Upload, to account: BlobAccount) async throws {
        for name in layout.files { try await account.upload(name, "the bytes of \(name)", kind) }
    }
}
