import Artifacts
import TestSupport
import Testing
import Trust

/// Whom the tests trust, and when.
enum Signers {
    /// 2026-12-01: after the fixtures were signed, and while their certificates are valid.
    static let now = Timestamp(seconds: 1_796_083_200)
    /// 2130: after every certificate has ended.
    static let future = Timestamp(seconds: 5_049_129_600)

    static func key(_ file: String) throws -> SignerTrust {
        SignerTrust(key: try PublicKey(pem: SignedFixture.bytes(file)))
    }

    static func certificate(_ name: String) throws -> [UInt8] {
        try SignedFixture.bytes("certificates/\(name).pem")
    }

    /// Certificates below the given ones, of the given identities.
    static func certificates(
        _ anchors: String...,
        identities: [String] = ["*"],
        stamps: String? = nil
    ) throws -> SignerTrust {
        SignerTrust(
            store: try CertificateStore(pem: anchors.flatMap { try certificate($0) }),
            identities: try identities.map { try CertificateIdentity($0) },
            timestampAuthorities: try stamps.map { try CertificateStore(pem: certificate($0)) }
        )
    }
}

/// That something is refused with this code, and the message that says why.
func expectRefusal(
    _ code: TrustError.Code? = nil,
    _ words: String = "",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("nothing was refused", sourceLocation: sourceLocation)
    } catch let error as TrustError {
        if let code { #expect(error.code == code, "\(error)", sourceLocation: sourceLocation) }
        #expect(words.isEmpty || error.message.contains(words), "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("another error: \(error)", sourceLocation: sourceLocation)
    }
}
