import Artifacts
import JSON
import TestSupport
import Testing
import Trust

@Suite struct CosignSignatureTests {
    static let bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

    /// The signature of a `.sig` image.
    struct Simple {
        var payload: [UInt8]
        var annotations: [String: String]
        var image: Digest

        init(_ fixture: String) throws {
            let signed = try SignedFixture(fixture)
            let layer = try #require(signed.layers(CosignSignature.payloadMediaType).first)
            (payload, annotations, image) = (layer.content, layer.annotations, signed.image)
        }

        @discardableResult
        func verify(_ trust: SignerTrust, at now: Timestamp = Signers.now) throws -> SignerTrust.Signer {
            try CosignSignature.verify(payload: payload, annotations: annotations, of: image, by: trust, at: now)
        }
    }

    /// The bundle of a referrer.
    struct Bundle {
        var json: JSONValue
        var image: Digest

        init(_ fixture: String) throws {
            let signed = try SignedFixture(fixture)
            json = try JSONValue(parsing: #require(signed.layers(bundleType).first).content)
            image = signed.image
        }

        @discardableResult
        func verify(_ trust: SignerTrust, at now: Timestamp = Signers.now) throws -> SignerTrust.Signer {
            try CosignSignature.verify(bundle: json.canonicalBytes, of: image, by: trust, at: now)
        }
    }

    @Test func bothFormsAreAcceptedWithTheKey() throws {
        let trust = try Signers.key("cosign.pub")
        #expect(try Simple("cosign-2.5").verify(trust).validUntil == nil)
        #expect(try Bundle("cosign-3.1").verify(trust).description.hasPrefix("P-256 key "))
    }

    @Test(arguments: ["ci@example.org", "https://example.org/ci", "x509.subject: O=Example, CN=ci.cosign", "*"])
    func bothFormsAreAcceptedWithACertificateOfTheIdentity(identity: String) throws {
        // A bundle of cosign 3 holds no certificate above the signer's: the store has the one between.
        let trust = try Signers.certificates("root", "middle", identities: [identity])
        #expect(try Simple("cosign-2.5-ci").verify(trust).validUntil != nil)
        #expect(try Bundle("cosign-3.1-ci").verify(trust).validUntil != nil)
    }

    @Test(arguments: [
        "ci@example.com", "i@example.org", "x509.subject: CN=ci", "x509.subject: O=Example, CN=ci2.cosign",
    ])
    func anotherIdentityIsRefused(identity: String) throws {
        let trust = try Signers.certificates("root", "middle", identities: [identity])
        expectRefusal(.untrusted, "none of the identities") { try Simple("cosign-2.5-ci").verify(trust) }
        expectRefusal(.untrusted, "none of the identities") { try Bundle("cosign-3.1-ci").verify(trust) }
    }

    @Test func anotherKeyIsRefused() throws {
        let trust = try Signers.key("model-p256.pub")
        expectRefusal(.badSignature) { try Simple("cosign-2.5").verify(trust) }
        expectRefusal(.badSignature) { try Bundle("cosign-3.1").verify(trust) }
        let other = try Signers.key("model-p384.pub")
        expectRefusal(.badSignature) { try Simple("cosign-2.5").verify(other) }
    }

    @Test func theKeyOfACertificateIsNoSubstituteForTheKeyThatIsTrusted() throws {
        expectRefusal(.badSignature) { try Bundle("cosign-3.1-ci").verify(Signers.key("cosign.pub")) }
        expectRefusal(.badSignature) { try Simple("cosign-2.5-ci").verify(Signers.key("cosign.pub")) }
    }

    @Test func anExpiredCertificateAndAnotherRootAreRefused() throws {
        let trust = try Signers.certificates("root", "middle")
        expectRefusal(.untrusted, "expired") { try Simple("cosign-2.5-expired").verify(trust) }
        expectRefusal(.untrusted, "expired") { try Bundle("cosign-3.1-expired").verify(trust) }
        let other = try Signers.certificates("otherroot")
        expectRefusal(.untrusted) { try Simple("cosign-2.5-ci").verify(other) }
        expectRefusal(.untrusted) { try Bundle("cosign-3.1-ci").verify(other) }
    }

    @Test func aSignatureWithoutACertificateIsNoneOfCertificates() throws {
        let trust = try Signers.certificates("root", "middle")
        expectRefusal(.untrusted, "without a certificate") { try Simple("cosign-2.5").verify(trust) }
        expectRefusal(.untrusted, "without a certificate") { try Bundle("cosign-3.1").verify(trust) }
    }

