import Artifacts
import JSON
import TestSupport
import Testing
import Trust

@Suite struct NotationSignatureTests {
    /// An envelope and the image that it is about.
    struct Envelope {
        var json: JSONValue
        var image: Digest

        /// By Notation itself.
        init(signer: String) throws {
            let signed = try SignedFixture("notation-1.3-" + signer)
            json = try JSONValue(parsing: #require(signed.layers(NotationSignature.envelopeMediaType).first).content)
            image = signed.image
        }

        /// With a certificate that Notation does not sign with.
        init(file: String) throws {
            json = try JSONValue(parsing: SignedFixture.bytes("jws-\(file).json"))
            image = try SignedFixture("notation-1.3-ci").image
        }

        @discardableResult
        func verify(_ trust: SignerTrust, at now: Timestamp = Signers.now) throws -> SignerTrust.Signer {
            try NotationSignature(parsing: json.canonicalBytes).verify(of: image, by: trust, at: now)
        }

        /// Changes a member of the protected header. Its signature is then one of other bytes.
        mutating func setProtected(_ name: String, _ value: JSONValue?) throws {
            var header = try JSONValue(
                parsing: #require(Base64.decodeAnyForm(json["protected"]?.string ?? ""))
            )
            header[name] = value
            json["protected"] = .string(Base64URL.encode(header.canonicalBytes))
        }
    }

    @Test(arguments: ["ci", "ci384", "ci521", "cirsa2048", "cirsa3072", "cirsa4096"])
    func whatNotationSignsIsAccepted(signer: String) throws {
        let trust = try Signers.certificates(
            "root",
            identities: ["x509.subject: C=DE, ST=Berlin, O=Example, CN=\(signer)"]
        )
        let found = try Envelope(signer: signer).verify(trust)
        #expect(found.description.contains("CN=\(signer)"))
        #expect(found.validUntil != nil)
    }

    @Test func theStoreMayHoldTheAuthorityBelowTheRootOrTheSignerAlone() throws {
        for anchor in ["middle", "ci"] { try Envelope(signer: "ci").verify(Signers.certificates(anchor)) }
        try Envelope(file: "alone").verify(Signers.certificates("alone"))
    }

    @Test(arguments: [
        ("expired", "expired"), ("later", "not yet valid"), ("web", "extended key usage"), ("cipher", "key usage"),
        ("nousage", "key usage"), ("fromleaf", "invalid CA"), ("outside", "permitted subtree"), ("alone", ""),
    ])
    func aCertificateThatMayNotSignIsRefused(file: String, words: String) throws {
        expectRefusal(.untrusted, words) { try Envelope(file: file).verify(Signers.certificates("root")) }
    }

    @Test func withinItsNameConstraintsAnAuthorityMayIssue() throws {
        try Envelope(file: "inside").verify(Signers.certificates("root"))
    }

    @Test func anotherRootAndAnotherIdentityAreRefused() throws {
        expectRefusal(.untrusted) { try Envelope(signer: "ci").verify(Signers.certificates("otherroot")) }
        expectRefusal(.untrusted, "none of the identities") {
            try Envelope(signer: "ci").verify(Signers.certificates("root", identities: ["x509.subject: CN=other"]))
        }
    }

    @Test func aSignatureOfAnotherImageIsRefused() throws {
        var envelope = try Envelope(signer: "ci")
        envelope.image = try Digest("sha256:" + String(repeating: "1", count: 64))
        expectRefusal(.otherSubject) { try envelope.verify(Signers.certificates("root")) }
    }

    @Test func aSignatureThatExpiredIsRefused() throws {
        let (envelope, trust) = (try Envelope(signer: "expiring"), try Signers.certificates("root"))
        let signer = try envelope.verify(trust, at: Timestamp(seconds: 1_795_780_800))
        let until = try #require(signer.validUntil)
        #expect(until < Signers.now)
        expectRefusal(.untrusted, "the signature expired") { try envelope.verify(trust, at: until) }
    }

    @Test func aTimeStampKeepsASignatureValidBeyondItsCertificate() throws {
        let envelope = try Envelope(file: "ci-stamped")
        let stamped = try Signers.certificates("root", stamps: "root")
        #expect(try envelope.verify(stamped, at: Signers.future).validUntil == nil)
        // Whose time stamps count has to be said.
        expectRefusal(.untrusted, "expired") { try envelope.verify(Signers.certificates("root"), at: Signers.future) }
        expectRefusal(.untrusted, "time stamp") {
            try envelope.verify(Signers.certificates("root", stamps: "otherroot"), at: Signers.now)
        }
    }

