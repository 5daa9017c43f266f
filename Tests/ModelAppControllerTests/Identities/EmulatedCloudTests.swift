import Artifacts
import CloudIdentity
import ContainerRegistry
import HTTPTransport
import TestSupport
import Testing

@testable import DevCluster

/// Our clients against the clouds that azure-identity, azure-containerregistry and boto3 use unchanged.
@Suite(.timeLimit(.minutes(1)))
struct EmulatedCloudTests {
    private let options = EmulatedClouds.Options()
    private let clock = TestClock()

    private func channel(_ clouds: EmulatedClouds) -> IdentityChannel {
        IdentityChannel(transport: InProcessTransport(to: clouds), time: clock.timeSource(), random: { 0.5 })
    }

    private func identities() throws -> [AzureIdentity] {
        let (tenant, client, token) = (options.tenant, options.client, SecretText(options.federatedToken))
        return [
            try .secret(SecretText(options.secret), tenant: tenant, client: client, name: "secret"),
            try .federated(
                TokenSupplier { () throws(IdentityError) in token },
                tenant: tenant,
                client: client,
                name: "federated"
            ),
            .managed(.system, name: "system"), .managed(.client(client), name: "user"),
        ]
    }

    @Test func everyWayToEntraGivesATokenThatOpensAnAzureRegistry() async throws {
        let time = clock.timeSource()
        let clouds = EmulatedClouds(options, time: time)
        let registry = try EmulatedRegistry(
            .init(
                access: .azure { token, now in
                    clouds.accepts(token, audience: "https://containerregistry.azure.net", at: now)
                }
            ),
            time: time
        )
        let tokens = EntraTokens(channel: channel(clouds))
        for identity in try identities() {
            let first = try await tokens.token(for: .storage, as: identity)
            #expect(clouds.accepts(first.value, audience: "https://storage.azure.com", at: time.date()))
            #expect(try await tokens.token(for: .storage, as: identity) == first)
            let source = EntraTokenSource(identity: identity.name) { refused in
                try await tokens.token(for: .containerRegistry, as: identity, refused: refused)
            }
            let keyring = try #require(RegistryKeyring(.entra(source), for: "models.azurecr.io"))
            let client = RegistryClient(
                transport: InProcessTransport(to: registry),
                time: time,
                keyring: keyring,
                random: { 0.5 }
            )
            let repository = try ImageReference("models.azurecr.io/api")
            // It is let in, and told that there is no such repository.
            let error = await #expect(throws: RegistryError.self) { try await client.tags(of: repository) }
            #expect(error?.code == .notFound, "\(identity.name): \(error?.message ?? "")")
        }
    }

    @Test func aWrongProofIsRefusedInTheCloudsOwnWords() async throws {
        let clouds = EmulatedClouds(options, time: clock.timeSource())
        let tokens = EntraTokens(channel: channel(clouds))
        let wrong = try AzureIdentity.secret(
            SecretText("wrong"),
            tenant: options.tenant,
            client: options.client,
            name: "wrong"
        )
        let error = await #expect(throws: IdentityError.self) { try await tokens.token(for: .storage, as: wrong) }
        #expect(error?.code == .refused && error?.message.contains("wrong\"") == false)
        #expect(clouds.issued == 0)
    }

    @Test func everyWayToKeysOfAWSGivesTheKeyOfTheRole() async throws {
        let clouds = EmulatedClouds(options, time: clock.timeSource())
        let keys = AWSKeys(channel: channel(clouds))
        let (token, agent) = (SecretText(options.federatedToken), SecretText(options.agentToken))
        let role = "arn:aws:iam::123456789012:role/\(options.role)"
        let url = HTTPURL(scheme: "http", host: "169.254.170.23", path: "/v1/credentials")
        let identities: [AWSIdentity] = [
            try .webIdentity(
                role: role,
                session: "prod-models",
                token: TokenSupplier { () throws(IdentityError) in token },
                name: "web"
            ),
            try .container(url, token: TokenSupplier { () throws(IdentityError) in agent }, name: "agent"),
            .instance(name: "instance"),
        ]
        for identity in identities {
            let key = try await keys.key(as: identity, region: "eu-central-1")
            #expect(key.id == options.accessKey.id && key.secret.value == options.accessKey.secret)
            #expect(key.sessionToken?.value == options.accessKey.session)
        }
        let stranger = try AWSIdentity.webIdentity(
            role: "arn:aws:iam::123456789012:role/other",
            session: "s",
            token: TokenSupplier { () throws(IdentityError) in token },
            name: "stranger"
        )
        let error = await #expect(throws: IdentityError.self) {
            try await keys.key(as: stranger, region: "eu-central-1")
        }
        #expect(error?.code == .refused)
    }
}
