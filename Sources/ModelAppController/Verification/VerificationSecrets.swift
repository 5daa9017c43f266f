import KubernetesAPI
import ModelAppAPI
import Trust

/// Reads the keys and certificates that a ModelApp trusts. What is missing or broken is a failure: nothing is taken
/// unverified because nobody could say whom to trust.
struct VerificationSecrets: Sendable {
    /// The Secrets and the ModelApp.
    let credentials: SourceCredentials

    /// Whose signatures count, with what tells this trust from another.
    struct Loaded: Sendable {
        var trust: SignerTrust
        /// Changes with the Secret and with the identities.
        var identity: String
    }

    /// The Secrets that the code half names.
    static func ofCode(_ spec: ModelAppSpec) -> [String] {
        let code = spec.verification?.code
        return [code?.cosign?.keyRef, code?.cosign?.trustStoreRef, code?.notation?.trustStoreRef]
            .compactMap { $0?.name }
    }

    /// The Secrets that the model half names.
    static func ofModel(_ spec: ModelAppSpec) -> [String] {
        let signature = spec.verification?.model?.signature
        return [signature?.keyRef, signature?.trustStoreRef].compactMap { $0?.name }
    }

    /// Who verifies images; nil where the spec does not ask for it.
    func imageVerifier() async throws(ScanFailure) -> (verifier: ImageVerifier, identity: String)? {
        guard let code = credentials.app.spec.verification?.code else { return nil }
        if let cosign = code.cosign {
            let loaded = try await trust(
                key: cosign.keyRef,
                store: cosign.trustStoreRef,
                cosign.identities,
                "spec.verification.code.cosign"
            )
            return (ImageVerifier(.cosign, trust: loaded.trust), "cosign \(loaded.identity)")
        }
        if let notation = code.notation {
            let loaded = try await trust(
                key: nil,
                store: notation.trustStoreRef,
                notation.trustedIdentities,
                "spec.verification.code.notation",
                identitiesField: "trustedIdentities"
            )
            return (ImageVerifier(.notation, trust: loaded.trust), "notation \(loaded.identity)")
        }
        throw Self.nothing("spec.verification.code", "cosign or notation")
    }

    /// Who has to have signed the model; nil where no signature is asked for.
    func modelTrust() async throws(ScanFailure) -> Loaded? {
        guard let model = credentials.app.spec.verification?.model else { return nil }
        guard let signature = model.signature else {
            if model.manifest != nil { return nil }
            throw Self.nothing("spec.verification.model", "manifest or signature")
        }
        let identities = signature.identities.isEmpty ? ["*"] : signature.identities
        return try await trust(
            key: signature.keyRef,
            store: signature.trustStoreRef,
            identities,
            "spec.verification.model.signature"
        )
    }

    private func trust(
        key: LocalReference?,
        store: LocalReference?,
        _ identities: [String],
        _ path: String,
        identitiesField: String = "identities"
    ) async throws(ScanFailure) -> Loaded {
        if let name = key?.name {
            let field = "\(path).keyRef"
            let secret = try await credentials.secret(name, field: field)
            let entries = secret.data.keys.filter { $0.hasSuffix(".pub") }
            guard entries.count == 1, let entry = entries.first, let pem = secret.bytes(entry) else {
                throw Self.invalid(
                    field,
                    name,
                    "has \(entries.isEmpty ? "no entry" : "several entries") ending at .pub; make it with kubectl create "
                        + "secret generic \(name) --from-file=cosign.pub"
                )
            }
            do throws(TrustError) {
                return Loaded(trust: SignerTrust(key: try PublicKey(pem: pem)), identity: secret.identity)
            } catch {
                throw Self.invalid(field, name, "\(entry): \(error.message)")
            }
        }
        guard let name = store?.name else { throw Self.nothing(path, "keyRef or trustStoreRef") }
        let field = "\(path).trustStoreRef"
        let secret = try await credentials.secret(name, field: field)
        guard let pem = secret.bytes("ca.crt") else { throw Self.invalid(field, name, "has no ca.crt") }
        var trusted: [CertificateIdentity] = []
        for (index, text) in identities.enumerated() {
            do throws(TrustError) {
                trusted.append(try CertificateIdentity(text))
            } catch {
                throw ScanFailure(
                    reason: "InvalidSpec",
                    message: "\(path).\(identitiesField)[\(index)]: \(error.message)",
                    isTerminal: true
                )
            }
        }
        do throws(TrustError) {
            let trust = SignerTrust(
                store: try CertificateStore(pem: pem),
                identities: trusted,
                timestampAuthorities: try secret.bytes("tsa.crt").map { pem throws(TrustError) in
                    try CertificateStore(pem: pem)
                }
            )
            return Loaded(trust: trust, identity: secret.identity + " " + identities.joined(separator: "\n"))
        } catch {
            throw Self.invalid(field, name, error.message)
        }
    }

    private static func nothing(_ path: String, _ what: String) -> ScanFailure {
        ScanFailure(reason: "InvalidSpec", message: "\(path): \(what) is needed", isTerminal: true)
    }

    private static func invalid(_ field: String, _ name: String, _ why: String) -> ScanFailure {
        ScanFailure(reason: "InvalidSecret", message: "\(field): Secret \(name) \(why)")
    }
}
