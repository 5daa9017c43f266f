import ContainerRegistry
import ModelAppAPI

/// Keys to the repository that baked images go to.
extension SourceCredentials {
    /// The Secrets that a push of baked images may use besides those of the code.
    var ofBaked: [String] {
        let baked = app.spec.delivery.baked
        return [baked?.auth?.secretRef?.name, baked?.tls?.caSecretRef?.name].compactMap { $0 } + ofSigning
    }

    /// The keys that `spec.delivery.baked.auth` names; without it those of the code, which then have to allow pushing.
    func bakedKeyring(for registry: String, isAllowed: Bool) async throws(ScanFailure) -> RegistryKeyring {
        guard let auth = app.spec.delivery.baked?.auth, auth.secretRef != nil || auth.identity != nil else {
            return try await keyring(for: registry, isAllowed: isAllowed).keyring
        }
        let loaded = try await opener(auth, field: "spec.delivery.baked")
        let field = "spec.delivery.baked.auth." + (auth.identity == nil ? "secretRef" : "identity")
        let keys = CloudKeyring(clouds: clouds, registry: registry, isAllowed: isAllowed, field: field)
        if let keyring = try keys.keyring(loaded.opener) { return keyring }
        guard let secret = loaded.secret else { return RegistryKeyring() }
        return try keyring(of: secret, field: field)
    }
}
