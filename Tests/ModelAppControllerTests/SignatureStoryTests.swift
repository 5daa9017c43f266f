import Artifacts
import DevCluster
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Selection
import TestSupport
import Testing

/// What `spec.verification` lets run, and what it says of the rest.
@Suite struct SignatureStoryTests {
    private static let byKey: JSONValue = ["code": ["cosign": ["keyRef": ["name": "cosign"]]]]
    private static let byNotation: JSONValue = [
        "code": [
            "notation": ["trustStoreRef": ["name": "roots"], "trustedIdentities": ["x509.subject: O=Example, CN=ci"]]
        ]
    ]
    private static let signedModel: JSONValue = ["model": ["signature": ["keyRef": ["name": "model-key"]]]]
    private static let fetching: JSONValue = ["mode": "InitContainer", "fetch": ["image": "modelapp:1"]]

    /// The resolution as `modelapp why` gets it.
    private func resolution(_ cluster: Cluster) async throws -> Resolution {
        let app = try #require(try await cluster.client.get(ModelApp.self, Cluster.key()))
        let network = cluster.network
        let resolver = Resolver(
            client: cluster.client,
            access: SourceAccess(
                transport: { _ in network },
                allowedEndpoints: [Cluster.registryHost, Cluster.storeHost],
                random: { 0.5 }
            ),
            time: cluster.time
        )
        let observation = Observation(app: app, deployment: nil, service: nil, releases: [])
        return await resolver.resolve(app, observation: observation).resolution
    }

