import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import TestSupport
import Testing

@testable import AsyncHTTPTransport
@testable import modelapp

/// What a ModelApp names is hostile: what must not be contacted gets a clear refusal and no byte, through the very
/// transport of the operator, whose name servers are the test's.
@Suite struct TenancyTests {
    /// A place that a ModelApp names, and why it must not be contacted.
    struct Case: Sendable, CustomTestStringConvertible {
        var place: String
        var reason = "EndpointRefused"
        /// What the message says besides the field.
        var says: String
        /// The addresses of names, in which every name below them lies too.
        var names: [String: [String]] = [:]

        var testDescription: String { place }
    }

    private static let metadata = "the link-local address 169.254.169.254"
    private static let server = "the API server of this cluster"

    static let endpoints: [Case] = [
        Case(place: "http://169.254.169.254", says: metadata),
        Case(place: "https://169.254.169.254:8443", says: metadata),
        Case(place: "http://169.254.169.254/latest/meta-data", says: metadata),
        Case(place: "http://2852039166", says: metadata),
        Case(place: "http://0xa9fea9fe", says: metadata),
        Case(place: "http://0xa9.0xfe.0xa9.0xfe", says: metadata),
        Case(place: "http://0251.0376.0251.0376", says: metadata),
        Case(place: "http://0251.254.0xa9fe", says: metadata),
        Case(place: "http://169.16689662", says: metadata),
        Case(place: "http://169.254.169.254.", says: metadata, names: ["169.254.169.254.": ["169.254.169.254"]]),
        Case(place: "http://[::ffff:169.254.169.254]", says: "::ffff:169.254.169.254"),
        Case(place: "http://[::ffff:a9fe:a9fe]", says: "::ffff:169.254.169.254"),
        Case(place: "http://[0:0:0:0:0:ffff:a9fe:a9fe]", says: "::ffff:169.254.169.254"),
        Case(place: "http://[::a9fe:a9fe]", says: "::169.254.169.254"),
        Case(place: "http://[64:ff9b::a9fe:a9fe]", says: "64:ff9b::a9fe:a9fe"),
        Case(place: "http://[64:ff9b:1::a9fe:a9fe]", says: "64:ff9b:1::a9fe:a9fe"),
        Case(place: "http://[2002:a9fe:a9fe::]", says: "2002:a9fe:a9fe::"),
        Case(place: "http://[fd00:ec2::254]", says: "the metadata address fd00:ec2::254"),
        Case(place: "http://168.63.129.16", says: "the metadata address 168.63.129.16"),
        Case(
            place: "http://metadata.google.internal",
            says: metadata,
            names: ["metadata.google.internal": ["169.254.169.254"]]
        ),
        Case(
            place: "https://169-254-169-254.sslip.test",
            says: metadata,
            names: ["sslip.test": ["169.254.169.254"]]
        ),
        Case(
            place: "https://good.test",
            says: metadata,
            names: ["good.test": ["203.0.113.7", "169.254.169.254"]]
        ),
        Case(place: "https://good.test", says: "::ffff:127.0.0.1", names: ["good.test": ["::ffff:127.0.0.1"]]),
        Case(place: "https://s3.amazonaws.com@169.254.169.254", reason: "InvalidSpec", says: "is not a URL"),
        Case(place: "https://s3.amazonaws.com\\@169.254.169.254", reason: "InvalidSpec", says: "is not a URL"),
        Case(place: "http://127.0.0.1:2379", says: "the loopback address 127.0.0.1"),
        Case(place: "http://127.1", says: "the loopback address 127.0.0.1"),
        Case(place: "http://0", says: "the unspecified address 0.0.0.0"),
        Case(place: "http://[::1]:10250", says: "the loopback address ::1"),
        Case(place: "http://[::]", says: "the unspecified address ::"),
        Case(place: "http://localhost", says: "the loopback", names: ["localhost": ["127.0.0.1", "::1"]]),
        Case(place: "http://localhost.", says: "the loopback", names: ["localhost.": ["127.0.0.1"]]),
        Case(place: "unix:///run/containerd/containerd.sock", reason: "InvalidSpec", says: "is not a URL"),
        Case(place: "http+unix://%2Frun%2Fdocker.sock", reason: "InvalidSpec", says: "is not a URL"),
        Case(place: "file:///etc/passwd", reason: "InvalidSpec", says: "is not a URL"),
        Case(place: "https://10.96.0.1", says: server),
        Case(place: "https://10.96.0.1:10250", says: server),
        Case(place: "https://[::ffff:10.96.0.1]", says: server),
        Case(
            place: "https://kubernetes.default.svc",
            says: server,
            names: ["kubernetes.default.svc": ["10.96.0.1"]]
        ),
        Case(place: "https://innocent.test", says: server, names: ["innocent.test": ["203.0.113.7", "10.96.0.1"]]),
        Case(place: "https://minio.corp.test", says: "--deny-endpoint *.corp.test", names: ["corp.test": ["10.1.1.1"]]),
        Case(place: "https://MINIO.Corp.Test.", says: "--deny-endpoint *.corp.test", names: ["test.": ["10.1.1.1"]]),
        Case(place: "https://10.240.3.4", says: "--deny-endpoint 10.240.0.0/16"),
        Case(
            place: "https://minio.allowed.test",
            says: "--deny-endpoint 10.240.0.0/16",
            names: ["minio.allowed.test": ["10.240.0.9"]]
        ),
        Case(place: "https://[64:ff9b::af0:304]", says: "--deny-endpoint 10.240.0.0/16"),
    ]

