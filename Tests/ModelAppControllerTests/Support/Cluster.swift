import ServiceLifecycle
import Artifacts
import Crypto
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import Logging
import Metrics
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import ServiceLifecycle
import Testing
@testable import DevCluster

/// A cluster, a registry and a bucket in this process, with whatever operators a test runs against them.
struct Cluster: Sendable {
    static let registryHost = "registry.test"
    static let storeHost = "s3.test"
    /// The same registry and store, by names that no fault of a test is about.
    static let otherRegistryHost = "registry.other.test"
    static let otherStoreHost = "s3.other.test"
    /// Where a Prometheus may answer; nobody does by itself.
    static let prometheusHost = "prometheus.test"
    static let bucket = "models"
    static let accessKey = "AKIATEST"
    static let secretKey = "planted-secret-key"

    let clock: FastClock
    let time: TimeSource
    /// What time it is where the store is.
    let storeTime: TimeSource
    let api: DevAPIServer
    let registry: EmulatedRegistry
    let store: EmulatedS3
    let network: Network
    let log = LogCollector()
    /// A client of the tests' own.
    let client: Client

    private init(factor: Int, storeAhead: Duration) throws {
        clock = FastClock(factor: factor)
        time = clock.timeSource()
        network = Network(time: time)
        api = DevAPIServer(time: time)
        registry = try EmulatedRegistry(time: time)
        let operators = time
        storeTime = TimeSource(clock: clock) { operators.date() + storeAhead }
        store = try EmulatedS3(.init([Self.accessKey: Self.secretKey], anonymousRead: true), time: storeTime)
        client = Self.client(over: InProcessTransport(to: api), time)
        network.connect(Self.registryHost, to: registry)
        network.connect(Self.storeHost, to: store)
        network.connect(Self.otherRegistryHost, to: registry)
        network.connect(Self.otherStoreHost, to: store)
        _ = try store.shelf.create(Self.bucket)
    }

    static func client(over transport: any HTTPTransport, _ time: TimeSource) -> Client {
        let server = HTTPURL(scheme: "https", host: "kubernetes.test")
        return Client(
            transport: transport,
            configuration: ClusterConfiguration(server: server, credential: NoCredential()),
            time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Runs `body` on a cluster with the CustomResourceDefinition and simulated controllers.
    /// - Parameters:
    ///   - factor: how many seconds pass in a real one.
    ///   - storeAhead: how far the store's clock is ahead of the operator's.
    static func with<Value: Sendable>(
        factor: Int = 20,
        simulation: SimulationOptions = SimulationOptions(),
        storeAhead: Duration = .zero,
        _ body: (Cluster) async throws -> Value
    ) async throws -> Value {
        await Gate.clusters.enter()
        let result: Result<Value, any Error>
        do {
            result = .success(try await run(factor, simulation, storeAhead, body))
        } catch {
            result = .failure(error)
        }
        await Gate.clusters.leave()
        return try result.get()
    }

    private static func run<Value: Sendable>(
        _ factor: Int,
        _ simulation: SimulationOptions,
        _ storeAhead: Duration,
        _ body: (Cluster) async throws -> Value
    ) async throws -> Value {
        let cluster = try Cluster(factor: factor, storeAhead: storeAhead)
        try await cluster.prepare()
        let controllers = SimulatedControllers(cluster.api, options: simulation)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controllers.run() }
            defer { group.cancelAll() }
            return try await body(cluster)
        }
    }

    /// Runs `body` while an operator runs, then ends the operator at once, as a kill does.
    func withOperator(
        over transport: (any HTTPTransport)? = nil,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        scans: ScanLimits = ScanLimits(),
        _ body: () async throws -> Void
    ) async throws {
        try await withOperator(over: transport, metrics: metrics, scans: scans) { _ in try await body() }
    }

    /// The same, with the operator's parts.
    func withOperator(
        over transport: (any HTTPTransport)? = nil,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        scans: ScanLimits = ScanLimits(),
        _ body: (Operator) async throws -> Void
    ) async throws {
        let network = network
        let parts = Operator(
            client: Self.client(over: transport ?? InProcessTransport(to: api), time),
            access: SourceAccess(
                transport: { _ in network },
                allowedEndpoints: [Self.registryHost, Self.storeHost],
                random: { 0.5 }
            ),
            checks: CheckAccess(
                pods: network,
                prometheus: .init(url: HTTPURL(scheme: "http", host: Self.prometheusHost), transport: network)
            ),
            options: .init(scans: scans),
            time: time,
            random: { 0.5 },
            metrics: metrics,
            logger: log.logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for service in parts.informers + [parts.controller] {
                group.addTask {
                    do {
                        try await service.run()
                    } catch  where !Task.isCancelled {
                        Issue.record("a part of the operator ended by itself: \(error)")
                    } catch {}
                }
            }
            try await body(parts)
        }
    }

