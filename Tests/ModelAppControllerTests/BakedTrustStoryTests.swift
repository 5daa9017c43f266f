import Artifacts
import ContainerRegistry
import Crypto
import DevCluster
import Foundation
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Synchronization
import TestSupport
import Testing
import Trust

/// What gets into a baked image, and by whom it is signed.
@Suite struct BakedTrustStoryTests {
    private static let repository = "registry.test/baked"
    private static let signed: JSONValue = ["model": ["signature": ["keyRef": ["name": "model-key"]]]]

    private func create(
        _ cluster: Cluster,
        _ options: [String: JSONValue] = [:],
        repository: String = repository,
        verification: JSONValue? = nil
    ) async throws {
        let baked: JSONValue = .object(options.merging(["repository": .string(repository)]) { given, _ in given })
        try await cluster.create(delivery: ["mode": "Baked", "baked": baked], verification: verification)
    }

    private func client(_ cluster: Cluster) -> RegistryClient {
        RegistryClient(transport: cluster.network, time: cluster.time, random: { 0.5 })
    }

    /// The image that runs.
    private func reference(_ cluster: Cluster) throws -> ImageReference {
        let live = try #require(cluster.live())
        return try ImageReference(live.image)
    }

    /// The files in the model's layer of the image that runs, by their names.
    private func model(_ cluster: Cluster) async throws -> [String: [UInt8]] {
        let running = try reference(cluster)
        let manifest = try #require(try await client(cluster).manifest(running))
        guard case .image(let image) = manifest.content, let layer = image.layers.last else { return [:] }
        let tar = try #require(try await client(cluster).blob(running, layer.digest, limit: 16 << 20))
        var files: [String: [UInt8]] = [:]
        var start = 0
        while start + 512 <= tar.count, tar[start] != 0 {
            let name = String(decoding: tar[start..<start + 100].prefix { $0 != 0 }, as: UTF8.self)
            let size = try #require(Int(String(decoding: tar[start + 124..<start + 135], as: UTF8.self), radix: 8))
            if !name.hasSuffix("/") { files[name] = Array(tar[start + 512..<start + 512 + size]) }
            start += 512 + (size + 511) / 512 * 512
        }
        return files
    }

    /// What a repository is called by.
    private func tags(_ cluster: Cluster) async throws -> [String] {
        let reference = try ImageReference(Self.repository)
        do throws(RegistryError) {
            return try await client(cluster).tags(of: reference).map(\.name)
        } catch {
            #expect(error.code == .notFound)
            return []
        }
    }

    private func verdict(_ cluster: Cluster, _ key: PublicKey) async throws -> ImageVerifier.Verdict {
        let image = try reference(cluster)
        return try await ImageVerifier(.cosign, trust: SignerTrust(key: key)).verdict(
            on: try #require(image.digest),
            in: image,
            client(cluster),
            at: cluster.time.date()
        )
    }

    // MARK: Models

