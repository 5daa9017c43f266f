import Artifacts
import Crypto
import Foundation
import JSON
import TestSupport
import Testing
import Trust

/// Keys that images are signed with, and what is made by them.
@Suite struct CosignSigningTests {
    private let image: Artifacts.Digest

    init() throws { image = try Artifacts.Digest("sha256:" + String(repeating: "7", count: 64)) }

    private func reading(_ file: String, _ password: String?) throws -> PrivateKey {
        try PrivateKey.reading(
            pem: SecretBytes(try SignedFixture.bytes(file)),
            password: password.map { SecretBytes($0) }
        )
    }

    private func refusal(_ pem: String, _ password: String? = nil) -> TrustError? {
        do throws(TrustError) {
            _ = try PrivateKey.reading(pem: SecretBytes(pem), password: password.map { SecretBytes($0) })
            return nil
        } catch {
            return error
        }
    }

    /// The keys were made by cosign 2.5, which tells the public half beside.
    @Test(arguments: [("signing", "fixture"), ("signing-open", ""), ("signing-open", nil)] as [(String, String?)])
    func aKeyThatCosignMadeIsOpened(_ file: String, _ password: String?) throws {
        let key = try reading(file + ".key", password)
        #expect(try key.publicKey == PublicKey(pem: SignedFixture.bytes(file + ".pub")))
    }

    @Test func theWrongPasswordAndNoneAreToldApart() throws {
        let pem = String(decoding: try SignedFixture.bytes("signing.key"), as: UTF8.self)
        #expect(refusal(pem, "other")?.code == .wrongPassword)
        #expect(refusal(pem)?.code == .passwordMissing)
        #expect(refusal(pem, "")?.code == .passwordMissing)
    }

    @Test(arguments: 0..<24)
    func aChangedKeyIsRefused(_ round: Int) throws {
        let text = String(decoding: try SignedFixture.bytes("signing.key"), as: UTF8.self)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }
        var document = try JSONValue(parsing: try #require(Base64.decode(lines.joined())))
        var box = try #require(document["ciphertext"]?.string.flatMap(Base64.decode))
        box[round * box.count / 24] ^= 1 << UInt8(round % 8)
        document["ciphertext"] = .string(Base64.encode(box))
        let name = "ENCRYPTED SIGSTORE PRIVATE KEY"
        let changed = "-----BEGIN \(name)-----\n\(Base64.encode(document.canonicalBytes))\n-----END \(name)-----\n"
        #expect(refusal(changed, "fixture")?.code == .wrongPassword)
    }

    /// What opening costs is decided before it is spent.
    @Test(arguments: [
        ("N", 1 << 21), ("N", 1 << 40), ("N", 0), ("N", -5), ("r", 1 << 20), ("r", 0), ("p", 1 << 20), ("p", 17),
    ])
    func aKeyThatCostsTooMuchIsRefused(_ name: String, _ value: Int) throws {
        var document: JSONValue = [
            "kdf": ["name": "scrypt", "params": ["N": 65536, "r": 8, "p": 1], "salt": "AAAA"],
            "cipher": ["name": "nacl/secretbox", "nonce": .string(Base64.encode([UInt8](repeating: 0, count: 24)))],
            "ciphertext": .string(Base64.encode([UInt8](repeating: 0, count: 64))),
        ]
        var kdf = try #require(document["kdf"])
        var parameters = try #require(kdf["params"])
        parameters[name] = .integer(Int64(value))
        kdf["params"] = parameters
        document["kdf"] = kdf
        let block = "ENCRYPTED COSIGN PRIVATE KEY"
        let pem = "-----BEGIN \(block)-----\n\(Base64.encode(document.canonicalBytes))\n-----END \(block)-----\n"
        #expect(refusal(pem, "x")?.code == .tooCostly)
    }

    @Test func whatIsNoKeyOrSeveralIsSaid() throws {
        let one = P256.Signing.PrivateKey().pemRepresentation
        #expect(refusal("")?.code == .noKey)
        #expect(refusal(String(decoding: try SignedFixture.bytes("cosign.pub"), as: UTF8.self))?.code == .noKey)
        #expect(refusal(one + "\n" + P256.Signing.PrivateKey().pemRepresentation)?.code == .severalKeys)
        #expect(refusal(P384.Signing.PrivateKey().pemRepresentation)?.message.contains("P-256") == true)
        let name = "ENCRYPTED SIGSTORE PRIVATE KEY"
        #expect(refusal("-----BEGIN \(name)-----\nAAAA\n-----END \(name)-----\n")?.code == .malformed)
    }

    @Test func aSignatureIsOneThatVerifiesAndOfNothingElse() throws {
        let pem = P256.Signing.PrivateKey().pemRepresentation
        for key in [try reading("signing.key", "fixture"), try PrivateKey.reading(pem: SecretBytes(pem))] {
            let trust = SignerTrust(key: try key.publicKey)
            let payload = CosignSignature.payload(about: image, in: "registry.test/baked")
            let annotations = try CosignSignature.annotations(signing: payload, with: key)
            func verify(_ payload: [UInt8], _ digest: Artifacts.Digest, _ trust: SignerTrust) throws {
                _ = try CosignSignature.verify(
                    payload: payload,
                    annotations: annotations,
                    of: digest,
                    by: trust,
                    at: Signers.now
                )
            }
            try verify(payload, image, trust)
            expectRefusal(.otherSubject) {
                try verify(payload, Artifacts.Digest("sha256:" + String(repeating: "8", count: 64)), trust)
            }
            expectRefusal(.badSignature) { try verify(payload + [0x20], image, trust) }
            expectRefusal(.badSignature) { try verify(payload, image, Signers.key("cosign.pub")) }
        }
    }

    /// The form is that of cosign, whose own signatures are fixtures.
    @Test func thePayloadIsByteForByteWhatCosignSigns() throws {
        let fixture = try SignedFixture("cosign-2.5")
        let layer = try #require(fixture.layers(CosignSignature.payloadMediaType).first)
        let document = try JSONValue(parsing: layer.content)
        let name = try #require(document["critical"]?["identity"]?["docker-reference"]?.string)
        #expect(CosignSignature.payload(about: fixture.image, in: name) == layer.content)
        #expect(fixture.tags[CosignSignature.tag(of: fixture.image)] != nil)
        #expect(layer.annotations.keys.contains(CosignSignature.signatureAnnotation))
    }
}