    private static let definition = APIResource(
        group: "apiextensions.k8s.io",
        version: "v1",
        kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions",
        isNamespaced: false
    )
    private static let definitionKey = ObjectKey(name: "modelapps.modelapp.dev")

    private func prepare() async throws {
        try await apply(ApplyStep(Self.definition, Self.definitionKey, ModelAppDefinition.document))
    }

    /// Creates a ModelApp that no schema would let pass, as one may lie in a cluster from before.
    func plant(_ name: String, spec: JSONValue) async throws {
        let schema: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        let edit: JSONValue = [
            ["op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": schema]
        ]
        let manager = FieldManager("kubectl-edit")
        try await client.patch(Self.definition, Self.definitionKey, edit, fieldManager: manager)
        try await apply(ApplyStep(ModelApp.resource, Self.key(name), ["spec": spec]))
    }

    /// Applies as kubectl would.
    func apply(_ step: ApplyStep) async throws {
        try await client.apply(step, fieldManager: FieldManager("kubectl"))
    }

    /// Changes a ModelApp as `kubectl edit` would.
    func edit(_ name: String = "app", spec: JSONValue) async throws {
        let manager = FieldManager("kubectl-edit")
        try await client.patch(ModelApp.resource, Self.key(name), ["spec": spec], fieldManager: manager)
    }

    static func key(_ name: String = "app") -> ObjectKey { ObjectKey(namespace: "default", name: name) }
}

extension Cluster {
    /// Uploads a file of a model.
    func upload(_ name: String, _ text: String) throws { try upload(name, Array(text.utf8)) }

    /// Uploads a file of a model.
    func upload(_ name: String, _ bytes: [UInt8]) throws {
        var object = StoredObject(.bytes(bytes), at: storeTime.date())
        let digest = Array(Insecure.MD5.hash(data: bytes))
        object.md5 = digest
        _ = try store.shelf.put(object, as: ObjectName(name), in: Self.bucket, etag: digest.hexadecimal) { _ in }
    }

    /// Uploads a whole version: two files, then the marker.
    func uploadVersion(_ name: String, below prefix: String = "resnet/") throws {
        try upload("\(prefix)\(name)/weights.bin", "weights \(name)")
        try upload("\(prefix)\(name)/labels.txt", "labels \(name)")
        try upload("\(prefix)\(name)/DONE", "")
    }

    /// Pushes an image as a build would, and returns its digest.
    @discardableResult
    func push(
        _ tag: String,
        to repository: String = "api",
        labels: [String: String] = [:],
        created: String? = nil
    ) async throws -> String {
        let layer = Array("application, build \(tag)\n".utf8)
        let config: JSONValue = labels.isEmpty ? [:] : ["Labels": .object(labels.mapValues { .string($0) })]
        var configuration: JSONValue = [
            "architecture": "amd64", "os": "linux", "config": config,
            "rootfs": ["type": "layers", "diff_ids": [.string(Self.digest(layer))]],
        ]
        if let created { configuration["created"] = .string(created) }
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": Self.descriptor("application/vnd.oci.image.config.v1+json", configuration.canonicalBytes),
            "layers": [Self.descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        ]
        for blob in [layer, configuration.canonicalBytes] {
            let target = "/v2/\(repository)/blobs/uploads/?digest=\(HTTPURL.encode(Self.digest(blob)))"
            try await send(.post, target, "application/octet-stream", blob)
        }
        let type = "application/vnd.oci.image.manifest.v1+json"
        try await send(.put, "/v2/\(repository)/manifests/\(tag)", type, manifest.canonicalBytes)
        return Self.digest(manifest.canonicalBytes)
    }

    private static func digest(_ bytes: [UInt8]) -> String { "sha256:" + Array(SHA256.hash(data: bytes)).hexadecimal }

    private static func descriptor(_ type: String, _ bytes: [UInt8]) -> JSONValue {
        ["mediaType": .string(type), "digest": .string(digest(bytes)), "size": .integer(Int64(bytes.count))]
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ type: String, _ bytes: [UInt8]) async throws {
        let request = HTTPRequest(
            method: method,
            scheme: "https",
            authority: Self.registryHost,
            path: path,
            headerFields: [.contentType: type, .contentLength: String(bytes.count)]
        )
        let status = try await InProcessTransport(to: registry).withResponse(
            to: request,
            body: .bytes(bytes),
            timeouts: .call
        ) { response, _ in response.status.code }
        try #require(status == 201)
    }
}

extension Cluster {
    /// Deletes a file of a model.
    func remove(_ name: String) throws {
        _ = try store.shelf.remove(ObjectName(name), in: Self.bucket) { _ in }
    }
}