    @Test(arguments: endpoints) func anEndpointOfAStoreIsRefusedBeforeAByteIsSent(_ test: Case) async throws {
        let world = try TenancyWorld(names: test.names)
        let app = try TenancyWorld.app(s3: test.place)
        let failure = try #require(await world.look(app).model)
        #expect(failure.reason == test.reason)
        #expect(failure.message.hasPrefix("spec.model.s3"), "\(failure.message)")
        #expect(test.says.isEmpty || failure.message.contains(test.says), "\(failure.message)")
        #expect(world.isUntouched)
    }

    static let registries: [Case] = [
        Case(place: "169.254.169.254/latest", says: metadata),
        Case(place: "169.254.169.254:80/latest", says: metadata),
        Case(place: "0xa9.0xfe.0xa9.0xfe/x", says: metadata),
        Case(place: "localhost:5000/x", says: "the loopback", names: ["localhost": ["127.0.0.1"]]),
        Case(place: "kubernetes.default.svc/api", says: server, names: ["kubernetes.default.svc": ["10.96.0.1"]]),
        Case(place: "registry.corp.test/x", says: "--deny-endpoint", names: ["corp.test": ["10.1.1.1"]]),
        Case(place: "user@169.254.169.254/x", reason: "InvalidSpec", says: ""),
    ]

    @Test(arguments: registries) func aRegistryIsRefusedBeforeAByteIsSent(_ test: Case) async throws {
        let world = try TenancyWorld(names: test.names)
        let failure = try #require(await world.look(try TenancyWorld.app(image: test.place)).code)
        #expect(failure.reason == test.reason)
        #expect(failure.message.hasPrefix("spec.code.image"), "\(failure.message)")
        #expect(test.says.isEmpty || failure.message.contains(test.says), "\(failure.message)")
        #expect(world.isUntouched)
    }