    @Test func onlyTheSignedFilesOfTheNewestSignedModelAreBaked() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadSigned("1.0.0", signature: "model-p256.sig")
            try cluster.upload("resnet/1.0.0/unsigned.py", "import os")
            try cluster.upload("resnet/1.0.0/DONE", "")
            try cluster.uploadSigned("2.0.0", signature: nil)
            try cluster.uploadSigned("3.0.0", signature: "model-p384.sig")
            try await cluster.createSecret("model-key", files: ["model.pub": "model-p256.pub"])
            try await create(cluster, verification: Self.signed)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                let files = try await model(cluster)
                #expect(Set(files.keys) == ["models/model.onnx", "models/weights/part-1.bin"])
                #expect(try files["models/model.onnx"] == SignedFixture.bytes("model/model.onnx"))
                #expect(try files["models/weights/part-1.bin"] == SignedFixture.bytes("model/weights/part-1.bin"))
                // The layer is called by the list that is signed.
                let revision = try #require(cluster.live()?.revision).replacing(":", with: "-")
                let layers = try await tags(cluster).filter { $0.hasPrefix("m-") }
                #expect(layers.count == 1 && layers.allSatisfy { $0.hasPrefix("m-\(revision)-") })
                #expect(!cluster.network.requests.contains { $0.contains("/2.0.0/model.onnx") })
            }
        }
    }

    /// The signature is whole, and a file beside it is not what was signed: known when its bytes are read, not before.
    @Test(arguments: ["model.onnx", "weights/part-1.bin"])
    func aModelThatWasTamperedWithIsNeverBaked(_ file: String) async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadSigned("1.0.0", signature: "model-p256.sig")
            var bytes = try SignedFixture.bytes("model/\(file)")
            bytes[bytes.count / 2] ^= 1
            try cluster.upload("resnet/1.0.0/\(file)", bytes)
            try cluster.upload("resnet/1.0.0/DONE", "")
            try await cluster.createSecret("model-key", files: ["model.pub": "model-p256.pub"])
            try await create(cluster, verification: Self.signed)
            try await cluster.withOperator {
                try await cluster.eventually("it waits, and says why") {
                    cluster.says("Ready", false, "WaitingForBake", ["WrongContent", file, "sha256"])
                }
                #expect(cluster.live() == nil)
                #expect(try await tags(cluster) == [])
                try cluster.upload("resnet/1.0.0/\(file)", SignedFixture.bytes("model/\(file)"))
                try cluster.upload("resnet/1.0.0/DONE", "")
                try await cluster.converges(code: "1", model: "1.0.0")
                #expect(try await model(cluster)["models/\(file)"] == SignedFixture.bytes("model/\(file)"))
            }
        }
    }

    /// Between the look at a signature and the bake there is time: what was chosen is what is baked, or nothing is.
    @Test(arguments: ["gone", "broken"])
    func aSignatureThatIsLostBeforeTheBakeLeavesNothing(_ loss: String) async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadSigned("1.0.0", signature: "model-p256.sig")
            try await cluster.createSecret("model-key", files: ["model.pub": "model-p256.pub"])
            try await create(cluster, verification: Self.signed)
            // The first request to the repository of images is the bake's.
            let isLost = Mutex(false)
            cluster.network.beforeEach { request in
                guard request.contains("registry.test/v2/baked/"), !isLost.withLock({ $0 }) else { return }
                isLost.withLock { $0 = true }
                if loss == "gone" {
                    try? cluster.remove("resnet/1.0.0/model.sig")
                } else {
                    try? cluster.upload("resnet/1.0.0/model.sig", "{}")
                }
            }
            try await cluster.withOperator {
                try await cluster.eventually("nothing is made of it") {
                    cluster.log.lines.contains { $0.contains("not baked") && $0.contains("Unverified") }
                }
                #expect(cluster.live() == nil)
                #expect(try await tags(cluster) == [])
                try cluster.upload("resnet/1.0.0/model.sig", SignedFixture.bytes("model-p256.sig"))
                try cluster.upload("resnet/1.0.0/DONE", "")
                try await cluster.converges(code: "1", model: "1.0.0")
            }
        }
    }

    @Test func aListOfHashesBindsWhatIsBaked() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            func list(_ weights: String) throws {
                let hash = SHA256.hash(data: Array(weights.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                let hashes: JSONValue = ["weights.bin": .string(hash.joined())]
                try cluster.upload("resnet/1.0.0/SHA.json", hashes.canonicalText)
                try cluster.upload("resnet/1.0.0/DONE", "")
            }
            try list("other weights")
            try await create(cluster, verification: ["model": ["manifest": "SHA.json"]])
            try await cluster.withOperator {
                try await cluster.eventually("the bytes are not those of the list") {
                    cluster.says("Ready", false, "WaitingForBake", ["WrongContent", "weights.bin"])
                }
                #expect(try await tags(cluster) == [])
                try list("weights 1.0.0")
                try await cluster.converges(code: "1", model: "1.0.0")
                #expect(try await model(cluster) == ["models/weights.bin": Array("weights 1.0.0".utf8)])
            }
        }
    }

    // MARK: Signatures

    @Test func anImageIsSignedBeforeItRunsAndOnlyOnce() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await create(cluster, ["sign": ["keyRef": ["name": "signing"]]])
            try await cluster.withOperator {
                try await cluster.eventually("the Secret is missed before anything is pushed") {
                    cluster.says("Ready", false, "WaitingForBake", ["spec.delivery.baked.sign.keyRef", "signing"])
                }
                #expect(try await tags(cluster) == [])
                try await cluster.createSecret("signing", ["cosign.pub": "none"])
                try await cluster.eventually("a key is missed in it") {
                    cluster.says("Ready", false, "WaitingForBake", ["InvalidSecret", "no entry ending at .key"])
                }
                let key = String(decoding: try SignedFixture.bytes("signing.key"), as: UTF8.self)
                try await cluster.createSecret("signing", ["cosign.key": key, "cosign.password": "wrong"])
                try await cluster.eventually("the password is wrong") {
                    cluster.says("Ready", false, "WaitingForBake", ["cosign.key: the password does not open"])
                }
                #expect(try await tags(cluster) == [])
                try await cluster.createSecret("signing", ["cosign.key": key, "cosign.password": "fixture"])
                try await cluster.converges(code: "1", model: "1.0.0")
                let mine = try PublicKey(pem: SignedFixture.bytes("signing.pub"))
                guard case .signed = try await verdict(cluster, mine) else {
                    Issue.record("it is not signed: \(try await verdict(cluster, mine))")
                    return
                }
                guard case .refused = try await verdict(cluster, PublicKey(pem: SignedFixture.bytes("cosign.pub")))
                else {
                    Issue.record("anybody's signature counts")
                    return
                }
                let digest = try #require(try reference(cluster).digest)
                #expect(try await tags(cluster).contains(CosignSignature.tag(of: digest)))
                // An edit of the template makes a release of the same image, which is signed already.
                cluster.network.forget()
                try await cluster.edit(spec: ["target": ["own": ["template": ["metadata": ["labels": ["a": "b"]]]]]])
                try await cluster.eventually("the other release runs") {
                    cluster.releases().count == 2 && cluster.condition("Reconciling") == nil
                }
                #expect(try reference(cluster).digest == digest)
                #expect(!cluster.network.requests.contains { $0.hasPrefix("PUT") && $0.hasSuffix(".sig") })
            }
            #expect(!cluster.log.lines.contains { $0.contains("fixture") || $0.contains("PRIVATE KEY") })
        }
    }

    /// The tag is there and its signature is not: the next attempt ends it.
    @Test func anOperatorThatEndedBeforeItSignedIsFollowedByOneThatDoes() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            let pem = P256.Signing.PrivateKey()
            try await cluster.createSecret("signing", ["ci.key": pem.pemRepresentation])
            try await create(cluster, ["sign": ["keyRef": ["name": "signing"]]])
            // No signature is let through.
            cluster.network.beforeEach { request in
                if request.contains("/manifests/r-"), request.hasPrefix("PUT") {
                    cluster.network.disconnect(Cluster.registryHost)
                }
            }
            try await cluster.withOperator {
                try await cluster.eventually("the registry is gone when the image gets its tag") {
                    cluster.log.lines.contains { $0.contains("not baked") }
                }
                #expect(cluster.live() == nil)
            }
            cluster.network.beforeEach { request in
                if request.hasPrefix("PUT"), request.hasSuffix(".sig") {
                    cluster.network.disconnect(Cluster.registryHost)
                }
            }
            cluster.network.connect(Cluster.registryHost, to: cluster.registry)
            try await cluster.withOperator {
                try await cluster.eventually("the registry is gone when it is signed") {
                    cluster.network.requests.contains { $0.hasPrefix("PUT") && $0.hasSuffix(".sig") }
                }
                #expect(cluster.live() == nil)
            }
            cluster.network.beforeEach(nil)
            cluster.network.connect(Cluster.registryHost, to: cluster.registry)
            cluster.network.forget()
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                let key = try PublicKey(pem: Array(pem.publicKey.pemRepresentation.utf8))
                guard case .signed = try await verdict(cluster, key) else {
                    Issue.record("it is not signed")
                    return
                }
                #expect(!cluster.network.requests.contains { $0.hasPrefix("PUT") && $0.contains("/manifests/r-") })
            }
        }
    }

    // MARK: The registry

    @Test func theRegistryOfTheImagesIsSpokenToByItsOwnOptions() async throws {
        try await Cluster.with { cluster in
            let host = "baked.test"
            cluster.network.connect(host, to: try EmulatedRegistry(time: cluster.time))
            cluster.network.distrust(host)
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await create(cluster, repository: "\(host)/team/baked")
            try await cluster.withOperator {
                try await cluster.eventually("the certificate is refused") {
                    cluster.says("Ready", false, "WaitingForBake", ["spec.delivery.baked.tls", host])
                }
                let options: JSONValue = ["caSecretRef": ["name": "corp-ca"]]
                try await cluster.edit(spec: ["delivery": ["baked": ["tls": options]]])
                try await cluster.eventually("its Secret is missed") {
                    cluster.says("Ready", false, "WaitingForBake", ["spec.delivery.baked.tls.caSecretRef", "corp-ca"])
                }
                cluster.network.distrust(host, false)
                #expect(cluster.network.schemes(at: host) == ["https"])
                let plain: JSONValue = ["plainHTTP": true, "caSecretRef": .null]
                try await cluster.edit(spec: ["delivery": ["baked": ["tls": plain]]])
                try await cluster.converges(code: "1", model: "1.0.0")
                #expect(cluster.network.schemes(at: host) == ["https", "http"])
                #expect(cluster.network.schemes(at: Cluster.registryHost) == ["https"])
                #expect(try reference(cluster).name == "\(host)/team/baked")
            }
        }
    }
}