    @Test func aSignatureOfAnotherImageIsRefused() throws {
        let trust = try Signers.key("cosign.pub")
        var simple = try Simple("cosign-2.5")
        simple.image = try Digest("sha256:" + String(repeating: "0", count: 64))
        expectRefusal(.otherSubject) { try simple.verify(trust) }
        var bundle = try Bundle("cosign-3.1")
        bundle.image = simple.image
        expectRefusal(.otherSubject) { try bundle.verify(trust) }
    }

    @Test func everyFlippedBitOfASignedPayloadIsNoticed() throws {
        let trust = try Signers.key("cosign.pub")
        let whole = try Simple("cosign-2.5")
        for index in whole.payload.indices {
            var broken = whole
            broken.payload[index] ^= 1 << UInt8(index % 8)
            expectRefusal(.badSignature) { try broken.verify(trust) }
        }
        for count in [0, 1, whole.payload.count - 1] {
            var broken = whole
            broken.payload = Array(whole.payload.prefix(count))
            expectRefusal(.badSignature) { try broken.verify(trust) }
        }
    }

    @Test func everyFlippedBitOfASignatureIsNoticed() throws {
        let trust = try Signers.key("cosign.pub")
        let whole = try Simple("cosign-2.5")
        let signature = try #require(Base64.decode(whole.annotations[CosignSignature.signatureAnnotation] ?? ""))
        for index in signature.indices {
            for bit in 0..<8 {
                var bytes = signature
                bytes[index] ^= 1 << UInt8(bit)
                var broken = whole
                broken.annotations[CosignSignature.signatureAnnotation] = Base64.encode(bytes)
                expectRefusal(.badSignature) { try broken.verify(trust) }
            }
        }
    }

    @Test(arguments: [nil, "", "!", "MEUC"])
    func anAnnotationThatIsNoSignatureIsRefused(text: String?) throws {
        var broken = try Simple("cosign-2.5")
        broken.annotations[CosignSignature.signatureAnnotation] = text
        expectRefusal { try broken.verify(Signers.key("cosign.pub")) }
    }

    /// What may be done to a bundle by somebody without the key.
    static let bundleTamperings: [(String, @Sendable (inout JSONValue) -> Void)] = [
        ("another payload", { $0["dsseEnvelope"]?["payload"] = .string(Base64.encode(Array("{}".utf8))) }),
        ("an empty payload", { $0["dsseEnvelope"]?["payload"] = "" }),
        ("another payload type", { $0["dsseEnvelope"]?["payloadType"] = "application/json" }),
        ("no signatures", { $0["dsseEnvelope"]?["signatures"] = [] }),
        ("an empty signature", { $0["dsseEnvelope"]?["signatures"] = [["sig": ""]] }),
        (
            "two signatures",
            { bundle in
                let one = bundle["dsseEnvelope"]?["signatures"]?[0] ?? .null
                bundle["dsseEnvelope"]?["signatures"] = [one, one]
            }
        ),
        ("no envelope", { $0["dsseEnvelope"] = nil }),
        (
            "a signature of a message instead",
            { bundle in
                bundle["messageSignature"] = ["signature": "AAAA"]
                bundle["dsseEnvelope"] = nil
            }
        ),
        ("another media type", { $0["mediaType"] = "application/vnd.dev.sigstore.bundle.v9+json" }),
        ("nothing", { $0 = .object([:]) }),
        ("no object", { $0 = .array([]) }),
    ]

    @Test(arguments: 0..<bundleTamperings.count)
    func aBundleThatWasTamperedWithIsRefused(index: Int) throws {
        var bundle = try Bundle("cosign-3.1")
        Self.bundleTamperings[index].1(&bundle.json)
        expectRefusal { try bundle.verify(Signers.key("cosign.pub")) }
    }

    @Test func aTruncatedBundleIsRefused() throws {
        let bundle = try Bundle("cosign-3.1")
        let (bytes, trust) = (bundle.json.canonicalBytes, try Signers.key("cosign.pub"))
        for count in stride(from: 0, to: bytes.count, by: 37) {
            expectRefusal(.malformed) {
                _ = try CosignSignature.verify(
                    bundle: Array(bytes.prefix(count)),
                    of: bundle.image,
                    by: trust,
                    at: Signers.now
                )
            }
        }
    }

    @Test func anotherStatementByTheSameKeyIsNoSignature() throws {
        // A model's signature is a statement in the same envelope; as the signature of an image it does not count.
        let bundle = try SignedFixture.bytes("model-p256.sig")
        let image = try SignedFixture("cosign-3.1").image
        expectRefusal(.otherSubject, "no signature of an image") {
            _ = try CosignSignature.verify(
                bundle: bundle,
                of: image,
                by: Signers.key("model-p256.pub"),
                at: Signers.now
            )
        }
    }
}
