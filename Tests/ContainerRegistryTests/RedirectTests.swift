import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct RedirectTests {
    private func blob(_ world: TestRegistry, _ host: String = "r.io") async throws -> [UInt8]? {
        try await world.client.blob(try reference("\(host)/x"), sha256("12345"), limit: 10)
    }

    /// A registry that wants Basic and then redirects to `location`; every other host sends the blob.
    private func world(
        _ location: String,
        host: String = "r.io",
        options: RegistryHostOptions = .init()
    ) -> TestRegistry {
        TestRegistry(keyring: .basic(host), hosts: [host: options]) { request, _ in
            guard request.authority == host, request.bare.hasPrefix("/v2/x/blobs/") else {
                return .init(200, [:], "12345")
            }
            guard request.headerFields[.authorization] != nil else { return .challenge("Basic realm=x") }
            return .init(307, [.location: location], "")
        }
    }

    @Test func theAuthorizationStaysAtTheRegistry() async throws {
        let world = world("https://store.io/blob?sig=s3cret")
        #expect(try await blob(world) == Array("12345".utf8))
        #expect(world.log.last == "GET https://store.io/blob?sig=s3cret")
        #expect(world.authorizations == [nil, "Basic YW5uOnMzY3JldA==", nil])
    }

    @Test func withinTheOriginItIsKept() async throws {
        let world = world("/elsewhere")
        #expect(try await blob(world) == Array("12345".utf8))
        #expect(world.authorizations.last == "Basic YW5uOnMzY3JldA==")
    }

    @Test func anotherPortOrSubdomainIsAnotherOrigin() async throws {
        for location in ["https://r.io:444/b", "https://cdn.r.io/b", "//store.io/b"] {
            let world = world(location)
            #expect(try await blob(world) == Array("12345".utf8))
            #expect(world.authorizations.last == .some(nil), "\(location)")
        }
    }

    @Test func onceLeftTheAuthorizationDoesNotComeBack() async throws {
        let world = TestRegistry(keyring: .basic("r.io")) { request, _ in
            switch (request.authority, request.bare) {
            case ("store.io", _): return .init(302, [.location: "https://r.io/back"], "")
            case ("r.io", "/back"): return .init(200, [:], "12345")
            default:
                return request.headerFields[.authorization] == nil
                    ? .challenge("Basic realm=x") : .init(307, [.location: "https://store.io/"], "")
            }
        }
        #expect(try await blob(world) == Array("12345".utf8))
        #expect(world.authorizations == [nil, "Basic YW5uOnMzY3JldA==", nil, nil])
    }

    @Test func aChallengeFromElsewhereIsNotAnswered() async throws {
        let world = TestRegistry(keyring: .basic("r.io")) { request, _ in
            request.authority == "r.io"
                ? .init(307, [.location: "https://evil.io/"], "") : .challenge("Basic realm=x")
        }
        let error = await failure { try await blob(world) }
        #expect(error?.code == .unavailable)
        #expect(world.authorizations == [nil, nil])
    }

    @Test func whereARedirectMustNotLeadItDoesNot() async throws {
        let table: [(String, RegistryHostOptions, String, RegistryError.Code?)] = [
            ("r.io", .init(), "http://store.io/b", .insecure),
            ("r.io", .init(), "http://r.io/b", .insecure),
            ("r.io", .init(plainHTTP: true), "http://store.io/b", nil),
            ("r.io", .init(), "https://169.254.169.254/b", .insecure),
            ("r.io", .init(), "https://10.1.2.3/b", .insecure),
            ("r.io", .init(trustedHosts: ["10.1.2.3"]), "https://10.1.2.3/b", nil),
            ("r.io", .init(), "https://localhost/b", .insecure),
            ("10.1.2.3", .init(), "https://10.1.2.4/b", nil),
            ("r.io", .init(), "file:///etc/passwd", .malformedAnswer),
            ("r.io", .init(), "https://user:pw@store.io/", .malformedAnswer),
        ]
        for (host, options, location, code) in table {
            let world = world(location, host: host, options: options)
            let error = await failure { try await blob(world, host) }
            #expect(error?.code == code, "\(host) to \(location)")
            #expect(world.log.count == (code == nil ? 3 : 2), "\(host) to \(location)")
        }
        let silent = TestRegistry { _, _ in .init(307, [:], "") }
        #expect(await failure { try await blob(silent) }?.code == .malformedAnswer)
    }

    @Test func redirectsAreCounted() async throws {
        for (count, code) in [(5, RegistryError.Code?.none), (6, .malformedAnswer)] {
            let hops = Counter()
            let world = TestRegistry { _, _ in
                hops.next() <= count ? .init(302, [.location: "/hop"], "") : .init(200, [:], "12345")
            }
            #expect(await failure { try await blob(world) }?.code == code)
            #expect(world.log.count == 6)
        }
    }

    @Test func messagesHoldNoQuery() async throws {
        let world = TestRegistry { request, _ in
            request.authority == "r.io"
                ? .init(307, [.location: "https://store.io/b?sig=s3cret"], "") : .init(403, [:], "s3cret")
        }
        let error = await failure { try await blob(world) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("s3cret") == false)
    }
}
