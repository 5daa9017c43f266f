import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct TokenFlowTests {
    private static let challenge =
        #"Bearer realm="https://auth.io/token",service="r.io",scope="repository:team/app:pull""#

    /// A registry at r.io whose token server is auth.io; token n is good while `isGood(n)`.
    private func server(
        expiresIn: Int = 100,
        isGood: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> @Sendable (HTTPRequest, [UInt8]) async throws -> FakeTransport.Answer {
        let tokens = Counter()
        return { request, _ in
            if request.authority == "auth.io" {
                return .json(#"{"token": "t\#(tokens.next())", "expires_in": \#(expiresIn)}"#)
            }
            guard let header = request.headerFields[.authorization], header.hasPrefix("Bearer "),
                isGood(String(header.dropFirst(7)))
            else { return .challenge(Self.challenge) }
            return .json(#"{"name": "team/app", "tags": ["1"]}"#)
        }
    }

    @Test func anonymousReadersGetAToken() async throws {
        let world = TestRegistry(server())
        let tags = try await world.client.tags(of: try reference("r.io/team/app"))
        #expect(tags == [TagListing(name: "1")])
        #expect(
            world.log == [
                "GET https://r.io/v2/team/app/tags/list?n=1000",
                "GET https://auth.io/token?service=r.io&scope=repository%3Ateam%2Fapp%3Apull",
                "GET https://r.io/v2/team/app/tags/list?n=1000",
            ]
        )
        #expect(world.authorizations == [nil, nil, "Bearer t1"])
        #expect(world.transport.exchanges.allSatisfy { $0.request.headerFields[.userAgent] == "modelapp" })
    }

    @Test func credentialsGoToTheTokenServerAndNeverToTheRegistry() async throws {
        let world = TestRegistry(keyring: .basic("r.io"), server())
        _ = try await world.client.tags(of: try reference("r.io/team/app"))
        #expect(world.authorizations == [nil, "Basic YW5uOnMzY3JldA==", "Bearer t1"])
    }

    @Test func aTokenIsUsedAgainAndRenewedAtThreeQuartersWithoutAnotherChallenge() async throws {
        let world = TestRegistry(server(expiresIn: 100))
        let image = try reference("r.io/team/app")
        _ = try await world.client.tags(of: image)
        _ = try await world.client.tags(of: image)
        #expect(world.log.count == 4)
        world.clock.advance(by: .seconds(74))
        _ = try await world.client.tags(of: image)
        #expect(world.authorizations.last == "Bearer t1")
        world.clock.advance(by: .seconds(1))
        _ = try await world.client.tags(of: image)
        #expect(world.authorizations == [nil, nil, "Bearer t1", "Bearer t1", "Bearer t1", nil, "Bearer t2"])
        #expect(world.log[5].hasPrefix("GET https://auth.io/token"))
    }

    @Test func tokensAreKeptApartByRepositoryAndCredential() async throws {
        let world = TestRegistry(server())
        _ = try await world.client.tags(of: try reference("r.io/team/app"))
        _ = try await world.client.tags(of: try reference("r.io/team/other"))
        var known = world.client
        known.keyring = .basic("r.io")
        _ = try await known.tags(of: try reference("r.io/team/app"))
        #expect(
            world.authorizations.filter { $0?.hasPrefix("Bearer") == true } == ["Bearer t1", "Bearer t2", "Bearer t3"]
        )
    }

    @Test func aRefusedTokenIsRenewedOnce() async throws {
        let world = TestRegistry(server(isGood: { $0 != "t1" }))
        // t1 is refused right after it was issued: that is the answer to the challenge, so it stands.
        #expect(
            await failure { try await world.client.tags(of: try reference("r.io/team/app")) }?.code == .unauthorized
        )
        // It is known now; refused again, it is renewed.
        _ = try await world.client.tags(of: try reference("r.io/team/app"))
        #expect(world.authorizations == [nil, nil, "Bearer t1", "Bearer t1", nil, "Bearer t2"])
    }

    @Test func aRegistryThatRefusesEveryTokenIsLeftAlone() async throws {
        let world = TestRegistry(keyring: .basic("r.io"), server(isGood: { _ in false }))
        let error = await failure { try await world.client.tags(of: try reference("r.io/team/app")) }
        #expect(error?.code == .unauthorized)
        #expect(error?.status == 401)
        #expect(error?.isTransient == false)
        #expect(world.log.count == 3)
    }

    @Test func manyCallersFetchOneToken() async throws {
        let challenged = Counter()
        let answer = server()
        let world = TestRegistry { request, body in
            if request.authority == "auth.io" {
                // No token comes before everybody was refused without one.
                while challenged.value < 20, !Task.isCancelled { await Task.yield() }
            } else if request.headerFields[.authorization] == nil {
                challenged.next()
            }
            return try await answer(request, body)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask { _ = try await world.client.tags(of: try reference("r.io/team/app")) }
            }
            try await group.waitForAll()
        }
        #expect(world.log.filter { $0.contains("auth.io") }.count == 1)
        #expect(world.log.count == 41)
    }

    @Test func basicIsSentOnlyWhereTheRegistryAsksForIt() async throws {
        let world = TestRegistry(keyring: .basic("r.io")) { request, _ in
            request.headerFields[.authorization] == "Basic YW5uOnMzY3JldA=="
                ? .json(#"{"tags": []}"#) : .challenge(#"Basic realm="Registry Realm""#)
        }
        let image = try reference("r.io/team/app")
        _ = try await world.client.tags(of: image)
        _ = try await world.client.tags(of: image)
        #expect(world.authorizations == [nil, "Basic YW5uOnMzY3JldA==", "Basic YW5uOnMzY3JldA=="])
    }

    @Test func withoutCredentialsABasicChallengeSaysWhatToDo() async throws {
        let world = TestRegistry { _, _ in .challenge(#"Basic realm="x""#) }
        let error = await failure { try await world.client.tags(of: try reference("r.io/team/app")) }
        #expect(error?.code == .unauthorized)
        #expect(error?.message.contains("pull secret") == true)
    }

    @Test func anUnknownSchemeOrNoneIsUnauthorized() async throws {
        for answer in [
            FakeTransport.Answer.challenge("Negotiate"), .challenge(""), FakeTransport.Answer(401, [:], "x"),
        ] {
            let world = TestRegistry(keyring: .basic("r.io")) { _, _ in answer }
            let error = await failure { try await world.client.tags(of: try reference("r.io/team/app")) }
            #expect(error?.code == .unauthorized)
            #expect(world.log.count == 1)
        }
    }

    @Test func anIdentityTokenIsExchangedByPost() async throws {
        let keyring = RegistryKeyring(.identityToken(SecretText("re&fresh")), for: "r.io") ?? RegistryKeyring()
        let world = TestRegistry(keyring: keyring) { request, body in
            if request.authority == "auth.io" {
                #expect(request.method == .post)
                #expect(request.headerFields[.contentType] == "application/x-www-form-urlencoded")
                #expect(
                    String(decoding: body, as: UTF8.self)
                        == "grant_type=refresh_token&service=r.io&client_id=modelapp"
                        + "&scope=repository%3Ateam%2Fapp%3Apull&refresh_token=re%26fresh"
                )
                return .json(#"{"access_token": "a", "expires_in": 100}"#)
            }
            return request.headerFields[.authorization] == "Bearer a"
                ? .json(#"{"tags": ["1"]}"#) : .challenge(Self.challenge)
        }
        #expect(try await world.client.tags(of: try reference("r.io/team/app")).count == 1)
    }

    @Test func aRegistryTokenIsSentAsItIs() async throws {
        let keyring = RegistryKeyring(.registryToken(SecretText("direct")), for: "r.io") ?? RegistryKeyring()
        let world = TestRegistry(keyring: keyring) { request, _ in
            request.headerFields[.authorization] == "Bearer direct"
                ? .json(#"{"tags": ["1"]}"#) : .challenge(Self.challenge)
        }
        _ = try await world.client.tags(of: try reference("r.io/team/app"))
        #expect(world.authorizations == ["Bearer direct"])
        let refused = TestRegistry(keyring: keyring) { _, _ in .challenge(Self.challenge) }
        #expect(
            await failure { try await refused.client.tags(of: try reference("r.io/team/app")) }?.code == .unauthorized
        )
        #expect(refused.log.count == 1)
    }

    @Test func credentialsAreTriedInTurnAndTheGoodOneFirstNextTime() async throws {
        var keyring = RegistryKeyring.basic("r.io/team", "wrong")
        keyring.append(.basic("r.io", "right"))
        let world = TestRegistry(keyring: keyring) { request, _ in
            request.headerFields[.authorization] == "Basic cmlnaHQ6czNjcmV0"
                ? .json(#"{"tags": ["1"]}"#) : .challenge("Basic realm=x")
        }
        _ = try await world.client.tags(of: try reference("r.io/team/app"))
        #expect(world.log.count == 4)
        _ = try await world.client.tags(of: try reference("r.io/team/app"))
        #expect(world.log.count == 5)
    }

    @Test func failuresOfTheTokenServerAreToldApart() async throws {
        let table: [(Int, RegistryError.Code)] = [
            (400, .unauthorized), (401, .unauthorized), (403, .denied), (404, .rejected), (429, .rateLimited),
            (500, .unavailable), (302, .insecure),
        ]
        for (status, code) in table {
            let world = TestRegistry(keyring: .basic("r.io")) { request, _ in
                request.authority == "auth.io"
                    ? .init(status, [.location: "https://evil.io/"], #"{"details": "s3cret"}"#)
                    : .challenge(Self.challenge)
            }
            let error = await failure { try await world.client.tags(of: try reference("r.io/team/app")) }
            #expect(error?.code == code, "\(status)")
            #expect(error?.message.contains("s3cret") == false)
            #expect(world.log.count == 2)
        }
        let page = TestRegistry { request, _ in
            request.authority == "auth.io" ? .init(200, [:], "<html>") : .challenge(Self.challenge)
        }
        #expect(
            await failure { try await page.client.tags(of: try reference("r.io/team/app")) }?.code == .malformedAnswer
        )
    }

    @Test func aRealmThatMustNotBeAskedGetsNoRequest() async throws {
        let table: [(registry: String, plainHTTP: Bool, realm: String, code: RegistryError.Code?)] = [
            ("r.io", false, "http://r.io/token", .insecure),
            ("r.io", false, "http://auth.io/token", .insecure),
            ("r.io", true, "http://auth.io/token", .insecure),
            ("r.io", true, "http://r.io/token", nil),
            ("r.io", true, "https://auth.io/token", nil),
            ("127.0.0.1:5000", true, "http://127.0.0.1:5001/token", nil),
            ("127.0.0.1:5000", true, "http://localhost:5001/token", nil),
            ("127.0.0.1:5000", false, "http://127.0.0.1:5001/token", .insecure),
            ("r.io", false, "https://169.254.169.254/latest", .insecure),
            ("r.io", false, "https://10.0.0.7/token", .insecure),
            ("r.io", false, "https://localhost/token", .insecure),
            ("r.io", false, "https://[::1]/token", .insecure),
            ("r.io", false, "https://2130706433/token", .insecure),
            ("10.0.0.7", false, "https://10.0.0.8/token", nil),
            ("10.0.0.7", false, "https://127.0.0.1/token", .insecure),
            ("r.io", false, "ftp://auth.io/", .malformedAnswer),
            ("r.io", false, "/token", .malformedAnswer),
            ("r.io", false, "https://user:pw@auth.io/", .malformedAnswer),
        ]
        for row in table {
            let hosts = [row.registry: RegistryHostOptions(plainHTTP: row.plainHTTP)]
            let world = TestRegistry(keyring: .basic(row.registry), hosts: hosts) { request, _ in
                if request.bare == "/token" { return .json(#"{"token": "t"}"#) }
                return request.headerFields[.authorization] == nil
                    ? .challenge("Bearer realm=\"\(row.realm)\"") : .json(#"{"tags": []}"#)
            }
            let error = await failure { try await world.client.tags(of: try reference("\(row.registry)/x/y")) }
            #expect(error?.code == row.code, "\(row)")
            #expect(world.log.count == (row.code == nil ? 3 : 1), "\(row)")
        }
    }

    @Test func aTrustedHostMayBePrivate() async throws {
        let hosts = ["r.io": RegistryHostOptions(trustedHosts: ["10.0.0.7"])]
        let world = TestRegistry(hosts: hosts) { request, _ in
            if request.authority == "10.0.0.7" { return .json(#"{"token": "t"}"#) }
            return request.headerFields[.authorization] == nil
                ? .challenge(#"Bearer realm="https://10.0.0.7/t""#) : .json(#"{"tags": []}"#)
        }
        _ = try await world.client.tags(of: try reference("r.io/x"))
        #expect(world.log.count == 3)
    }

    @Test func scopesOfOtherKindsAreNotAskedFor() async throws {
        let world = TestRegistry { request, _ in
            if request.authority == "auth.io" {
                #expect(
                    request.path == "/token?a=b&scope=repository%3Ax%3Apull&scope=repository%3Ax%3Ametadata_read"
                )
                return .json(#"{"token": "t"}"#)
            }
            return request.headerFields[.authorization] == nil
                ? .challenge(
                    #"Bearer realm="https://auth.io/token?a=b",scope="registry:catalog:* repository:x:metadata_read""#
                ) : .json(#"{"tags": []}"#)
        }
        _ = try await world.client.tags(of: try reference("r.io/x"))
        #expect(world.log.count == 3)
    }

    @Test func dockerHubAnswersUnderItsOwnHost() async throws {
        let world = TestRegistry { _, _ in .json(#"{"tags": ["1"]}"#) }
        _ = try await world.client.tags(of: try reference("nginx"))
        #expect(world.log == ["GET https://registry-1.docker.io/v2/library/nginx/tags/list?n=1000"])
    }
}