    /// Where a registry that may be contacted sends a client to, by a redirect and as its token server.
    static let detours: [Case] = [
        Case(place: "https://169.254.169.254/x", says: "169.254.169.254"),
        Case(place: "https://2852039166/x", says: "2852039166"),
        Case(place: "https://[::ffff:a9fe:a9fe]/x", says: "::ffff:a9fe:a9fe"),
        Case(place: "https://10.96.0.1/api/v1/secrets", says: "10.96.0.1"),
        Case(place: "https://cdn.test/x", says: metadata, names: ["cdn.test": ["169.254.169.254"]]),
        Case(place: "https://cdn.test/x", says: "the loopback", names: ["cdn.test": ["127.0.0.1"]]),
        Case(place: "https://cdn.test/x", says: server, names: ["cdn.test": ["10.96.0.1"]]),
        Case(place: "https://a.corp.test/x", says: "--deny-endpoint", names: ["corp.test": ["203.0.113.7"]]),
        Case(place: "https://user:pw@169.254.169.254/", reason: "MalformedAnswer", says: ""),
    ]

    @Test(arguments: detours, [true, false])
    func whereARegistryLeadsIsCheckedAsWell(_ test: Case, isRedirect: Bool) async throws {
        let world = try TenancyWorld(names: test.names) { _ in
            isRedirect
                ? .init(307, [.location: test.place])
                : .init(401, [.wwwAuthenticate: "Bearer realm=\"\(test.place)\",service=\"x\""])
        }
        let app = try TenancyWorld.app(image: "\(TenancyWorld.goodHost)/x", secret: "pull")
        let failure = try #require(await world.look(app).code)
        #expect(failure.reason == test.reason)
        #expect(test.says.isEmpty || failure.message.contains(test.says), "\(failure.message)")
        #expect(!failure.message.contains(TenancyWorld.password))
        #expect(world.isUntouched)
    }

    @Test func aNameThatTurnsLocalIsRefusedWhateverItWasBefore() async throws {
        // At first it has no address, so that nothing has to be contacted: three attempts, then one more.
        let world = try TenancyWorld(turns: [[], [], [], ["169.254.169.254"]])
        let app = try TenancyWorld.app(s3: "https://rebind.test")
        #expect(await world.look(app).model?.reason == "StoreUnavailable")
        world.wait(.seconds(2))
        #expect(await world.look(app).model?.reason == "EndpointRefused")
        #expect(world.isUntouched)
    }

    @Test(arguments: ["../../prod/secrets/keys", "prod/keys", "..%2f..%2fprod%2fsecrets%2fkeys", "keys?x", "..", ""])
    func aSecretOfAnotherNamespaceCannotBeNamed(_ name: String) async throws {
        let world = try TenancyWorld()
        let asKeys = await world.look(try TenancyWorld.app(secret: name))
        let asPullSecret = await world.look(try TenancyWorld.app(pullSecret: name))
        for failure in [asKeys.code, asPullSecret.code] {
            let failure = try #require(failure)
            #expect(failure.reason == "InvalidSpec")
            #expect(failure.message.hasPrefix("spec."), "\(failure.message)")
        }
        #expect(world.secretsRead == [])
        #expect(world.isUntouched)
    }

    @Test func aScanOfAnotherTenantServesNobodyWhoCouldNotHaveMadeIt() async throws {
        let world = try TenancyWorld()
        let owner = try TenancyWorld.app(namespace: "owner", s3: TenancyWorld.goodStore, secret: "keys")
        #expect(await world.look(owner).model == nil)
        let others: [(ModelApp, String)] = [
            (try TenancyWorld.app(namespace: "owner", s3: TenancyWorld.goodStore), "Denied"),
            (try TenancyWorld.app(namespace: "thief", s3: TenancyWorld.goodStore), "Denied"),
            (try TenancyWorld.app(namespace: "thief", s3: TenancyWorld.goodStore, secret: "keys"), "Unauthorized"),
            (try TenancyWorld.app(namespace: "nobody", s3: TenancyWorld.goodStore, secret: "keys"), "SecretNotFound"),
        ]
        for (app, reason) in others {
            let failure = await world.look(app).model
            #expect(failure?.reason == reason, "\(app.metadata.namespace): \(failure?.message ?? "served")")
        }
        #expect(await world.look(owner).model == nil)
    }

    @Test func theTableHoldsThirtyCasesAndMore() {
        #expect(Self.endpoints.count + Self.registries.count + 2 * Self.detours.count >= 30)
    }
}
