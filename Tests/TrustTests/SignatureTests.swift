import Artifacts
import Foundation
import Testing

@testable import Trust

@Suite(.timeLimit(.minutes(1))) struct SignatureTests {
    private let files = KeyFiles.shared
    private let message = Array("the bytes that are signed".utf8)

    @Test func rsaSignaturesAreTakenByTheCommand() throws {
        let identity = try files.identity("leaf.key", "leaf.pem")
        try files.write(message, "message")
        #expect(files.openssl("x509", "-in", "leaf.pem", "-pubkey", "-noout", "-out", "leaf.pub"))
        let options: [SignatureAlgorithm: [String]] = [
            .rs256: [],
            .ps256: ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
        ]
        for (algorithm, option) in options {
            let name = "signature.\(algorithm.rawValue)"
            try files.write(identity.key.signature(of: message, algorithm), name)
            try KeyFiles.run(
                "/usr/bin/env",
                ["openssl", "dgst", "-sha256", "-verify", "leaf.pub"] + option + ["-signature", name, "message"],
                in: files.folder
            )
        }
    }

    @Test(arguments: [("leaf", SignatureAlgorithm.rs256), ("leaf", .ps256), ("ec", .es256)])
    func aSignatureHoldsForItsBytesAndItsKeyOnly(name: String, algorithm: SignatureAlgorithm) throws {
        let identity = try files.identity("\(name).key", "\(name).pem")
        var signature = try identity.key.signature(of: message, algorithm)
        #expect(signature.count == (algorithm == .es256 ? 64 : 256))
        #expect(identity.certificate.isValid(signature, of: message, algorithm))
        #expect(!identity.certificate.isValid(signature, of: message + [0], algorithm))
        #expect(try !files.identity("other.key", "other.pem").certificate.isValid(signature, of: message, algorithm))
        for other in SignatureAlgorithm.allCases where other != algorithm {
            #expect(!identity.certificate.isValid(signature, of: message, other))
        }
        signature[7] ^= 1
        #expect(!identity.certificate.isValid(signature, of: message, algorithm))
        #expect(!identity.certificate.isValid([], of: message, algorithm))
    }

    @Test func aKeyOfTheWrongKindIsRefused() throws {
        let key = try files.identity("ec.key", "ec.pem").key
        #expect(key.preferredAlgorithm == .es256)
        #expect(throws: TrustError.self) { try key.signature(of: message, .ps256) }
    }

    @Test func manyTasksMaySignAtOnce() async throws {
        let identity = try files.identity("leaf.key", "leaf.pem")
        let message = message
        let all = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<32 {
                group.addTask {
                    let bytes = message + [UInt8(index)]
                    let signature = try identity.key.signature(of: bytes, .ps256)
                    return identity.certificate.isValid(signature, of: bytes, .ps256)
                }
            }
            return try await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(all == Array(repeating: true, count: 32))
    }

    @Test func thumbprintsAreTheHashesOfTheBytes() throws {
        let certificate = try files.identity("leaf.key", "leaf.pem").certificate
        #expect(files.openssl("x509", "-in", "leaf.pem", "-outform", "DER", "-out", "leaf.der"))
        #expect(certificate.der == (try files.bytes("leaf.der")))
        for (name, hash) in [("sha256", certificate.sha256), ("sha1", certificate.sha1)] {
            #expect(files.openssl("dgst", "-\(name)", "-binary", "-out", "leaf.\(name)", "leaf.der"))
            #expect(try hash == files.bytes("leaf.\(name)"))
        }
    }

    @Test func aCertificateSaysFromWhenToWhen() throws {
        let certificate = try files.identity("leaf.key", "leaf.pem").certificate
        #expect(certificate.notAfter - certificate.notBefore == .seconds(10 * 86_400))
        #expect(throws: TrustError.self) { try Certificate(der: certificate.der + [0]) }
        #expect(throws: TrustError.self) { try Certificate(der: Array(certificate.der.dropLast())) }
    }

    @Test(arguments: [
        ("", "", ""), ("f", "Zg", "Zg=="), ("fo", "Zm8", "Zm8="), ("foo", "Zm9v", "Zm9v"),
        ("foobar", "Zm9vYmFy", "Zm9vYmFy"),
        ("\u{3ff}\u{3ff}", "z7_Pvw", "z7/Pvw=="),
    ])
    func base64IsThatOfTheStandard(text: String, url: String, padded: String) {
        #expect(Base64URL.encode(Array(text.utf8)) == url)
        #expect(Base64URL.encodePadded(Array(text.utf8)) == padded)
    }
}
