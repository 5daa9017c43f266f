import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

@testable import ModelAppController

@Suite(.timeLimit(.minutes(1))) struct IdentityTests {
    private static let account: JSONValue = ["identity": ["provider": "azure", "serviceAccountName": "reader"]]
    private static let role: JSONValue = ["identity": ["provider": "aws", "serviceAccountName": "reader"]]
    private static let blob = "account.blob.core.windows.net"
    private static let login = "login.microsoftonline.com"
    private static let s3: JSONValue = ["s3": ["bucket": "models", "prefix": "", "region": "eu-west-1"]]

    private func text(_ exchange: FakeTransport.Exchange?) -> String {
        HTTPURL.decode(String(decoding: exchange?.body ?? [], as: UTF8.self)) ?? ""
    }

    @Test func aServiceAccountsIdentityReadsBlobs() async throws {
        let scene = try IdentityScene(annotations: IdentityScene.azure)
        _ = await scene.modelFailure(try IdentityScene.app(auth: Self.account))
        let token = try #require(scene.sent(to: "kubernetes.test").last)
        #expect(token.request.path == "/api/v1/namespaces/prod/serviceaccounts/reader/token")
        #expect(
            try JSONValue(parsing: token.body)["spec"]
                == ["audiences": ["api://AzureADTokenExchange"], "expirationSeconds": 3600]
        )
        let exchange = try #require(scene.sent(to: Self.login).first)
        #expect(exchange.request.path == "/tenant/oauth2/v2.0/token")
        #expect(text(exchange).contains("client_assertion=token-of-prod-reader"))
        #expect(text(exchange).contains("scope=https://storage.azure.com/.default"))
        let read = try #require(scene.sent(to: Self.blob).first)
        #expect(read.request.headerFields[.authorization] == "Bearer entra1")
    }

    @Test func aTokenThatTheStoreRefusesIsRenewedOnce() async throws {
        let scene = try IdentityScene(annotations: IdentityScene.azure) { request, _ in
            guard request.authority == Self.blob else { return nil }
            let isFresh = request.headerFields[.authorization] == "Bearer entra2"
            return .init(isFresh ? 404 : 401, [:], "<Error><Code>ContainerNotFound</Code></Error>")
        }
        let failure = await scene.modelFailure(try IdentityScene.app(auth: Self.account))
        #expect(failure?.reason == "StoreNotFound")
        #expect(scene.sent(to: Self.login).count == 2)
        // A store that refuses every token is not asked for ever.
        let refusing = try IdentityScene(annotations: IdentityScene.azure) { request, _ in
            request.authority == Self.blob ? .init(401, [:], "") : nil
        }
        #expect(await refusing.modelFailure(try IdentityScene.app(auth: Self.account))?.reason == "Unauthorized")
        #expect(refusing.sent(to: Self.blob).count == 2 && refusing.sent(to: Self.login).count == 2)
    }

    @Test func anAccountWithoutTheMarkIsRefused() async throws {
        for mark in [nil, "false", "True", ""] as [String?] {
            var annotations = IdentityScene.azure
            annotations["modelapp.dev/allow"] = mark.map { .string($0) }
            let scene = try IdentityScene(annotations: annotations)
            let failure = await scene.modelFailure(try IdentityScene.app(auth: Self.account))
            #expect(failure?.reason == "IdentityForbidden" && failure?.isTerminal == false)
            #expect(
                failure?.message.contains("kubectl annotate serviceaccount reader -n prod modelapp.dev/allow=true")
                    == true
            )
            #expect(scene.transport.exchanges.count == 1)
        }
    }

    @Test(arguments: ["../../secrets/x", "a/token", "A", ".", "a%2f", "a?b"])
    func anAccountsNameCannotLeaveItsPath(name: String) async throws {
        let scene = try IdentityScene(annotations: IdentityScene.azure)
        let auth: JSONValue = ["identity": ["provider": "azure", "serviceAccountName": .string(name)]]
        let failure = await scene.modelFailure(try IdentityScene.app(auth: auth))
        #expect(failure?.reason == "InvalidSpec" && failure?.isTerminal == true)
        #expect(scene.hosts.isEmpty)
    }

    @Test func theOperatorsOwnIdentityIsForNamespacesThatAnAdministratorNamed() async throws {
        let environment = ["AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "operator", "AZURE_CLIENT_SECRET": "hush"]
        let auth: JSONValue = ["identity": ["provider": "azure"]]
        let refusing = try IdentityScene(environment: environment, tenants: .namespaces(["other"]))
        let failure = await refusing.modelFailure(try IdentityScene.app(auth: auth))
        #expect(failure?.reason == "IdentityForbidden")
        #expect(failure?.message.contains("--allow-operator-identity prod") == true)
        #expect(refusing.hosts.isEmpty)
        for tenants in [CloudAccess.Tenants.namespaces(["prod"]), .namespaces(["*"]), .everyone] {
            let scene = try IdentityScene(environment: environment, tenants: tenants)
            _ = await scene.modelFailure(try IdentityScene.app(auth: auth))
            #expect(text(scene.sent(to: Self.login).first).contains("client_id=operator&"))
            #expect(scene.sent(to: Self.blob).first?.request.headerFields[.authorization] == "Bearer entra1")
        }
    }

    @Test func tokensAreNotSharedBetweenNamespaces() async throws {
        let scene = try IdentityScene(annotations: IdentityScene.azure)
        for namespace in ["a", "b"] {
            _ = await scene.modelFailure(try IdentityScene.app(namespace: namespace, auth: Self.account))
        }
        #expect(
            scene.sent(to: Self.login).map { text($0).contains("token-of-a-reader") } == [true, false]
        )
        #expect(
            scene.sent(to: Self.blob).map { $0.request.headerFields[.authorization] } == [
                "Bearer entra1", "Bearer entra2",
            ]
        )
    }

    @Test(arguments: ["evil.example.org/api", "127.0.0.1:5000/api", "a.azurecr.io.evil.org/api"])
    func anIdentityIsNotSentToRegistriesOfOthers(image: String) async throws {
        for auth in [Self.account, Self.role] {
            let scene = try IdentityScene(
                annotations: auth == Self.account ? IdentityScene.azure : IdentityScene.aws
            )
            let failure = await scene.codeFailure(try IdentityScene.app(image: image, code: auth))
            #expect(failure?.reason == "EndpointRefused")
            #expect(Set(scene.hosts) == ["kubernetes.test"])
            #expect(scene.transport.exchanges.count == 1)
        }
    }

    @Test func anIdentityIsNotSentToStoresOfOthers() async throws {
        let table: [(JSONValue, JSONValue)] = [
            (
                Self.account,
                ["azureBlob": ["account": "account", "container": "models", "endpoint": "https://evil.example.org"]]
            ),
            (Self.role, ["s3": ["bucket": "models", "prefix": "", "endpoint": "https://evil.example.org"]]),
        ]
        for (auth, model) in table {
            let scene = try IdentityScene(annotations: auth == Self.account ? IdentityScene.azure : IdentityScene.aws)
            let failure = await scene.modelFailure(try IdentityScene.app(model: model, auth: auth))
            #expect(failure?.reason == "EndpointRefused")
            #expect(Set(scene.hosts) == ["kubernetes.test"])
        }
    }

    @Test func anAzureRegistryExchangesTheIdentity() async throws {
        let scene = try IdentityScene(annotations: IdentityScene.azure) { request, body in
            guard request.authority == "a.azurecr.io" else { return nil }
            let form = HTTPURL.decode(String(decoding: body, as: UTF8.self)) ?? ""
            switch request.path {
            case "/oauth2/exchange":
                #expect(form == "grant_type=access_token&service=a.azurecr.io&access_token=entra1")
                return .init(200, [:], #"{"refresh_token":"refresh"}"#)
            case "/oauth2/token": return .init(200, [:], #"{"access_token":"access"}"#)
            default:
                #expect(request.headerFields[.authorization] == "Bearer access")
                return .init(200, [:], #"{"imageName":"api","tags":[]}"#)
            }
        }
        let failure = await scene.codeFailure(try IdentityScene.app(code: Self.account))
        #expect(failure?.reason == "NoCandidate")
        #expect(text(scene.sent(to: Self.login).first).contains("scope=https://containerregistry.azure.net/.default"))
    }

    @Test func aSecretMayHoldAServicePrincipal() async throws {
        let scene = try IdentityScene(
            secret: ["AZURE_TENANT_ID": "tenant\n", "AZURE_CLIENT_ID": "principal", "AZURE_CLIENT_SECRET": "hush"]
        )
        _ = await scene.modelFailure(try IdentityScene.app(auth: ["secretRef": ["name": "s"]]))
        #expect(text(scene.sent(to: Self.login).first).contains("client_id=principal&"))
        #expect(scene.sent(to: Self.blob).first?.request.headerFields[.authorization] == "Bearer entra1")
    }

    @Test func aRoleReadsABucketAndIsAssumedAgainWhenItsKeyHasExpired() async throws {
        let host = "models.s3.eu-west-1.amazonaws.com"
        let scene = try IdentityScene(annotations: IdentityScene.aws) { request, _ in
            guard request.authority == host else { return nil }
            let isFresh = request.headerFields[.authorization]?.contains("Credential=ASIA2/") == true
            return .init(
                isFresh ? 404 : 400,
                [:],
                "<Error><Code>\(isFresh ? "NoSuchBucket" : "ExpiredToken")</Code></Error>"
            )
        }
        let failure = await scene.modelFailure(try IdentityScene.app(model: Self.s3, auth: Self.role))
        #expect(failure?.reason == "StoreNotFound")
        #expect(scene.sent(to: "sts.eu-west-1.amazonaws.com").count == 2)
        #expect(
            text(scene.sent(to: "sts.eu-west-1.amazonaws.com").first).contains("WebIdentityToken=token-of-prod-reader")
        )
        let token = try #require(
            scene.sent(to: "kubernetes.test").first { $0.request.path?.hasSuffix("/token") == true }
        )
        #expect(try JSONValue(parsing: token.body)["spec"]?["audiences"] == ["sts.amazonaws.com"])
    }

    @Test func aRoleReadsARegistryOfAmazon() async throws {
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
        let password = Data("AWS:password".utf8).base64EncodedString()
        let scene = try IdentityScene(annotations: IdentityScene.aws) { request, _ in
            if request.authority == "api.ecr.eu-west-1.amazonaws.com" {
                return .init(
                    200,
                    [:],
                    #"{"authorizationData":[{"authorizationToken":"\#(password)","expiresAt":1767268800}]}"#
                )
            }
            guard request.authority == host else { return nil }
            #expect(request.headerFields[.authorization] == "Basic \(password)")
            return .init(200, [:], #"{"name":"api","tags":[]}"#)
        }
        let failure = await scene.codeFailure(try IdentityScene.app(image: "\(host)/api", code: Self.role))
        #expect(failure?.reason == "NoCandidate")
        #expect(scene.sent(to: host).count == 1)
    }

    @Test func anIdentityOfOneCloudDoesNotOpenAnother() async throws {
        let scene = try IdentityScene(annotations: IdentityScene.azure)
        let failure = await scene.modelFailure(try IdentityScene.app(model: Self.s3, auth: Self.account))
        #expect(failure?.reason == "InvalidSpec" && failure?.isTerminal == true)
    }

    @Test func nothingSecretEntersAStatus() async throws {
        for status in [400, 401, 403, 500] {
            let scene = try IdentityScene(annotations: IdentityScene.azure) { request, body in
                guard request.authority == Self.login else { return nil }
                return .init(status, [.retryAfter: "600"], String(decoding: body, as: UTF8.self))
            }
            let failure = try #require(await scene.modelFailure(try IdentityScene.app(auth: Self.account)))
            #expect(!failure.message.contains("token-of"), "\(failure.message)")
        }
    }
}
