import Artifacts
import ContainerRegistry
import Crypto
import DevCluster
import Foundation
import HTTPTransport
import JSON
import KubernetesAPI
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import TestSupport
import Testing
import Trust

/// What is written down of a release that converged, beside its image.
@Suite struct ReceiptStoryTests {
    private func create(_ cluster: Cluster, sign: Bool) async throws {
        var baked: JSONValue = ["repository": "registry.test/baked"]
        if sign { baked["sign"] = ["keyRef": ["name": "signing"]] }
        try await cluster.create(delivery: ["mode": "Baked", "baked": baked])
    }

    /// Waits until the receipt of what runs is kept, and listed as one of its image.
    private func receiptIsKept(_ cluster: Cluster) async throws {
        let release = try #require(cluster.live()).release
        try await cluster.eventually("the receipt is kept") {
            cluster.log.lines.contains { $0.hasPrefix("debug receipt kept") && $0.contains(release) }
        }
    }

    private func findings(
        _ cluster: Cluster,
        _ key: PublicKey?,
        of digest: Artifacts.Digest? = nil
    ) async throws
        -> ReceiptReader.Findings
    {
        let reference = try ImageReference(try #require(cluster.live()).image)
        let client = RegistryClient(transport: cluster.network, time: cluster.time, random: { 0.5 })
        return try await ReceiptReader(client, trust: key.map { SignerTrust(key: $0) }).receipts(
            of: try digest ?? #require(reference.digest),
            in: reference,
            at: cluster.time.date()
        )
    }

    @Test(arguments: [true, false])
    func aReleaseThatConvergedHasAReceiptThatSaysWhatRunsSinceWhen(isSigned: Bool) async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            let pem = P256.Signing.PrivateKey()
            let key = isSigned ? try PublicKey(pem: Array(pem.publicKey.pemRepresentation.utf8)) : nil
            try await cluster.createSecret("signing", ["ci.key": pem.pemRepresentation])
            try await create(cluster, sign: isSigned)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await receiptIsKept(cluster)
                let stored = try #require(cluster.releases().first)
                let client = RegistryClient(transport: cluster.network, time: cluster.time, random: { 0.5 })
                let repository = try ImageReference("registry.test/baked")
                let tag = ReceiptOrder.tag(of: stored.release.id)
                let receipt = try #require(try await client.resolve(repository, tag: tag))
                // By its image, and by itself.
                for digest in [nil, receipt] {
                    let found = try await findings(cluster, key, of: digest)
                    #expect(found.receipts.count == 1 && found.defects.isEmpty, "\(found)")
                    #expect(found.image == (try ImageReference(stored.release.image)).digest)
                    let content = try #require(found.receipts.first).content
                    #expect(content["release"]?.string == stored.release.id)
                    #expect(content["code"]?["tag"] == "1")
                    #expect(content["code"]?["digest"]?.string == stored.release.code.digest)
                    #expect(content["model"]?["version"] == "1.0.0")
                    #expect(content["model"]?["digest"]?.string == stored.release.model.digest)
                    #expect(content["convergedAt"]?.string == stored.convergedAt)
                    #expect(content["modelApp"]?["name"] == "app")
                    #expect((found.receipts.first?.signer != nil) == isSigned)
                }
                // Another key, and a key where nobody signed, prove nothing.
                let other = try PublicKey(pem: SignedFixture.bytes("cosign.pub"))
                let refused = try await findings(cluster, other, of: receipt)
                #expect(refused.receipts.isEmpty && refused.defects.count == 1)
            }
        }
    }

    @Test func aReceiptIsKeptOnceAlsoAfterARestart() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await create(cluster, sign: false)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await receiptIsKept(cluster)
                cluster.network.forget()
                for round in 1...3 { try await cluster.requestScan("\(round)") }
                #expect(!cluster.network.requests.contains { $0.contains("/v2/baked/") })
            }
            cluster.network.forget()
            try await cluster.withOperator {
                try await cluster.eventually("the new process asks once") {
                    cluster.network.requests.contains { $0.hasPrefix("HEAD") && $0.contains("/manifests/c-") }
                }
                for round in 4...6 { try await cluster.requestScan("\(round)") }
                #expect(cluster.network.requests.count { $0.contains("/manifests/c-") } == 1)
                #expect(!cluster.network.requests.contains { $0.hasPrefix("P") && $0.contains("/v2/baked/") })
            }
        }
    }

    /// A registry that fails holds no release back, and the receipt comes once it works.
    @Test func aReceiptThatCannotBeKeptIsTriedAgain() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await create(cluster, sign: false)
            cluster.network.beforeEach { request in
                if request.hasPrefix("PUT"), request.contains("/manifests/c-") {
                    cluster.network.disconnect(Cluster.registryHost)
                }
            }
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await cluster.eventually("it failed") {
                    cluster.log.lines.contains { $0.contains("no receipt kept") }
                }
                #expect(cluster.condition("Ready")?.isTrue == true)
                cluster.network.beforeEach(nil)
                cluster.network.connect(Cluster.registryHost, to: cluster.registry)
                cluster.network.forget()
                try await receiptIsKept(cluster)
                let found = try await findings(cluster, nil)
                #expect(found.receipts.count == 1)
            }
        }
    }
}
