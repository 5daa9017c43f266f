import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct AzureRegistryTests {
    private static let digest = "sha256:" + String(repeating: "a", count: 64)
    private static let listing = """
        {"registry":"a.azurecr.io","imageName":"x","tags":[
          {"name":"2","digest":"\(digest)","createdTime":"2018-09-06T06:17:20.9983915Z",
           "lastUpdateTime":"2018-09-07T06:17:20.9983915Z","signed":false,"changeableAttributes":{"listEnabled":true}},
          {"name":"1","digest":"nonsense","createdTime":"2018-09-06T06:17:20Z","lastUpdateTime":null},
          {"name":"0","createdTime":"yesterday"}, {"digest":"\(digest)"}]}
        """

    @Test func tagsComeWithDigestsAndPushTimes() async throws {
        let world = TestRegistry { _, _ in .json(Self.listing) }
        let tags = try await world.client.tags(of: try reference("a.azurecr.io/x"))
        #expect(world.log == ["GET https://a.azurecr.io/acr/v1/x/_tags?orderby=timedesc&n=1000"])
        #expect(
            tags == [
                TagListing(
                    name: "2",
                    digest: try Digest(Self.digest),
                    pushedAt: try Timestamp(rfc3339: "2018-09-07T06:17:20.998391Z")
                ),
                TagListing(name: "1", digest: nil, pushedAt: try Timestamp(rfc3339: "2018-09-06T06:17:20Z")),
                TagListing(name: "0"),
            ]
        )
    }

    @Test func azureIsKnownByItsHostsOrByBeingTold() async throws {
        let table: [(String, RegistryHostOptions, Bool)] = [
            ("a.azurecr.io", .init(), true), ("a.azurecr.cn", .init(), true), ("a.azurecr.us", .init(), true),
            ("azurecr.io", .init(), false), ("a.azurecr.io.evil.io", .init(), false), ("aazurecr.io", .init(), false),
            ("a.azurecr.io", .init(kind: .distribution), false), ("127.0.0.1:5000", .init(kind: .azure), true),
        ]
        for (host, options, isAzure) in table {
            #expect(try RegistryEndpoint(registry: host, options: options).isAzure == isAzure, "\(host)")
        }
    }

    @Test func pagesFollowTheLink() async throws {
        let world = TestRegistry { request, _ in
            guard request.query("last") == nil, let name = HTTPField.Name("Link") else {
                return .json(#"{"imageName":"x","tags":[{"name":"1"}]}"#)
            }
            return .json(
                #"{"imageName":"x","tags":[{"name":"2"}]}"#,
                [name: #"</acr/v1/x/_tags?last=2&n=1000&orderby=timedesc>; rel="next""#]
            )
        }
        #expect(try await world.client.tags(of: try reference("a.azurecr.io/x")).map(\.name) == ["2", "1"])
        #expect(world.log.last == "GET https://a.azurecr.io/acr/v1/x/_tags?last=2&n=1000&orderby=timedesc")
    }

    @Test func withoutTheRightToReadMetadataTheOrdinaryListServes() async throws {
        for status in [401, 403, 404] {
            let world = TestRegistry { request, _ in
                request.bare.hasPrefix("/acr/") ? .init(status, [:], "") : .json(#"{"tags":["1"]}"#)
            }
            #expect(try await world.client.tags(of: try reference("a.azurecr.io/x")) == [TagListing(name: "1")])
        }
        let broken = TestRegistry { _, _ in .init(500, [:], "") }
        #expect(
            await failure { try await broken.client.tags(of: try reference("a.azurecr.io/x")) }?.code == .unavailable
        )
        #expect(broken.log.count == 1)
    }

    /// An Azure registry that exchanges tokens; `refreshes` counts the refresh tokens it gave out.
    private static func exchange(
        _ refreshes: Counter,
        isGood: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> @Sendable (HTTPRequest, [UInt8]) async throws -> FakeTransport.Answer {
        { request, body in
            let form = String(decoding: body, as: UTF8.self)
            switch request.bare {
            case "/oauth2/exchange":
                #expect(form == "grant_type=access_token&service=a.azurecr.io&access_token=entra")
                return .json("{\"refresh_token\": \"r\(refreshes.next())\", \"expires_in\": 10000}")
            case "/oauth2/token":
                let token = form.split(separator: "=").last.map(String.init) ?? ""
                #expect(form.hasPrefix("grant_type=refresh_token&service=a.azurecr.io&scope=repository%3A"))
                return isGood(token)
                    ? .json(#"{"access_token": "a-\#(token)", "expires_in": 100}"#) : .init(401, [:], "")
            default:
                return request.headerFields[.authorization]?.hasPrefix("Bearer a-") == true
                    ? .json(#"{"imageName":"x","tags":[{"name":"1"}]}"#)
                    : .challenge(#"Bearer realm="https://evil.io/oauth2/token",service="evil.io""#)
            }
        }
    }

    private func keyring(_ host: String = "a.azurecr.io") -> RegistryKeyring {
        let source = EntraTokenSource(identity: "tenant/client") { _ in SecretText("entra") }
        return RegistryKeyring(.entra(source), for: host) ?? RegistryKeyring()
    }

    @Test func anEntraTokenIsExchangedAtTheRegistryItselfAndTheRefreshTokenKept() async throws {
        let refreshes = Counter()
        let world = TestRegistry(keyring: keyring(), Self.exchange(refreshes))
        _ = try await world.client.tags(of: try reference("a.azurecr.io/x"))
        _ = try await world.client.tags(of: try reference("a.azurecr.io/y"))
        world.clock.advance(by: .seconds(75))
        _ = try await world.client.tags(of: try reference("a.azurecr.io/x"))
        #expect(refreshes.value == 1)
        #expect(
            world.transport.exchanges.map(\.request.bare) == [
                "/oauth2/exchange", "/oauth2/token", "/acr/v1/x/_tags", "/oauth2/token", "/acr/v1/y/_tags",
                "/oauth2/token", "/acr/v1/x/_tags",
            ]
        )
        #expect(world.transport.exchanges.allSatisfy { $0.request.authority == "a.azurecr.io" })
        world.clock.advance(by: .seconds(7500))
        _ = try await world.client.tags(of: try reference("a.azurecr.io/x"))
        #expect(refreshes.value == 2)
    }

    @Test func aRevokedRefreshTokenIsReplacedOnce() async throws {
        let refreshes = Counter()
        let world = TestRegistry(keyring: keyring(), Self.exchange(refreshes, isGood: { $0 != "r1" }))
        _ = try await world.client.tags(of: try reference("a.azurecr.io/x"))
        #expect(refreshes.value == 2)
        let never = Counter()
        let closed = TestRegistry(keyring: keyring(), Self.exchange(never, isGood: { _ in false }))
        let error = await failure { try await closed.client.resolve(try reference("a.azurecr.io/x"), tag: "1") }
        #expect(error?.code == .unauthorized)
        #expect(never.value == 2)
    }

    @Test func anEntraIdentityIsNeverSentElsewhere() async throws {
        let table: [(String, RegistryHostOptions)] = [
            ("r.io", .init()), ("a.azurecr.io", .init(plainHTTP: true)), ("a.azurecr.io", .init(kind: .distribution)),
        ]
        for (host, options) in table {
            let world = TestRegistry(keyring: keyring(host), hosts: [host: options]) { _, _ in
                .challenge(#"Bearer realm="https://a.azurecr.io/oauth2/token""#)
            }
            let error = await failure { try await world.client.resolve(try reference("\(host)/x"), tag: "1") }
            #expect(error?.code == .credential)
            #expect(world.log.isEmpty)
        }
    }

    @Test func aSourceThatFailsSaysForWhom() async throws {
        struct Away: Error {}
        let source = EntraTokenSource(identity: "tenant/client") { _ in throw Away() }
        let keyring = RegistryKeyring(.entra(source), for: "a.azurecr.io") ?? RegistryKeyring()
        let world = TestRegistry(keyring: keyring) { _, _ in .json("{}") }
        let error = await failure { try await world.client.tags(of: try reference("a.azurecr.io/x")) }
        #expect(error?.code == .credential)
        #expect(error?.message.contains("tenant/client") == true)
        #expect(error?.underlying is Away)
    }
}