    @Test(arguments: ["cosign-2.5", "cosign-3.1"])
    func theNewestSignedImageRunsAndWhySaysWhatTheNewerOneLacks(fixture: String) async throws {
        try await Cluster.with { cluster in
            let image = try SignedFixture(fixture)
            try await cluster.install(image, as: "1")
            try await cluster.push("2")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createSecret("cosign", files: ["cosign.pub": "cosign.pub"])
            try await cluster.create(verification: Self.byKey)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                #expect(cluster.live()?.image == "registry.test/api@\(image.image)")
                let rejected = try #require(try await resolution(cluster).code.outcome).explanation(choosing: "1")
                let newer = try #require(rejected.first { $0.name == "2" })
                #expect(newer.reason == .unverified(reason: "it has no signature by cosign"))
            }
        }
    }

    @Test func anImageThatIsSignedLaterIsTakenThen() async throws {
        try await Cluster.with { cluster in
            let image = try SignedFixture("cosign-3.1")
            try await cluster.install(image, as: "1", signed: false)
            try cluster.uploadVersion("1.0.0")
            try await cluster.createSecret("cosign", files: ["cosign.pub": "cosign.pub"])
            try await cluster.create(verification: Self.byKey)
            try await cluster.withOperator {
                try await cluster.eventually("the image is refused") {
                    cluster.says("CodeResolved", false, "VerificationFailed", ["no signature by cosign", "tags of"])
                }
                #expect(cluster.live() == nil)
                try await cluster.install(image, as: "1")
                try await cluster.converges(code: "1", model: "1.0.0")
            }
        }
    }

    @Test func withoutTheSecretOrWithAnotherKeyNothingRuns() async throws {
        try await Cluster.with { cluster in
            try await cluster.install(SignedFixture("cosign-2.5"), as: "1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create(verification: Self.byKey)
            try await cluster.withOperator {
                try await cluster.eventually("the Secret is missed") {
                    cluster.says("CodeResolved", false, "SecretNotFound", ["spec.verification.code.cosign.keyRef"])
                }
                try await cluster.createSecret("cosign", ["cosign.pub": "no key"])
                try await cluster.eventually("the Secret is refused") {
                    cluster.says("CodeResolved", false, "InvalidSecret", ["Secret cosign cosign.pub", "no public key"])
                }
                try await cluster.createSecret("cosign", files: ["cosign.pub": "model-p256.pub"])
                try await cluster.eventually("the signature is refused") {
                    cluster.says("CodeResolved", false, "VerificationFailed", ["the signature is not one of the P-256"])
                }
                #expect(cluster.live() == nil)
                try await cluster.createSecret("cosign", files: ["cosign.pub": "cosign.pub"])
                try await cluster.converges(code: "1", model: "1.0.0")
            }
        }
    }

    @Test func notationWantsItsIdentity() async throws {
        try await Cluster.with { cluster in
            try await cluster.install(SignedFixture("notation-1.3-ci384"), as: "1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createSecret("roots", files: ["ca.crt": "certificates/root.pem"])
            try await cluster.create(verification: Self.byNotation)
            try await cluster.withOperator {
                try await cluster.eventually("another identity is refused") {
                    cluster.says("CodeResolved", false, "VerificationFailed", ["CN=ci384", "none of the identities"])
                }
                try await cluster.install(SignedFixture("notation-1.3-ci"), as: "1")
                try await cluster.converges(code: "1", model: "1.0.0")
            }
        }
    }

    @Test func theNewestSignedModelRunsAndItsPodsAreBoundToTheListThatIsSigned() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadSigned("1.0.0", signature: "model-p256.sig")
            try cluster.uploadSigned("2.0.0", signature: nil)
            try cluster.uploadSigned("3.0.0", signature: "model-p384.sig")
            try await cluster.createSecret("model-key", files: ["model.pub": "model-p256.pub"])
            try await cluster.create(delivery: Self.fetching, verification: Self.signedModel)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                let deployment = try #require(cluster.api.object(Deployment.resource, Cluster.key()))
                let fetch = deployment["spec"]?["template"]?["spec"]?["initContainers"]?[0]?["args"]?.array
                let arguments = (fetch ?? []).compactMap(\.string)
                let place = try #require(arguments.firstIndex(of: "--signature"))
                #expect(arguments[place + 1] == "model.sig")
                #expect(arguments.contains(cluster.live()?.revision ?? "none"))

                let outcome = try #require(try await resolution(cluster).model.outcome)
                let reasons = Dictionary(
                    outcome.explanation(choosing: "1.0.0/").map { ($0.name, $0.reason.sentence) },
                    uniquingKeysWith: { first, _ in first }
                )
                #expect(reasons["2.0.0/"] == "fails verification: it has no signature model.sig")
                #expect(reasons["3.0.0/"]?.contains("the signature is not one of the P-256 key") == true)

                // The signature of a version that was there comes later.
                try cluster.upload("resnet/2.0.0/model.sig", SignedFixture.bytes("model-p256.sig"))
                try await cluster.eventually("2.0.0 is the latest") {
                    cluster.status()?.model?.latest?.version == "2.0.0"
                }
            }
        }
    }

    @Test func aModelThatNobodyReadsForThePodCannotBeVerified() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadSigned("1.0.0", signature: "model-p256.sig")
            try await cluster.createSecret("model-key", files: ["model.pub": "model-p256.pub"])
            try await cluster.create(verification: Self.signedModel)
            try await cluster.withOperator {
                try await cluster.eventually("the spec is refused") {
                    cluster.says("Stalled", true, "InvalidSpec", ["spec.verification.model", "delivery.mode"])
                }
                #expect(cluster.live() == nil)
            }
        }
    }

    @Test func aManifestAsProofIsWantedInEveryVersion() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try cluster.uploadVersion("2.0.0")
            let hashes: JSONValue = [
                "weights.bin": .string(String(repeating: "a", count: 64)),
                "labels.txt": .string(String(repeating: "b", count: 64)),
            ]
            try cluster.upload("resnet/1.0.0/SHA.json", hashes.canonicalText)
            try await cluster.create(
                delivery: Self.fetching,
                verification: ["model": ["manifest": "SHA.json"]]
            )
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                #expect(cluster.status()?.model?.latest?.identity == "Manifest")
            }
        }
    }
}
