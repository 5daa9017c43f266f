import Artifacts
import JSON
import TestSupport
import Testing
import Trust

@Suite struct ModelSigningBundleTests {
    private func bundle(_ name: String) throws -> ModelSigningBundle {
        try ModelSigningBundle(parsing: SignedFixture.bytes("model-\(name).sig"))
    }

    @Test(arguments: ["p256", "p384", "p521"])
    func whatModelSigningSignsWithAKeyIsAccepted(curve: String) throws {
        #expect(try bundle(curve).verify(by: Signers.key("model-\(curve).pub"), at: Signers.now).validUntil == nil)
    }

    @Test func whatModelSigningSignsWithACertificateIsAccepted() throws {
        let trust = try Signers.certificates("root", identities: ["ci@example.org"])
        #expect(try bundle("ci").verify(by: trust, at: Signers.now).description.contains("CN=ci"))
    }

    @Test func theFilesAreThoseOfTheFolderWithTheirHashes() throws {
        let files = try bundle("p256").files
        #expect(files.map(\.path) == ["model.onnx", "weights/part-1.bin"])
        for file in files {
            let folder = KeyFiles.shared
            try folder.write(SignedFixture.bytes("model/\(file.path)"), "signed-file")
            #expect(folder.openssl("dgst", "-sha256", "-binary", "-out", "signed-file.sha256", "signed-file"))
            #expect(try folder.bytes("signed-file.sha256").hexadecimal == file.sha256)
        }
    }

    @Test func anotherKeyRootOrIdentityIsRefused() throws {
        expectRefusal(.badSignature) { _ = try bundle("p256").verify(by: Signers.key("cosign.pub"), at: Signers.now) }
        expectRefusal(.badSignature) {
            _ = try bundle("p256").verify(by: Signers.key("model-p384.pub"), at: Signers.now)
        }
        expectRefusal(.untrusted) {
            _ = try bundle("ci").verify(by: Signers.certificates("otherroot"), at: Signers.now)
        }
        expectRefusal(.untrusted, "none of the identities") {
            let trust = try Signers.certificates("root", identities: ["cd@example.org"])
            _ = try bundle("ci").verify(by: trust, at: Signers.now)
        }
        expectRefusal(.untrusted, "without a certificate") {
            _ = try bundle("p256").verify(by: Signers.certificates("root"), at: Signers.now)
        }
    }

    @Test(arguments: [("expired", "expired"), ("web", "extended key usage")])
    func aCertificateThatMayNotSignIsRefused(name: String, words: String) throws {
        expectRefusal(.untrusted, words) {
            _ = try bundle(name).verify(by: Signers.certificates("root"), at: Signers.now)
        }
    }

    /// Changes what is signed, as somebody without the key can.
    private func changed(_ change: (inout JSONValue) -> Void) throws -> ModelSigningBundle {
        var json = try JSONValue(parsing: SignedFixture.bytes("model-p256.sig"))
        var statement = try JSONValue(
            parsing: #require(Base64.decodeAnyForm(json["dsseEnvelope"]?["payload"]?.string ?? ""))
        )
        change(&statement)
        json["dsseEnvelope"]?["payload"] = .string(Base64.encode(statement.canonicalBytes))
        return try ModelSigningBundle(parsing: json.canonicalBytes)
    }

    @Test func theSameStatementInOtherBytesIsNotWhatWasSigned() throws {
        let other = try changed { _ in }
        expectRefusal(.badSignature) { _ = try other.verify(by: Signers.key("model-p256.pub"), at: Signers.now) }
    }

    @Test func aStatementThatDoesNotAddUpIsRefused() throws {
        expectRefusal(.malformed, "hash of its files") {
            _ = try changed { statement in
                let resources = statement["predicate"]?["resources"]?.array ?? []
                statement["predicate"]?["resources"] = .array(resources.reversed())
            }
        }
        expectRefusal(.malformed, "no files") { _ = try changed { $0["predicate"]?["resources"] = [] } }
        expectRefusal(.malformed) {
            _ = try changed { $0["predicate"]?["resources"] = [["name": "a", "algorithm": "sha256", "digest": "00"]] }
        }
        expectRefusal(.malformed) {
            _ = try changed { $0["predicate"]?["resources"] = [["name": "a", "algorithm": "md5", "digest": "00"]] }
        }
        expectRefusal(.malformed) { _ = try changed { $0["subject"] = [] } }
        expectRefusal(.malformed) { _ = try changed { $0["_type"] = "https://in-toto.io/Statement/v9" } }
        expectRefusal(.otherSubject) { _ = try changed { $0["predicateType"] = "https://slsa.dev/provenance/v1" } }
        expectRefusal(.unsupported) { _ = try changed { $0["predicate"]?["serialization"]?["method"] = "shards" } }
        expectRefusal(.unsupported) { _ = try changed { $0["predicate"]?["serialization"]?["hash_type"] = "blake2b" } }
    }

    @Test func whatIsNoBundleIsRefused() throws {
        let bytes = try SignedFixture.bytes("model-ci.sig")
        for count in stride(from: 0, to: bytes.count - 1, by: 101) {
            expectRefusal { _ = try ModelSigningBundle(parsing: Array(bytes.prefix(count))) }
        }
        let image = try #require(SignedFixture("cosign-3.1").layers(CosignSignatureTests.bundleType).first).content
        expectRefusal(.otherSubject) { _ = try ModelSigningBundle(parsing: image) }
    }
}
