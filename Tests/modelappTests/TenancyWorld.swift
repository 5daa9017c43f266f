import Artifacts
import Foundation
import Glibc
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Synchronization
import TestSupport

@testable import AsyncHTTPTransport
@testable import DevCluster
@testable import modelapp

/// The operator's way to sources, with name servers of the test's own, and an API server that has a few Secrets.
///
/// One registry and one store can be reached; whatever else is contacted makes an HTTP client, which is noticed.
struct TenancyWorld {
    static let goodHost = "registry.good.test"
    static let goodStore = "https://store.good.test"
    static let password = "planted-password"

    private let pool: ClientPool
    private let resolver: Resolver
    private let reads = Held<[String]>([])
    private let clock = LeapingClock()

    /// - Parameters:
    ///   - names: the addresses of names, in which every name below them lies too.
    ///   - turns: the addresses of every other name, one look-up after the other.
    ///   - registry: answers for the registry that can be reached.
    init(
        names: [String: [String]] = [:],
        turns: [[String]] = [],
        registry: @escaping @Sendable (HTTPRequest) -> FakeTransport.Answer = { _ in .init(404) }
    ) throws {
        let turn = Held(0)
        pool = ClientPool(
            limits: ClientPool.Limits(),
            resolver: HostResolver { host throws(HTTPTransportError) in
                if let number = Self.number(host) { return [number] }
                let below = names.first { host == $0.key || host.hasSuffix("." + $0.key) }
                if let found = below?.value { return found.compactMap { IPAddress($0) } }
                let index = turn.withLock { turn in
                    defer { turn += 1 }
                    return turn
                }
                guard turns.indices.contains(index), !turns[index].isEmpty else {
                    throw HTTPTransportError(.connect, "\(host) cannot be resolved: no such name")
                }
                return turns[index].compactMap { IPAddress($0) }
            }
        )
        let time = clock.timeSource()
        let server = try EmulatedS3(.init(["AKIAOWNER": "owners-key"]), time: time)
        _ = try server.shelf.create("models")
        _ = try server.shelf.put(
            StoredObject(.bytes(Array("x".utf8)), at: time.date() + .seconds(-3600)),
            as: ObjectName("m/weights.bin"),
            in: "models",
            etag: "e"
        ) { _ in }
        let api = HTTPURL(scheme: "https", host: "10.96.0.1")
        var access = SourceAccess.network(
            pool: pool,
            allowing: ["minio.allowed.test", "registry.corp.test", "store.good.test"],
            denying: ["*.corp.test", "10.240.0.0/16"].compactMap(DeniedHosts.init),
            server: api,
            clouds: nil
        )
        let network = access.transport
        let known = FakeTransport { request, _ in registry(request) }
        access.transport = { trust in
            Crossroads(
                known: [Self.goodHost: known, "store.good.test": InProcessTransport(to: server)],
                rest: try await network(trust)
            )
        }
        let reads = reads
        let client = Client(
            transport: FakeTransport { request, _ in
                reads.withLock { $0.append(request.path ?? "") }
                return Self.secret(request.path ?? "")
            },
            configuration: ClusterConfiguration(server: api),
            time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        resolver = Resolver(client: client, access: access, time: time)
    }

    /// Whether nothing was contacted but what can be reached.
    var isUntouched: Bool { pool.count == 0 }

    /// The Secrets that were read.
    var secretsRead: [String] { reads.withLock { $0 } }

    /// Lets time pass.
    func wait(_ duration: Duration) { clock.advance(by: duration) }

    /// Why the halves of `app` cannot be resolved; nil for one that can. What a check of the spec refuses is not looked up.
    func look(
        _ app: ModelApp,
        isRequested: Bool = false
    ) async -> (code: ResolutionFailure?, model: ResolutionFailure?) {
        let observation = Observation(app: app, deployment: nil, service: nil, releases: [])
        if let problem = observation.check.problems.first {
            let failure = ResolutionFailure("InvalidSpec", "\(problem)", isTerminal: true)
            return (failure, failure)
        }
        let resolution = await resolver.resolve(app, observation: observation, isRequested: isRequested).resolution
        return (resolution.code.failure, resolution.model.failure)
    }

    /// A ModelApp. Without an image or a store of its own it names some that cannot be resolved.
    static func app(
        namespace: String = "default",
        image: String = "\(goodHost)/x",
        s3: String = goodStore,
        secret: String? = nil,
        pullSecret: String? = nil
    ) throws -> ModelApp {
        var pod: [String: JSONValue] = ["containers": [["name": "api"]]]
        if let pullSecret { pod["imagePullSecrets"] = [["name": .string(pullSecret)]] }
        var code: [String: JSONValue] = ["image": .string(image), "select": ["numerical": .object([:])]]
        var model: [String: JSONValue] = [
            "s3": ["bucket": "models", "prefix": "m/", "endpoint": .string(s3)], "objects": ["weights.bin"],
        ]
        if let secret {
            code["auth"] = ["secretRef": ["name": .string(secret)]]
            model["auth"] = ["secretRef": ["name": .string(secret)]]
        }
        let document: JSONValue = [
            "apiVersion": "modelapp.dev/v1alpha1", "kind": "ModelApp",
            "metadata": [
                "name": "app", "namespace": .string(namespace), "uid": "u", "resourceVersion": "1", "generation": 1,
            ],
            "spec": [
                "code": .object(code), "model": .object(model), "delivery": ["mode": "Reference"],
                "target": ["own": ["template": ["spec": .object(pod)]]],
            ],
        ]
        return try ModelApp(parsing: document.canonicalBytes)
    }

    /// An address as `inet_aton` reads it, as the resolver of the C library does.
    private static func number(_ host: String) -> IPAddress? {
        var address = in_addr()
        guard inet_aton(host, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { IPAddress(bytes: Array($0)) }
    }

    private static func secret(_ path: String) -> FakeTransport.Answer {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count == 6, parts[4] == "secrets", parts[3] != "nobody" else {
            return .init(404, [:], #"{"kind":"Status","status":"Failure","reason":"NotFound","code":404}"#)
        }
        let config = #"{"auths":{"\#(goodHost)":{"username":"u","password":"\#(password)"}}}"#
        let values = [
            "AWS_ACCESS_KEY_ID": "AKIAOWNER",
            "AWS_SECRET_ACCESS_KEY": parts[3] == "owner" ? "owners-key" : "guessed-key",
            ".dockerconfigjson": config,
        ]
        let data = values.mapValues { JSONValue.string(Data($0.utf8).base64EncodedString()) }
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "Secret", "data": .object(data),
            "metadata": [
                "name": .string(parts[5]), "namespace": .string(parts[3]), "uid": .string("uid-\(parts[3])"),
                "resourceVersion": "1",
            ],
        ]
        return .init(200, [:], document.canonicalText)
    }
}

/// Some hosts by transports of their own, the others by another.
private struct Crossroads: HTTPTransport {
    let known: [String: any HTTPTransport]
    let rest: any HTTPTransport

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let transport = request.authority.flatMap { known[$0] } ?? rest
        return try await transport.withResponse(to: request, body: body, timeouts: timeouts, consume)
    }
}

/// A value behind a lock that closures can capture.
private final class Held<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { body(&$0) }
    }
}
