import Artifacts
import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RegistryAccessTests {
    private let clock = TestClock()

    private func registry(_ options: EmulatedRegistry.Options) throws -> EmulatedRegistry {
        try EmulatedRegistry(options, time: clock.timeSource())
    }

    private func basic(_ text: String) -> HTTPFields { [.authorization: "Basic " + Array(text.utf8).base64Text] }
    private func bearer(_ token: String?) -> HTTPFields { [.authorization: "Bearer " + (token ?? "")] }

    @Test func basicPasswordIsAskedFor() async throws {
        let registry = try registry(.init(access: .basic(["dev": "secret"])))
        let refused = try await Caller(registry).send(.get, "/v2/")
        #expect(refused.status == 401 && refused["WWW-Authenticate"]?.hasPrefix("Basic realm=") == true)
        #expect(refused.json["errors"]?[0]?["code"] == "UNAUTHORIZED")
        #expect(try await Caller(registry, headers: basic("dev:wrong")).send(.get, "/v2/").status == 401)
        #expect(try await Caller(registry, headers: basic("dev:secret")).send(.get, "/v2/").status == 200)
    }

    @Test func tokenIsGoodForItsScopeAndItsTime() async throws {
        let caller = Caller(try registry(.init(access: .token(["dev": "secret"], lifetime: .seconds(60)))))
        let challenge = try await caller.send(.get, "/v2/app/tags/list")
        #expect(
            challenge["WWW-Authenticate"]
                == #"Bearer realm="http://peer.test:5000/token",service="peer.test:5000",scope="repository:app:pull""#
        )
        let target = "/token?service=peer.test:5000&scope=repository:app:pull,push"
        #expect(try await caller.send(.get, target).status == 401)
        let granted = try await caller.send(.get, target, basic("dev:secret"))
        #expect(granted.json["expires_in"] == 60)
        let token = granted.json["token"]?.string
        try await EmulatedRegistryTests.push("x", to: "app", Caller(caller, adding: bearer(token)))
        let other = try await caller.send(.get, "/v2/other/tags/list", bearer(token))
        #expect(other.status == 401 && other["WWW-Authenticate"]?.contains("error=\"insufficient_scope\"") == true)
        #expect(try await caller.send(.delete, "/v2/app/manifests/x", bearer(token)).status == 401)
        clock.advance(by: .seconds(60))
        let late = try await caller.send(.get, "/v2/app/tags/list", bearer(token))
        #expect(late.status == 401 && late["WWW-Authenticate"]?.contains("error=\"invalid_token\"") == true)
    }

    @Test func forgedTokenIsRefused() async throws {
        let caller = Caller(try registry(.init(access: .token(["dev": "secret"]))))
        let other = Caller(try registry(.init(access: .token(["dev": "secret"]))))
        let granted = try await other.send(.get, "/token?scope=repository:app:pull", basic("dev:secret"))
        let foreign = granted.json["token"]?.string
        #expect(try await other.send(.get, "/v2/", bearer(foreign)).status == 200)
        #expect(try await caller.send(.get, "/v2/", bearer(foreign)).status == 401)
    }

    @Test func anonymousMayPullOnlyWhereAllowed() async throws {
        let caller = Caller(try registry(.init(access: .token(["dev": "secret"], anonymousPull: true))))
        let granted = try await caller.send(.get, "/token?scope=repository:app:pull,push")
        let token = granted.json["token"]?.string
        #expect(try await caller.send(.get, "/v2/app/tags/list", bearer(token)).status == 404)
        #expect(try await caller.send(.post, "/v2/app/blobs/uploads/", bearer(token)).status == 401)
    }

    @Test func mountNeedsToReadItsSource() async throws {
        let caller = Caller(try registry(.init(access: .token(["dev": "secret"]))))
        func token(_ scopes: String) async throws -> HTTPFields {
            bearer(try await caller.send(.get, "/token?\(scopes)", basic("dev:secret")).json["token"]?.string)
        }
        let base = try await token("scope=repository:base:pull,push")
        let digest = try await EmulatedRegistryTests.push("x", to: "base", Caller(caller, adding: base))
        let target = "/v2/app/blobs/uploads/?mount=\(digest)&from=base"
        let only = try await caller.send(.post, target, try await token("scope=repository:app:pull,push"))
        #expect(only.status == 401)
        #expect(only["WWW-Authenticate"]?.contains("repository:app:pull,push repository:base:pull") == true)
        let both = try await token("scope=repository:app:pull,push&scope=repository:base:pull")
        #expect(try await caller.send(.post, target, both).status == 201)
    }

    @Test func entraTokenIsExchangedForAnAccessToken() async throws {
        let access = RegistryAccess.azure(["admin": "pw"], refreshLifetime: .seconds(100)) { token, _ in
            token == "entra"
        }
        let caller = Caller(try registry(.init(access: access)))
        let challenge = try await caller.send(.get, "/acr/v1/app/_tags")
        #expect(challenge["WWW-Authenticate"]?.contains("realm=\"http://peer.test:5000/oauth2/token\"") == true)
        #expect(challenge["WWW-Authenticate"]?.contains("scope=\"repository:app:metadata_read\"") == true)
        func post(_ path: String, _ form: String) async throws -> Caller.Answer {
            try await caller.send(.post, path, [.contentType: "application/x-www-form-urlencoded"], Array(form.utf8))
        }
        let service = "service=peer.test%3A5000"
        #expect(try await post("/oauth2/exchange", "grant_type=access_token&\(service)&access_token=bad").status == 401)
        let exchanged = try await post("/oauth2/exchange", "grant_type=access_token&\(service)&access_token=entra")
        let refresh = try #require(exchanged.json["refresh_token"]?.string)
        let form = "grant_type=refresh_token&\(service)&scope=repository:app:pull,push&refresh_token=\(refresh)"
        let token = try #require(try await post("/oauth2/token", form).json["access_token"]?.string)
        try await EmulatedRegistryTests.push("x", to: "app", Caller(caller, adding: bearer(token)))
        #expect(try await caller.send(.get, "/acr/v1/app/_tags", bearer(token)).status == 401)
        #expect(try await caller.send(.get, "/v2/", bearer(refresh)).status == 401)
        #expect(try await caller.send(.get, "/v2/", basic("admin:pw")).status == 200)
        clock.advance(by: .seconds(100))
        #expect(try await post("/oauth2/token", form).status == 401)
    }

    @Test func azureListsTagsByTheirDates() async throws {
        let caller = Caller(try registry(.init(azureRoutes: true)))
        for tag in ["b", "a", "d", "c"] {
            try await EmulatedRegistryTests.pushImage("layer \(tag)", to: "app", tag, caller)
            clock.advance(by: .seconds(60))
        }
        try await EmulatedRegistryTests.pushImage("new", to: "app", "a", caller)
        func names(_ target: String) async throws -> [String] {
            var found: [String] = []
            var next: String? = target
            while let target = next {
                let answer = try await caller.send(.get, target)
                found += answer.json["tags"]?.array?.compactMap { $0["name"]?.string } ?? []
                next = answer["Link"].flatMap { $0.dropFirst().split(separator: ">").first.map(String.init) }
            }
            return found
        }
        #expect(try await names("/acr/v1/app/_tags") == ["a", "b", "c", "d"])
        #expect(try await names("/acr/v1/app/_tags?orderby=timedesc") == ["a", "c", "d", "b"])
        #expect(try await names("/acr/v1/app/_tags?orderby=timeasc&n=1") == ["b", "d", "c", "a"])
        let one = try await caller.send(.get, "/acr/v1/app/_tags/a")
        #expect(one.json["tag"]?["createdTime"] == "2026-01-01T00:01:00.000000Z")
        #expect(one.json["tag"]?["lastUpdateTime"] == "2026-01-01T00:04:00.000000Z")
        #expect(try await Caller(try registry(.init())).send(.get, "/acr/v1/app/_tags").status == 404)
    }
}

extension Caller {
    /// The same service, asked with more header fields.
    init(_ caller: Caller, adding fields: HTTPFields) {
        self = caller
        for field in fields { headers[field.name] = field.value }
    }
}

extension Array where Element == UInt8 {
    /// Base64, without the code under test.
    var base64Text: String { Data(self).base64EncodedString() }
}
