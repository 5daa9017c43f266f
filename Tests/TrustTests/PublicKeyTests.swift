import Artifacts
import TestSupport
import Testing

@testable import Trust

/// Signatures that the `openssl` command makes, with every kind of key and scheme.
@Suite(.timeLimit(.minutes(1))) struct PublicKeyTests {
    private let files = KeyFiles.shared
    private let message = Array("the bytes that are signed".utf8)

    private static func pss(_ hash: String, _ salt: Int) -> [String] {
        ["-\(hash)", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:\(salt)"]
    }

    static let schemes: [(key: String, scheme: SignatureScheme, options: [String])] = [
        ("leaf.key", .rsaPKCS1(.sha256), ["-sha256"]), ("leaf.key", .rsaPKCS1(.sha384), ["-sha384"]),
        ("leaf.key", .rsaPKCS1(.sha512), ["-sha512"]), ("leaf.key", .rsaPSS(.sha256), pss("sha256", 32)),
        ("leaf.key", .rsaPSS(.sha384), pss("sha384", 48)), ("leaf.key", .rsaPSS(.sha512), pss("sha512", 64)),
        ("ec.key", .ecdsa(.sha256), ["-sha256"]), ("ec.key", .ecdsa(.sha512), ["-sha512"]),
        ("p384.key", .ecdsa(.sha384), ["-sha384"]), ("p384.key", .ecdsa(.sha256), ["-sha256"]),
        ("p521.key", .ecdsa(.sha512), ["-sha512"]),
    ]

    private func publicKey(_ key: String) throws -> PublicKey {
        let file = key + ".\(UInt64.random(in: 0...UInt64.max)).pub"
        try #require(files.openssl("pkey", "-in", key, "-pubout", "-out", file))
        return try PublicKey(pem: files.bytes(file))
    }

    @Test(arguments: 0..<schemes.count)
    func aSignatureHoldsForItsBytesItsKeyAndItsSchemeOnly(index: Int) throws {
        let (name, scheme, options) = Self.schemes[index]
        let (data, output) = ("scheme-\(index)", "scheme-\(index).sig")
        try files.write(message, data)
        try KeyFiles.run(
            "/usr/bin/env",
            ["openssl", "dgst"] + options + ["-sign", name, "-out", output, data],
            in: files.folder
        )
        let (key, signature) = (try publicKey(name), try files.bytes(output))
        #expect(key.isValid(signature, of: message, scheme))
        #expect(!key.isValid(signature, of: message + [0], scheme))
        #expect(!key.isValid(signature + [0], of: message, scheme))
        #expect(!key.isValid([], of: message, scheme))
        #expect(try !publicKey("other.key").isValid(signature, of: message, scheme))
        for (_, other, _) in Self.schemes where other != scheme {
            #expect(!key.isValid(signature, of: message, other), "\(other)")
        }
        #expect(!key.isValid(signature, of: message, .ed25519))
        for position in stride(from: 0, to: signature.count, by: 5) {
            var broken = signature
            broken[position] ^= 0x10
            #expect(!key.isValid(broken, of: message, scheme), "byte \(position)")
        }
    }

    @Test func ed25519SignsTheMessageItself() throws {
        try files.write(message, "ed.message")
        try #require(
            files.openssl("pkeyutl", "-sign", "-inkey", "ed.key", "-rawin", "-in", "ed.message", "-out", "ed.sig")
        )
        let (key, signature) = (try publicKey("ed.key"), try files.bytes("ed.sig"))
        #expect(key.kind == .ed25519)
        #expect(key.isValid(signature, of: message, .ed25519))
        #expect(!key.isValid(signature, of: message + [1], .ed25519))
        #expect(!key.isValid(signature, of: message, .ecdsa(.sha256)))
        #expect(!key.isValid(Array(signature.dropLast()), of: message, .ed25519))
    }

    @Test func keysThatAreTooWeakOrUnknownAreRefused() throws {
        #expect(throws: TrustError.self) { try publicKey("short.key") }
        try #require(files.openssl("genpkey", "-algorithm", "x25519", "-out", "x25519.key"))
        expectRefusal(.unsupported) { _ = try publicKey("x25519.key") }
        try #require(files.openssl("ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out", "k1.key"))
        expectRefusal(.unsupported, "curve") { _ = try publicKey("k1.key") }
    }

    @Test func aFileHasToHoldOnePublicKey() throws {
        let pem = try SignedFixture.bytes("cosign.pub")
        expectRefusal(.severalKeys) { _ = try PublicKey(pem: pem + SignedFixture.bytes("model-p256.pub")) }
        expectRefusal(.noKey) { _ = try PublicKey(pem: Array("cosign".utf8)) }
        expectRefusal(.noKey) { _ = try PublicKey(pem: []) }
        expectRefusal(.noKey) { _ = try PublicKey(pem: files.bytes("leaf.pem")) }
        expectRefusal(.malformed, "private key") { _ = try PublicKey(pem: pem + files.bytes("leaf.key")) }
        expectRefusal(.malformed) { _ = try PublicKey(pem: Array(pem.dropLast(40))) }
        let key = try PublicKey(pem: pem)
        expectRefusal(.malformed) { _ = try PublicKey(der: key.der + [0]) }
        expectRefusal { _ = try PublicKey(der: Array(key.der.dropLast())) }
    }

    @Test(arguments: [
        "x509.subject:", "x509.subject: CN", "x509.subject: =ci", "x509.subject: CN=", "x509.subject: CN=a, CN=b",
        "x509.subject: CN=a+O=b,", "", "two words",
    ])
    func anIdentityThatNamesNobodyIsRefused(text: String) {
        expectRefusal(.malformed) { _ = try CertificateIdentity(text) }
    }

    @Test func anIdentityIsComparedByAttributes() throws {
        let certificate = try #require(try CertificateStore(pem: Signers.certificate("ci")).anchors.first)
        for text in ["x509.subject: cn=ci", "x509.subject:C=DE,S=Berlin, O=Exam\\ple ,CN = ci", "ci@example.org", "*"] {
            #expect(try CertificateIdentity(text).matches(certificate), "\(text)")
        }
        for text in ["x509.subject: CN=CI", "x509.subject: CN=ci, OU=x", "x509.subject: CN=c\\,i", "example.org"] {
            #expect(try !CertificateIdentity(text).matches(certificate), "\(text)")
        }
    }
}
