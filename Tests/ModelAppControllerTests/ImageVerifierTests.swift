import Artifacts
import ContainerRegistry
import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing
import Trust

@testable import ModelAppController

/// Finding signatures in registries, by their interface and by the tags that stand in for it.
@Suite(.timeLimit(.minutes(1))) struct ImageVerifierTests {
    /// 2026-12-01, when the certificates of the fixtures are valid.
    private let now = Timestamp(seconds: 1_796_083_200)

    private func client(_ answer: @escaping @Sendable (String) -> FakeTransport.Answer?) -> RegistryClient {
        let transport = FakeTransport { request, _ in answer(request.path ?? "") ?? .init(404, [:], "") }
        return RegistryClient(transport: transport, time: TestClock().timeSource(), retry: .never, random: { 0 })
    }

    /// A registry that holds a fixture and does not know referrers, but for `override`.
    private func registry(
        _ fixture: SignedFixture,
        override: @escaping @Sendable (String) -> FakeTransport.Answer? = { _ in nil }
    ) -> RegistryClient {
        client { path in
            if let answer = override(path) { return answer }
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            let digest = fixture.tags[name] ?? (try? Digest(name))
            guard let digest else { return nil }
            if path.contains("/manifests/"), let manifest = fixture.manifests[digest] {
                return .init(200, [.contentType: manifest.mediaType], String(decoding: manifest.bytes, as: UTF8.self))
            }
            guard path.contains("/blobs/"), let blob = fixture.blobs[digest] else { return nil }
            return .init(200, [:], String(decoding: blob, as: UTF8.self))
        }
    }

    private func verdict(
        _ fixture: SignedFixture,
        _ client: RegistryClient,
        _ format: ImageVerifier.Format = .cosign,
        trust: SignerTrust? = nil
    ) async throws -> ImageVerifier.Verdict {
        let trust = try trust ?? SignerTrust(key: PublicKey(pem: SignedFixture.bytes("cosign.pub")))
        let repository = try ImageReference("registry.test/app")
        return try await ImageVerifier(format, trust: trust).verdict(on: fixture.image, in: repository, client, at: now)
    }

    private var roots: SignerTrust {
        get throws {
            SignerTrust(
                store: try CertificateStore(pem: SignedFixture.bytes("certificates/root.pem")),
                identities: [try CertificateIdentity("*")]
            )
        }
    }

    private func isSigned(_ verdict: ImageVerifier.Verdict) -> Bool {
        if case .signed = verdict { true } else { false }
    }

    @Test(arguments: ["cosign-2.5", "cosign-3.1"])
    func signaturesAreFoundByTheirTags(name: String) async throws {
        let fixture = try SignedFixture(name)
        #expect(isSigned(try await verdict(fixture, registry(fixture))))
    }

    @Test func notationIsFoundByItsTag() async throws {
        let fixture = try SignedFixture("notation-1.3-ci")
        #expect(isSigned(try await verdict(fixture, registry(fixture), .notation, trust: roots)))
        // A signature by another tool is none by this one.
        let reason = ImageVerifier.Verdict.refused("it has no signature by cosign")
        #expect(try await verdict(fixture, registry(fixture)) == reason)
    }

    @Test(arguments: ["cosign-2.5", "cosign-3.1"])
    func aRegistryThatFailsProvesNothing(name: String) async throws {
        let fixture = try SignedFixture(name)
        for part in ["/manifests/sha256-", "/blobs/"] {
            let broken = registry(fixture) { $0.contains(part) ? .init(500, [:], "") : nil }
            await #expect(throws: RegistryError.self, "\(part)") { try await verdict(fixture, broken) }
        }
        let denied = registry(fixture) { $0.contains("sha256-") ? .init(403, [:], "") : nil }
        await #expect(throws: RegistryError.self) { try await verdict(fixture, denied) }
    }

    @Test(arguments: ["cosign-2.5", "cosign-3.1"])
    func contentThatIsNotWhatItsDigestSaysIsNoSignature(name: String) async throws {
        let fixture = try SignedFixture(name)
        let swapped = registry(fixture) { $0.contains("/blobs/") ? .init(200, [:], "{}") : nil }
        guard case .refused(let reason) = try await verdict(fixture, swapped) else {
            Issue.record("a swapped payload was taken")
            return
        }
        #expect(reason.contains("none of its signatures by cosign counts"))
        let missing = registry(fixture) { $0.contains("/blobs/") ? .init(404, [:], "") : nil }
        #expect(!isSigned(try await verdict(fixture, missing)))
    }

    @Test func aSignatureOfAnotherImageUnderTheTagOfThisOneIsRefused() async throws {
        let fixture = try SignedFixture("cosign-2.5")
        let tag = try #require(fixture.tags.keys.first { $0.hasSuffix(".sig") })
        let other = try Digest("sha256:" + String(repeating: "5", count: 64))
        let moved = registry(fixture) { path in
            guard path.hasSuffix("sha256-\(other.hex).sig"), let digest = fixture.tags[tag],
                let manifest = fixture.manifests[digest]
            else { return nil }
            return .init(200, [.contentType: manifest.mediaType], String(decoding: manifest.bytes, as: UTF8.self))
        }
        let trust = SignerTrust(key: try PublicKey(pem: SignedFixture.bytes("cosign.pub")))
        let found = try await ImageVerifier(.cosign, trust: trust).verdict(
            on: other,
            in: ImageReference("registry.test/app"),
            moved,
            at: now
        )
        #expect(found == .refused("none of its signatures by cosign counts: the signature is of another image"))
    }

    @Test func oneGoodSignatureAmongBadOnesIsEnough() async throws {
        let (good, bad) = (try SignedFixture("cosign-3.1"), try SignedFixture("cosign-3.1-ci"))
        #expect(good.image == bad.image)
        let descriptors = (bad.manifests.keys.sorted() + good.manifests.keys.sorted()).filter { $0 != good.image }
        let entries = descriptors.compactMap { digest -> JSONValue? in
            let manifest = bad.manifests[digest] ?? good.manifests[digest]
            guard let manifest, manifest.document["manifests"] == nil else { return nil }
            return [
                "mediaType": .string(manifest.mediaType), "digest": .string(digest.description),
                "size": .integer(Int64(manifest.bytes.count)),
            ]
        }
        #expect(entries.count == 2)
        let index: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": .array(entries),
        ]
        let both = client { path in
            if path.contains("/referrers/") {
                return .init(200, [.contentType: "application/vnd.oci.image.index.v1+json"], index.canonicalText)
            }
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            guard let digest = try? Digest(name) else { return nil }
            if let manifest = bad.manifests[digest] ?? good.manifests[digest] {
                return .init(200, [.contentType: manifest.mediaType], String(decoding: manifest.bytes, as: UTF8.self))
            }
            return (bad.blobs[digest] ?? good.blobs[digest]).map {
                .init(200, [:], String(decoding: $0, as: UTF8.self))
            }
        }
        #expect(isSigned(try await verdict(good, both)))
    }
}
