import Artifacts
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@testable import CloudIdentity

@Suite(.timeLimit(.minutes(1))) struct EntraTests {
    private static let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
    private static let client = "0d4b3d5e-2a0d-4a4c-9b6e-4c2f6f0a1b2c"

    private func application(_ secret: String = "hush") throws -> AzureIdentity {
        try .secret(SecretText(secret), tenant: Self.tenant, client: Self.client, name: "prod/sp")
    }

    private static func token(_ number: Int, life: String = "3599") -> FakeTransport.Answer {
        .json(#"{"token_type":"Bearer","expires_in":\#(life),"ext_expires_in":3599,"access_token":"token\#(number)"}"#)
    }

    @Test func aSecretIsSentToTheTenantsTokenServer() async throws {
        let cloud = Cloud { _, _ in Self.token(1) }
        let tokens = EntraTokens(channel: cloud.channel)
        #expect(try await tokens.token(for: .storage, as: application("a&b=c")).value == "token1")
        #expect(cloud.log == ["POST https://login.microsoftonline.com/\(Self.tenant)/oauth2/v2.0/token"])
        #expect(
            cloud.form(0) == [
                "grant_type": "client_credentials", "client_id": Self.client, "client_secret": "a&b=c",
                "scope": "https://storage.azure.com/.default",
            ]
        )
    }

    @Test func tokensAreKeptForEachScopeIdentityAndCloud() async throws {
        let counter = Counter()
        let cloud = Cloud { _, _ in Self.token(counter.next()) }
        let tokens = EntraTokens(channel: cloud.channel)
        let one = try application()
        let other = try AzureIdentity.secret(SecretText("hush"), tenant: Self.tenant, client: Self.client, name: "b/sp")
        #expect(try await tokens.token(for: .storage, as: one).value == "token1")
        #expect(try await tokens.token(for: .containerRegistry, as: one).value == "token2")
        // The same application, but nobody has shown that the other asker may use it.
        #expect(try await tokens.token(for: .storage, as: other).value == "token3")
        #expect(try await tokens.token(for: .storage, as: one, in: .china).value == "token4")
        #expect(try await tokens.token(for: .storage, as: one).value == "token1")
        cloud.clock.advance(by: .seconds(2700))
        #expect(try await tokens.token(for: .storage, as: one).value == "token5")
        #expect(try await tokens.token(for: .storage, as: one, refused: SecretText("token5")).value == "token6")
    }

    @Test func aFederatedTokenIsReadAgainForEachExchange() async throws {
        let turn = Counter()
        let cloud = Cloud { _, _ in Self.token(1) }
        let identity = try AzureIdentity.federated(
            .file("/token", reading: { _ in Array("jwt\(turn.next())\n".utf8) }),
            tenant: "contoso.onmicrosoft.com",
            client: Self.client,
            name: "wi"
        )
        let tokens = EntraTokens(channel: cloud.channel)
        for _ in 0..<2 {
            _ = try await tokens.token(for: .containerRegistry, as: identity)
            cloud.clock.advance(by: .seconds(3000))
        }
        #expect(cloud.form(0)["client_assertion"] == "jwt1")
        #expect(cloud.form(1)["client_assertion"] == "jwt2")
        #expect(cloud.form(1)["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        #expect(cloud.form(1)["scope"] == "https://containerregistry.azure.net/.default")
    }

    @Test func aFileWithoutATokenIsSaid() async {
        for content in ["", " \n", "a\u{1}b"] {
            let cloud = Cloud { _, _ in Self.token(1) }
            let error = await failure {
                let identity = try AzureIdentity.federated(
                    .file("/token", reading: { _ in Array(content.utf8) }),
                    tenant: Self.tenant,
                    client: Self.client,
                    name: "wi"
                )
                _ = try await EntraTokens(channel: cloud.channel).token(for: .storage, as: identity)
            }
            #expect(error?.code == .configuration && error?.message.contains("/token") == true)
            #expect(cloud.log.isEmpty)
        }
    }

    @Test(arguments: [
        (AzureCloud.global, "login.microsoftonline.com", ["a.azurecr.io", "a.blob.core.windows.net"]),
        (.usGovernment, "login.microsoftonline.us", ["a.azurecr.us", "a.blob.core.usgovcloudapi.net"]),
        (.china, "login.chinacloudapi.cn", ["a.azurecr.cn", "a.blob.core.chinacloudapi.cn"]),
    ])
    func aCloudIsKnownByItsHosts(cloud: AzureCloud, authority: String, hosts: [String]) {
        #expect(cloud.authority.host == authority)
        for host in hosts { #expect(AzureCloud(host: host) == cloud) }
    }

    @Test func hostsThatLookLikeAzuresAreNot() {
        for host in [
            "azurecr.io", ".azurecr.io", "a.azurecr.io.evil.io", "azurecr.io.evil", "blob.core.windows.net", "",
        ] {
            #expect(AzureCloud(host: host) == nil, "\(host)")
        }
    }

    @Test(arguments: ["", "..", "../common", "a/b", "a?b", "a#b", "a b", "ä", String(repeating: "a", count: 254)])
    func aTenantCannotChangeTheURL(tenant: String) {
        #expect(throws: IdentityError.self) {
            try AzureIdentity.secret(SecretText("s"), tenant: tenant, client: Self.client, name: "n")
        }
    }

    @Test func aRefusalSaysWhatToDoAndRepeatsNothing() async throws {
        let cloud = Cloud { _, _ in
            .init(
                401,
                [:],
                #"{"error":"invalid_client","error_description":"AADSTS7000215: hush is wrong","error_codes":[7000215]}"#
            )
        }
        let tokens = EntraTokens(channel: cloud.channel)
        let error = await failure { _ = try await tokens.token(for: .storage, as: application()) }
        #expect(error?.code == .refused)
        #expect(
            error?.message
                == "Entra ID (login.microsoftonline.com): the client secret is wrong; give its value, not its id "
                + "(AADSTS7000215) (401)"
        )
        #expect(cloud.log.count == 1)
    }

    @Test(arguments: [
        #"{"error":"<script>hush"}"#, "hush", #"{"error_codes":"hush"}"#, #"{"access_token":"hush"}"#, "",
    ])
    func nothingOfABodyEntersAMessage(body: String) async throws {
        for status in [200, 302, 400, 403, 429, 503] {
            let cloud = Cloud { _, _ in .init(status, [.retryAfter: "600"], body) }
            let tokens = EntraTokens(channel: cloud.channel)
            let error = await failure { _ = try await tokens.token(for: .storage, as: application()) }
            #expect(error != nil && error?.message.contains("hush") == false)
            if status == 429 { #expect(error?.code == .throttled && error?.retryAfter == .seconds(600)) }
        }
    }

    @Test func serverErrorsAreTriedAgainAndThenTold() async throws {
        let counter = Counter()
        let cloud = Cloud { _, _ in counter.next() < 3 ? .init(503, [:], "") : Self.token(7) }
        let tokens = EntraTokens(channel: cloud.channel)
        let identity = try application()
        let (token, _) = try await cloud.waiting { try await tokens.token(for: .storage, as: identity) }
        #expect(token.value == "token7")
        #expect(cloud.log.count == 3)
    }

    // MARK: Managed identities

    @Test func theMetadataServiceIsAskedWithItsHeader() async throws {
        let cloud = Cloud { _, _ in .json(#"{"access_token":"token1","expires_in":"86399","resource":"x"}"#) }
        let tokens = EntraTokens(channel: cloud.channel)
        _ = try await tokens.token(for: .storage, as: .managed(.system, name: "system"))
        _ = try await tokens.token(for: .storage, as: .managed(.client("c d"), name: "client"))
        _ = try await tokens.token(for: .containerRegistry, as: .managed(.resource("/s/x"), name: "resource"))
        let base = "GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
        #expect(
            cloud.log == [
                base + "https%3A%2F%2Fstorage.azure.com", base + "https%3A%2F%2Fstorage.azure.com&client_id=c%20d",
                base + "https%3A%2F%2Fcontainerregistry.azure.net&msi_res_id=%2Fs%2Fx",
            ]
        )
        #expect(cloud.transport.exchanges.allSatisfy { $0.request.headerFields[.metadata] == "true" })
    }

    @Test(arguments: [(404, 4), (410, 7), (429, 4), (500, 4), (503, 4)])
    func whatPassesAtTheMetadataServiceIsWaitedFor(status: Int, failures: Int) async throws {
        let counter = Counter()
        let cloud = Cloud { _, _ in counter.next() <= failures ? .init(status, [:], "") : Self.token(1, life: "\"100\"")
        }
        let tokens = EntraTokens(channel: cloud.channel)
        let identity = AzureIdentity.managed(.system, name: "system")
        let (token, waited) = try await cloud.waiting { try await tokens.token(for: .storage, as: identity) }
        #expect(token.value == "token1")
        // An update of the service takes up to 70 seconds.
        if status == 410 { #expect(waited >= .seconds(70)) }
    }

    @Test func anIdentityThatTheNodeDoesNotHaveIsSaidAtOnce() async throws {
        let cloud = Cloud { _, _ in
            .init(400, [:], #"{"error":"invalid_request","error_description":"Identity not found"}"#)
        }
        let tokens = EntraTokens(channel: cloud.channel)
        let error = await failure { _ = try await tokens.token(for: .storage, as: .managed(.client("c"), name: "n")) }
        #expect(error?.code == .refused && error?.message.contains("the node has no such identity") == true)
        #expect(cloud.log.count == 1)
    }

    @Test func whereThereIsNoMetadataServiceOneAttemptTellsIt() async throws {
        let cloud = Cloud { _, _ in throw HTTPTransportError(.connect, "no route") }
        let tokens = EntraTokens(channel: cloud.channel)
        let error = await failure { _ = try await tokens.token(for: .storage, as: .managed(.system, name: "n")) }
        #expect(error?.code == .unavailable)
        #expect(cloud.log.count == 1)
    }

    @Test func nothingPrintsAProof() throws {
        var text = "\(try application()) \(String(reflecting: try application()))"
        dump(try application(), to: &text)
        #expect(!text.contains("hush"))
    }
}
