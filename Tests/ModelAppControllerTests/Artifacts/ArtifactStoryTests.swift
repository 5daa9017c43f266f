import Artifacts
import ContainerRegistry
import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// `model.oci` as users see it.
@Suite struct ArtifactStoryTests {
    private static let repository = "models/resnet"

    private func create(
        _ cluster: Cluster,
        select: JSONValue = ["semver": [:]],
        delivery: JSONValue = ["mode": "InitContainer", "fetch": ["image": "fetch:1"]],
        rollout: JSONValue = [:],
        model more: JSONValue = [:]
    ) async throws {
        var model = more.object ?? [:]
        model["oci"] = ["repository": .string("\(Cluster.registryHost)/\(Self.repository)")]
        model["versions"] = ["select": select]
        let spec: JSONValue = [
            "interval": "1s", "rollout": rollout, "model": .object(model), "delivery": delivery,
            "code": ["image": .string("\(Cluster.registryHost)/api"), "select": ["numerical": [:]]],
            "target": ["own": ["replicas": 2, "template": Cluster.plainTemplate]],
        ]
        try await cluster.apply(ApplyStep(ModelApp.resource, Cluster.key(), ["spec": spec]))
    }

    @discardableResult
    private func push(_ cluster: Cluster, _ tag: String, _ artifact: TestArtifact? = nil) async throws -> String {
        let made = artifact ?? .files(["weights.bin": Array("weights \(tag)".utf8), "labels.txt": [1]])
        return try await made.push(
            tag,
            to: Self.repository,
            over: InProcessTransport(to: cluster.registry),
            origin: HTTPURL(scheme: "https", host: Cluster.registryHost)
        )
    }

    private func withApp(
        select: JSONValue = ["semver": [:]],
        delivery: JSONValue = ["mode": "InitContainer", "fetch": ["image": "fetch:1"]],
        rollout: JSONValue = [:],
        _ body: (Cluster) async throws -> Void
    ) async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try await push(cluster, "1.0.0")
            try await create(cluster, select: select, delivery: delivery, rollout: rollout)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await body(cluster)
            }
        }
    }

    @Test func theNewestTagRunsByTheDigestOfItsManifest() async throws {
        try await withApp { cluster in
            let digest = try await push(cluster, "1.1.0")
            // Signatures lie beside artifacts as they do beside images.
            try await push(cluster, "sha256-\(digest.dropFirst(7)).sig")
            try await cluster.converges(code: "1", model: "1.1.0")
            let live = try #require(cluster.live())
            #expect(live.revision == digest)
            let latest = try #require(cluster.status()?.model?.latest)
            #expect(latest.identity == "Manifest" && latest.objects == 2 && latest.bytes == 14)
            #expect(cluster.status()?.release?.current?.restorable == true)
        }
    }

    @Test func thePodFetchesByDigestWithTheKeysOfTheSecret() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            let digest = try await push(cluster, "1.0.0")
            try await cluster.createSecret("pull", [".dockerconfigjson": #"{"auths":{}}"#])
            try await create(cluster, model: ["auth": ["secretRef": ["name": "pull"]]])
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                let pod = cluster.api.object(Deployment.resource, Cluster.key())?["spec"]?["template"]?["spec"]
                let fetch = pod?["initContainers"]?[0]
                let arguments = (fetch?["args"]?.array ?? []).compactMap(\.string)
                #expect(arguments.contains(digest))
                let source = #"{"oci":{"repository":"registry.test/models/resnet"}"#
                #expect(arguments.contains { $0.hasPrefix(source) }, "\(arguments)")
                #expect(arguments.contains("/modelapp-registry/config.json"))
                let volume = pod?["volumes"]?.array?.first { $0["name"]?.string == "modelapp-registry" }
                #expect(volume?["secret"]?["secretName"]?.string == "pull")
                #expect(volume?["secret"]?["optional"]?.bool == true)
            }
        }
    }

    @Test func aTagThatIsMovedIsANewReleaseAndTheOldOneStaysRestorable() async throws {
        try await withApp(select: ["tag": ["name": "1.0.0"]]) { cluster in
            let first = try #require(cluster.live())
            let moved = try await push(cluster, "1.0.0", .files(["weights.bin": [9]]))
            try await cluster.eventually("the moved tag runs") {
                cluster.live()?.revision == moved && cluster.condition("Reconciling") == nil
            }
            #expect(cluster.releases().map(\.release.restorable) == [true, true])
            #expect(cluster.releases().first?.release.model.digest == first.revision)
        }
    }

    @Test func whatIsNoModelIsPassedOverAndSaidToBe() async throws {
        try await withApp { cluster in
            let layer = TestArtifact.Layer(bytes: [1], mediaType: "application/octet-stream")
            try await push(cluster, "2.0.0", TestArtifact(layers: [layer]))
            try await push(cluster, "1.2.0")
            try await cluster.converges(code: "1", model: "1.2.0")
            #expect(cluster.condition("ModelResolved")?.isTrue == true)
        }
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try await push(cluster, "1.0.0", TestArtifact(layers: [.oras("../evil", [1])]))
            try await create(cluster)
            try await cluster.withOperator {
                try await cluster.eventually("it says why") {
                    cluster.says("ModelResolved", false, "NoCandidate", ["1.0.0", "no name below a folder"])
                }
            }
        }
    }

    @Test func aVersionWaitsForItsAgeSinceItWasFirstSeen() async throws {
        try await withApp(rollout: ["minAge": "40s"]) { cluster in
            try await push(cluster, "1.1.0")
            try await cluster.eventually("it is watched") {
                cluster.status()?.model?.waiting.map(\.tag) == ["1.1.0"]
            }
            #expect(cluster.live()?.version == "1.0.0")
            try await cluster.converges(code: "1", model: "1.1.0")
            try await cluster.eventually("nothing waits") { cluster.status()?.model?.waiting.isEmpty == true }
        }
    }

    @Test func itIsBakedFromItsFilesAndAnArchiveIsPassedOver() async throws {
        let baked: JSONValue = ["mode": "Baked", "baked": ["repository": "registry.test/baked"]]
        try await withApp(delivery: baked) { cluster in
            let archive = try await TestArchive.make(["weights.bin": [1]])
            try await push(cluster, "2.0.0", TestArtifact(layers: [.modelKit(archive)]))
            let digest = try await push(cluster, "1.1.0")
            try await cluster.converges(code: "1", model: "1.1.0")
            let live = try #require(cluster.live())
            #expect(live.image.hasPrefix("registry.test/baked@sha256:"))
            #expect(live.revision == digest)
        }
    }

    @Test func aRegistryThatIsGoneLeavesWhatRuns() async throws {
        try await withApp { cluster in
            let before = try #require(cluster.live())
            try await cluster.edit(spec: ["model": ["oci": ["repository": "registry.gone.test/models/resnet"]]])
            try await cluster.eventually("it says so") {
                cluster.says("ModelResolved", false, "RegistryUnavailable", ["spec.model.oci.repository"])
            }
            #expect(cluster.live()?.revision == before.revision)
        }
    }

    @Test func aConvergedAppListsTheTagsOnceAnIntervalAndWritesNothing() async throws {
        try await withApp { cluster in
            try await cluster.eventually("it rests") { cluster.condition("Ready")?.reason == "Converged" }
            let listings = { cluster.network.requests.count { $0.contains("models/resnet/tags/list") } }
            let (start, version) = (listings(), cluster.api.resourceVersion)
            try await cluster.eventually("four looks") { listings() >= start + 4 }
            #expect(cluster.api.resourceVersion == version)
        }
    }
}