    @Test func aTimeStampOfOtherBytesIsRefused() throws {
        var envelope = try Envelope(file: "inside")
        envelope.json["header"]?["io.cncf.notary.timestampSignature"] =
            try Envelope(file: "ci-stamped").json["header"]?["io.cncf.notary.timestampSignature"]
        expectRefusal(.badSignature, "time stamp") { try envelope.verify(Signers.certificates("root", stamps: "root")) }
        for broken in ["", "AAAA", "MIIB"] {
            envelope.json["header"]?["io.cncf.notary.timestampSignature"] = .string(broken)
            expectRefusal(.malformed, "time stamp") {
                try envelope.verify(Signers.certificates("root", stamps: "root"))
            }
        }
    }

    /// What may be done to an envelope by somebody without the key.
    static let tamperings: [(String, @Sendable (inout Envelope) throws -> Void)] = [
        ("alg none", { try $0.setProtected("alg", "none") }),
        ("alg HS256", { try $0.setProtected("alg", "HS256") }),
        ("alg RS256", { try $0.setProtected("alg", "RS256") }),
        ("alg ES512", { try $0.setProtected("alg", "ES512") }),
        ("no alg", { try $0.setProtected("alg", nil) }),
        ("no critical headers", { try $0.setProtected("crit", nil) }),
        (
            "an unknown critical header",
            {
                try $0.setProtected("crit", ["io.cncf.notary.signingScheme", "io.cncf.notary.verificationPlugin"])
            }
        ),
        ("another scheme", { try $0.setProtected("io.cncf.notary.signingScheme", "notary.x509.signingAuthority") }),
        ("an expiry that is not critical", { try $0.setProtected("io.cncf.notary.expiry", "2099-01-01T00:00:00Z") }),
        ("another content type", { try $0.setProtected("cty", "application/json") }),
        ("another signing time", { try $0.setProtected("io.cncf.notary.signingTime", "2020-01-01T00:00:00Z") }),
        ("another payload", { $0.json["payload"] = .string(Base64URL.encode(Array("{}".utf8))) }),
        ("an empty payload", { $0.json["payload"] = "" }),
        ("an empty signature", { $0.json["signature"] = "" }),
        (
            "half a signature",
            { envelope in
                let text = envelope.json["signature"]?.string ?? ""
                envelope.json["signature"] = .string(String(text.prefix(43)))
            }
        ),
        (
            "zeros for a signature",
            { $0.json["signature"] = .string(Base64URL.encode([UInt8](repeating: 0, count: 64))) }
        ),
        ("no certificates", { $0.json["header"]?["x5c"] = [] }),
        (
            "the certificates of somebody else",
            { envelope in
                envelope.json["header"]?["x5c"] = try Envelope(signer: "ci384").json["header"]?["x5c"]
            }
        ),
        (
            "the certificates upside down",
            { envelope in
                let chain = envelope.json["header"]?["x5c"]?.array ?? []
                envelope.json["header"]?["x5c"] = .array(chain.reversed())
            }
        ),
        (
            "the authority left out",
            { envelope in
                let leaf = envelope.json["header"]?["x5c"]?[0] ?? .null
                envelope.json["header"]?["x5c"] = [leaf]
            }
        ),
        ("a certificate that is none", { $0.json["header"]?["x5c"] = ["AAAA"] }),
        (
            "too many certificates",
            { envelope in
                let leaf = envelope.json["header"]?["x5c"]?[0] ?? .null
                envelope.json["header"]?["x5c"] = .array(Array(repeating: leaf, count: 100))
            }
        ),
        (
            "the general form",
            { envelope in
                let (protected, signature) = (envelope.json["protected"] ?? .null, envelope.json["signature"] ?? .null)
                envelope.json["signatures"] = [["protected": protected, "signature": signature]]
                envelope.json["protected"] = nil
                envelope.json["signature"] = nil
            }
        ),
        ("nothing", { $0.json = .object([:]) }),
    ]

    @Test(arguments: 0..<tamperings.count)
    func anEnvelopeThatWasTamperedWithIsRefused(index: Int) throws {
        var envelope = try Envelope(signer: "ci")
        try Self.tamperings[index].1(&envelope)
        expectRefusal { try envelope.verify(Signers.certificates("root")) }
    }

    @Test func everyFlippedBitOfASignatureIsNoticed() throws {
        let (whole, trust) = (try Envelope(signer: "ci"), try Signers.certificates("root"))
        let signature = try #require(Base64.decodeAnyForm(whole.json["signature"]?.string ?? ""))
        #expect(signature.count == 64)
        for index in signature.indices {
            var bytes = signature
            bytes[index] ^= 1 << UInt8(index % 8)
            var broken = whole
            broken.json["signature"] = .string(Base64URL.encode(bytes))
            expectRefusal(.badSignature) { try broken.verify(trust) }
        }
    }

    @Test func aTruncatedEnvelopeIsRefused() throws {
        let bytes = try Envelope(signer: "ci").json.canonicalBytes
        for count in stride(from: 0, to: bytes.count, by: 53) {
            expectRefusal(.malformed) { _ = try NotationSignature(parsing: Array(bytes.prefix(count))) }
        }
    }
}
