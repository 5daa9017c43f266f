import KubernetesAPI
import ModelAppAPI
import Trust

/// The keys that baked images are signed with.
extension SourceCredentials {
    /// The Secrets that signing may use.
    var ofSigning: [String] { [app.spec.delivery.baked?.sign?.keyRef.name].compactMap { $0 } }

    /// Who signs; nil where nobody asks for it.
    ///
    /// The Secret is as `cosign generate-key-pair k8s://NAMESPACE/NAME` makes it: `cosign.key` with its `cosign.password`.
    /// One other entry that ends at `.key` is taken as well, with what is beside it under the same name with `.password`.
    func signer() async throws(ScanFailure) -> ImageSigner? {
        guard let name = app.spec.delivery.baked?.sign?.keyRef.name else { return nil }
        let field = "spec.delivery.baked.sign.keyRef"
        let secret = try await secret(name, field: field)
        func invalid(_ why: String) -> ScanFailure {
            ScanFailure(reason: "InvalidSecret", message: "\(field): Secret \(name) \(why)")
        }
        let entries = secret.data.keys.filter { $0.hasSuffix(".key") }
        guard entries.count == 1, let entry = entries.first, let pem = secret.bytes(entry) else {
            throw invalid(
                "has \(entries.isEmpty ? "no entry" : "several entries") ending at .key; make it with cosign "
                    + "generate-key-pair k8s://\(app.metadata.namespace)/\(name)"
            )
        }
        let password = secret.bytes(entry.dropLast(4) + ".password").map { SecretBytes($0) }
        do throws(TrustError) {
            return try ImageSigner(key: PrivateKey.reading(pem: SecretBytes(pem), password: password))
        } catch {
            throw invalid("\(entry): \(error.message)")
        }
    }
}
