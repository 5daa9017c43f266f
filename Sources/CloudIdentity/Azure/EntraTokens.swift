public import Artifacts
public import HTTPTransport
import HTTPTypes
import JSON

/// Access tokens of Entra ID, kept for each identity and scope and renewed after three quarters of their life.
public final class EntraTokens: Sendable {
    struct Key: Hashable, Sendable {
        var identity: String
        var authority: String
        var scope: EntraScope
    }

    private let channel: IdentityChannel
    private let authority: HTTPURL?
    private let metadata: HTTPURL
    private let cache: CredentialCache<Key, SecretText>

    /// An empty cache.
    /// - Parameters:
    ///   - authority: the token server for all clouds, as an administrator configured it; nil for each cloud's own.
    ///   - metadata: the node's metadata service.
    public init(
        channel: IdentityChannel,
        authority: HTTPURL? = nil,
        metadata: HTTPURL = HTTPURL(scheme: "http", host: "169.254.169.254")
    ) {
        self.channel = channel
        self.authority = authority
        self.metadata = metadata
        cache = CredentialCache(time: channel.time)
    }

    /// A token for `scope`.
    /// - Parameters:
    ///   - cloud: where the identity logs in, unless an authority is configured.
    ///   - refused: a token that a service just refused with 401: another is fetched.
    public func token(
        for scope: EntraScope,
        as identity: AzureIdentity,
        in cloud: AzureCloud = .global,
        refused: SecretText? = nil
    ) async throws(IdentityError) -> SecretText {
        let authority = authority ?? cloud.authority
        let key = Key(identity: identity.name, authority: authority.description, scope: scope)
        return try await cache.value(for: key, refused: refused) { () throws(IdentityError) in
            let start = channel.time.now
            let answer =
                switch identity.kind {
                case .managed(let managed): try await metadataToken(managed, scope)
                case .application(let tenant, let client, let proof):
                    try await applicationToken(authority, tenant, client, proof, scope)
                }
            return .init(answer.token, life: answer.life, since: start)
        }
    }

    private func applicationToken(
        _ authority: HTTPURL,
        _ tenant: String,
        _ client: String,
        _ proof: AzureIdentity.Proof,
        _ scope: EntraScope
    ) async throws(IdentityError) -> EntraAnswer {
        let message: EntraTokenRequest
        switch proof {
        case .secret(let secret):
            message = EntraTokenRequest(authority, tenant: tenant, client: client, scope: scope, secret: secret)
        case .federated(let token):
            let assertion = try await token.supply()
            message = EntraTokenRequest(authority, tenant: tenant, client: client, scope: scope, assertion: assertion)
        case .certificate(let certificate):
            let assertion = try ClientAssertion.make(
                for: client,
                at: EntraTokenRequest.endpoint(authority, tenant: tenant).description,
                by: certificate,
                id: channel.identifier(),
                now: channel.time.date()
            )
            message = EntraTokenRequest(authority, tenant: tenant, client: client, scope: scope, assertion: assertion)
        }
        let subject = "Entra ID (\(authority.host))"
        let answer = try await channel.send(message.request, body: message.body, about: subject)
        guard answer.status == 200 else {
            throw channel.failure(answer, about: subject, EntraFailure(answer.body).explanation)
        }
        guard let token = EntraAnswer(answer.body) else {
            throw IdentityError(.malformedAnswer, "\(subject): the answer holds no usable token")
        }
        return token
    }

    private func metadataToken(
        _ managed: AzureIdentity.ManagedIdentity,
        _ scope: EntraScope
    ) async throws(IdentityError) -> EntraAnswer {
        var pairs = [("api-version", "2018-02-01"), ("resource", scope.resource)]
        switch managed {
        case .system: break
        case .client(let id): pairs.append(("client_id", id))
        case .resource(let id): pairs.append(("msi_res_id", id))
        }
        var url = metadata
        url.path = "/metadata/identity/oauth2/token"
        url.query = HTTPURL.query(pairs)
        let subject = "the managed identity (\(metadata.host))"
        // Without it the service refuses: a forged request, through a proxy or a browser, cannot set it.
        let headers: HTTPFields = [.metadata: "true"]
        let answer = try await channel.send(
            url.request(.get, headers),
            about: subject,
            timeouts: IdentityChannel.localTimeouts,
            retry: .azureMetadata
        )
        guard answer.status == 200 else {
            throw channel.failure(
                answer,
                about: subject,
                answer.status == 400
                    ? "the node has no such identity; assign one, or name one of several by its client id"
                    : "it refuses the identity"
            )
        }
        guard let token = EntraAnswer(answer.body) else {
            throw IdentityError(.malformedAnswer, "\(subject): the answer holds no usable token")
        }
        return token
    }
}

extension HTTPField.Name {
    static let metadata = HTTPField.Name.known("Metadata")
}
