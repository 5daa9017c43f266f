import Artifacts
import CloudIdentity
import ContainerRegistry
import HTTPTransport

/// Makes keys to registries of identities: Azure's exchange for Azure Container Registry, passwords for Amazon ECR.
///
/// What an identity gives out is sent to the cloud's own registries, or where an administrator said so: a ModelApp names
/// the registry, and must not thereby have a token sent elsewhere.
struct CloudKeyring: Sendable {
    let clouds: CloudAccess?
    /// The registry's host, with its port where it has one.
    let registry: String
    /// Whether the host may see identities although it is none of a cloud's own.
    let isAllowed: Bool
    /// The field that names the identity, for messages.
    let field: String

    /// The key of an opener; nil where it holds no identity, but perhaps a docker config.
    func keyring(_ opener: SourceOpener) throws(ScanFailure) -> RegistryKeyring? {
        switch opener {
        case .anonymous: return nil
        case .azure(let identity): return try azure(identity)
        case .aws(let identity): return try aws(identity)
        case .values(let values, let certificate, let name):
            guard values[".dockerconfigjson"] == nil else { return nil }
            if AzureIdentity.isDescribed(by: values) {
                let identity: AzureIdentity
                do throws(IdentityError) {
                    identity = try AzureIdentity(values: values, certificate: certificate, name: name)
                } catch {
                    throw ScanFailure(error, field)
                }
                return try azure(identity)
            }
            guard let id = values["AWS_ACCESS_KEY_ID"], let secret = values["AWS_SECRET_ACCESS_KEY"] else { return nil }
            let key = AWSAccessKey(
                id: id.trimmed,
                secret: secret.trimmed,
                sessionToken: values["AWS_SESSION_TOKEN"]?.trimmed
            )
            return try aws(.fixed(key, name: name))
        }
    }

    private func azure(_ identity: AzureIdentity) throws(ScanFailure) -> RegistryKeyring {
        let clouds = try access()
        let host = HTTPURL.split(authority: registry)?.host ?? registry
        let cloud = AzureCloud(host: host)
        guard cloud != nil || isAllowed else {
            throw refusal(
                "an Entra ID identity is sent to Azure Container Registry only, and \(registry.clipped) is none"
            )
        }
        let source = EntraTokenSource(identity: identity.name) { refused in
            try await clouds.entra.token(
                for: .containerRegistry,
                as: identity,
                in: cloud ?? .global,
                refused: refused
            )
        }
        return try keyring(.entra(source))
    }

    private func aws(_ identity: AWSIdentity) throws(ScanFailure) -> RegistryKeyring {
        let clouds = try access()
        guard let host = ECRHost(host: registry) else {
            throw refusal(
                "an identity of AWS is for Amazon ECR only, and \(registry.clipped) is none of its registries"
            )
        }
        let source = PasswordSource(identity: identity.name) { refused in
            let password = try await clouds.passwords.password(for: host, as: identity, refused: refused)
            return (password.username, password.password)
        }
        return try keyring(.supplied(source))
    }

    private func keyring(_ credential: RegistryCredential) throws(ScanFailure) -> RegistryKeyring {
        guard let keyring = RegistryKeyring(credential, for: registry) else {
            throw refusal("\(registry.clipped) is not the host of a registry")
        }
        return keyring
    }

    private func access() throws(ScanFailure) -> CloudAccess {
        guard let clouds else {
            throw ScanFailure(reason: "IdentityForbidden", message: "\(field): this process has no way to clouds")
        }
        return clouds
    }

    private func refusal(_ why: String) -> ScanFailure {
        ScanFailure(reason: "EndpointRefused", message: "\(field): \(why)")
    }
}

extension String {
    /// Without the white space that editors and `echo` leave around a value.
    fileprivate var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
