import Artifacts
import JSON
import Trust

/// The signed token by which a service principal with a certificate proves itself (Microsoft Learn, "Application
/// authentication certificate credentials").
struct ClientAssertion {
    /// How long Entra ID may take it: it is used at once.
    static let life = Duration.seconds(600)

    /// The token.
    /// - Parameters:
    ///   - endpoint: the URL of the token server, its audience.
    ///   - id: unlike that of any other assertion.
    static func make(
        for client: String,
        at endpoint: String,
        by identity: SigningIdentity,
        id: String,
        now: Timestamp
    ) throws(IdentityError) -> SecretText {
        let certificate = identity.certificate
        guard now <= certificate.notAfter else {
            throw IdentityError(
                .configuration,
                "\(identity) ended on \(certificate.notAfter.rfc3339); register a new one at the application"
            )
        }
        guard now >= certificate.notBefore else {
            throw IdentityError(
                .configuration,
                "\(identity) begins on \(certificate.notBefore.rfc3339), which is not yet"
            )
        }
        let algorithm = identity.key.preferredAlgorithm
        let header: JSONValue = [
            "alg": .string(algorithm.rawValue), "typ": "JWT",
            "x5t#S256": .string(Base64URL.encode(certificate.sha256)),
            // The chain lets applications trust an issuer and a subject instead of one certificate.
            "x5c": .array(identity.chain.map { .string(Base64URL.encodePadded($0.der)) }),
        ]
        let claims: JSONValue = [
            "aud": .string(endpoint), "iss": .string(client), "sub": .string(client), "jti": .string(id),
            "nbf": .integer(now.seconds), "iat": .integer(now.seconds),
            "exp": .integer(now.seconds + life.components.seconds),
        ]
        let text = [header, claims].map { Base64URL.encode(Array($0.canonicalText.utf8)) }.joined(separator: ".")
        do throws(TrustError) {
            let signature = try identity.key.signature(of: Array(text.utf8), algorithm)
            return SecretText(text + "." + Base64URL.encode(signature))
        } catch {
            throw IdentityError(.configuration, error.message)
        }
    }
}
