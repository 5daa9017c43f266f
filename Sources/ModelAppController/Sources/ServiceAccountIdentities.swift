import Artifacts
import CloudIdentity
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI

/// Identities of clouds that are federated with a ServiceAccount of a ModelApp's own namespace.
///
/// A ServiceAccount takes part only where its owner marked it with `modelapp.dev/allow: "true"`, as annotation or label:
/// who may write ModelApps must not thereby act as any ServiceAccount. Its tokens have one audience, that of the cloud.
actor ServiceAccountIdentities {
    private struct Entry {
        var account: ServiceAccount?
        var at: ContinuousClock.Instant
    }

    private let client: Client
    private let time: TimeSource
    private var entries: [ObjectKey: Entry] = [:]
    /// How long an account is believed: taking the mark away works within this.
    private static let maximumAge = Duration.seconds(60)
    private static let absenceAge = Duration.seconds(2)
    /// The mark.
    static let mark = "modelapp.dev/allow"

    init(client: Client, time: TimeSource) {
        self.client = client
        self.time = time
    }

    /// The identity of the ServiceAccount `name` beside `app`.
    /// - Parameters:
    ///   - tenant: the Azure tenant where the account names none.
    ///   - field: the field that names it, for messages.
    func identity(
        _ name: String,
        provider: CloudProvider,
        for app: ObjectKey,
        tenant: String?,
        field: String
    ) async throws(ScanFailure) -> SourceOpener {
        let isName = name.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
        }
        guard isName, !name.isEmpty, !name.hasPrefix(".") else {
            throw ScanFailure(
                reason: "InvalidSpec",
                message: "\(field): \"\(name.clipped)\" is not the name of a ServiceAccount",
                isTerminal: true
            )
        }
        let key = ObjectKey(namespace: app.namespace, name: name)
        let account = try await account(key, field)
        let metadata = account.metadata
        guard metadata.annotations[Self.mark] == "true" || metadata.labels[Self.mark] == "true" else {
            throw ScanFailure(
                reason: "IdentityForbidden",
                message: "\(field): ServiceAccount \(name) is not open to ModelApps; its owner allows it with "
                    + "kubectl annotate serviceaccount \(name) -n \(app.namespace) \(Self.mark)=true"
            )
        }
        do throws(IdentityError) {
            switch provider {
            case .azure:
                let client = try Self.annotation("azure.workload.identity/client-id", metadata)
                guard let tenant = metadata.annotations["azure.workload.identity/tenant-id"] ?? tenant else {
                    throw IdentityError(
                        .configuration,
                        "ServiceAccount \(name) has no annotation azure.workload.identity/tenant-id, and the operator no "
                            + "AZURE_TENANT_ID"
                    )
                }
                return .azure(
                    try .federated(
                        tokens(of: key, audience: AzureIdentity.federationAudience),
                        tenant: tenant,
                        client: client,
                        name: "\(app.namespace)/\(name)/\(metadata.uid)/\(tenant)/\(client)"
                    )
                )
            case .aws:
                let role = try Self.annotation("eks.amazonaws.com/role-arn", metadata)
                return .aws(
                    try .webIdentity(
                        role: role,
                        session: "\(app.namespace)-\(name)",
                        token: tokens(of: key, audience: AWSIdentity.webIdentityAudience),
                        name: "\(app.namespace)/\(name)/\(metadata.uid)/\(role)"
                    )
                )
            }
        } catch {
            throw ScanFailure(error, field)
        }
    }

    private func account(_ key: ObjectKey, _ field: String) async throws(ScanFailure) -> ServiceAccount {
        if let entry = entries[key] {
            let age = time.now - entry.at
            if let account = entry.account, age < Self.maximumAge { return account }
            if entry.account == nil, age < Self.absenceAge { throw Self.missing(key, field) }
        }
        let account: ServiceAccount?
        do throws(KubernetesError) {
            account = try await client.get(ServiceAccount.self, key)
        } catch {
            throw ScanFailure(
                reason: error.isForbidden ? "IdentityForbidden" : "IdentityUnavailable",
                message: error.isForbidden
                    ? "\(field): the operator may not read ServiceAccount \(key.name) in namespace \(key.namespace); "
                        + "bind the Role modelapp-identity there"
                    : "\(field): ServiceAccount \(key.name): \(error.message)",
                isCancelled: error.code == .cancelled
            )
        }
        if entries.count > 20_000 { entries.removeAll() }
        entries[key] = Entry(account: account, at: time.now)
        guard let account else { throw Self.missing(key, field) }
        return account
    }

    /// Tokens of a ServiceAccount for one audience (`TokenRequest`), an hour long: as the kubelet projects them.
    private nonisolated func tokens(of key: ObjectKey, audience: String) -> TokenSupplier {
        let client = client
        return TokenSupplier { () throws(IdentityError) in
            let request: JSONValue = [
                "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                "spec": ["audiences": [.string(audience)], "expirationSeconds": 3600],
            ]
            let path = "/api/v1/namespaces/\(key.namespace)/serviceaccounts/\(key.name)/token"
            let answer: JSONValue
            do throws(KubernetesError) {
                answer = try await client.post(path, request)
            } catch {
                if error.code == .cancelled { throw IdentityError(.cancelled, "cancelled") }
                throw error.isForbidden
                    ? IdentityError(
                        .configuration,
                        "the operator may not make tokens of ServiceAccount \(key.name) in namespace \(key.namespace); "
                            + "bind a Role with create on serviceaccounts/token there"
                    )
                    : IdentityError(.unavailable, "no token of ServiceAccount \(key.name): \(error.message)")
            }
            guard let text = answer["status"]?["token"]?.string, SecretText(text).isHeaderSafe else {
                throw IdentityError(.malformedAnswer, "the API server made no token of ServiceAccount \(key.name)")
            }
            return SecretText(text)
        }
    }

    private static func annotation(_ name: String, _ metadata: ObjectMeta) throws(IdentityError) -> String {
        guard let value = metadata.annotations[name], !value.isEmpty else {
            throw IdentityError(.configuration, "ServiceAccount \(metadata.name) has no annotation \(name)")
        }
        return value
    }

    private static func missing(_ key: ObjectKey, _ field: String) -> ScanFailure {
        ScanFailure(
            reason: "IdentityNotFound",
            message: "\(field): there is no ServiceAccount \(key.name) in namespace \(key.namespace)"
        )
    }
}
