import Artifacts
import ContainerRegistry
import Crypto
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import ObjectStorage
import Synchronization
import TestSupport
import Testing

@testable import DevCluster
@testable import ImagePackaging

/// A registry with an application's image, a store with a model, and packagers between them.
struct PackagingScene: Sendable {
    static let host = "registry.test"
    static let otherHost = "other.test"
    static let storeHost = "blob.test"
    static let container = "models"

    let time: TimeSource
    let registry: EmulatedRegistry
    let other: EmulatedRegistry
    let store: EmulatedS3
    let wire: PackagingWire
    private let plainHTTP: [String]

    /// - Parameters:
    ///   - plainHTTP: registries outside that are spoken to without TLS.
    ///   - elsewhere: the way to them.
    init(
        _ access: RegistryAccess = .anonymous,
        plainHTTP: [String] = [],
        elsewhere: (any HTTPTransport)? = nil
    ) throws {
        self.plainHTTP = plainHTTP
        // Waits between attempts pass at once: what is tested is what is sent.
        time = TimeSource(clock: HastyClock()) { Timestamp(seconds: 1_767_225_600) }
        registry = try EmulatedRegistry(.init(access: access), time: time)
        other = try EmulatedRegistry(time: time)
        store = try EmulatedS3(.init([:], anonymousRead: true), time: time)
        _ = try store.shelf.create(Self.container)
        wire = PackagingWire([Self.host: registry, Self.otherHost: other, Self.storeHost: store], elsewhere)
    }

    func client(_ keyring: RegistryKeyring = RegistryKeyring(), chunk: Int = 64 << 10) -> RegistryClient {
        var client = RegistryClient(
            transport: wire,
            time: time,
            keyring: keyring,
            hosts: Dictionary(uniqueKeysWithValues: plainHTTP.map { ($0, RegistryHostOptions(plainHTTP: true)) }),
            retry: HTTPRetry(attempts: 2, base: .milliseconds(1), cap: .seconds(1), repeatsServerErrors: true),
            random: { 0.5 }
        )
        client.limits.uploadChunkBytes = chunk
        return client
    }

    /// Stores a file of the model.
    func put(_ path: String, _ bytes: [UInt8], version: String = "41") throws {
        var object = StoredObject(.bytes(bytes), at: time.date())
        let digest = Array(Insecure.MD5.hash(data: bytes))
        object.md5 = digest
        let name = ObjectName("resnet/\(version)/\(path)")
        _ = try store.shelf.put(object, as: name, in: Self.container, etag: digest.hexadecimal) { _ in }
    }

    /// The model as the store lists it now.
    func contents(version: String = "41") async throws -> ModelContents {
        let store = try S3Store(
            bucket: Self.container,
            region: "eu-west-1",
            endpoint: HTTPURL("https://\(Self.storeHost)"),
            credential: .anonymous,
            endpoints: EndpointPolicy(allowed: [Self.storeHost]),
            channel: StorageChannel(transport: wire, time: time, jitter: { 0.5 })
        )
        var files: [ModelContents.File] = []
        let prefix = "resnet/\(version)/"
        try await store.list(prefix: prefix) { info throws(ObjectStoreError) in
            files.append(.init(path: String(info.key.dropFirst(prefix.count)), info: info))
            return .continue
        }
        return ModelContents(files: files, reader: ModelReader(store, time: time, random: { 0.5 }))
    }

    static func model(_ version: String = "41", content: Character = "a") -> ModelDescription {
        ModelDescription(
            revision: "sha256:" + String(repeating: content, count: 64),
            version: version,
            source: "s3://models/resnet/\(version)/"
        )
    }

    /// Packages, and returns what was made.
    @discardableResult
    func package(
        _ image: String = "\(host)/app:1",
        to target: String = "\(host)/baked",
        tag: String = "r-1",
        previous: String? = nil,
        model: ModelDescription = model(),
        platforms: [Platform] = [],
        client: RegistryClient? = nil,
        mountPath: String = "/models"
    ) async throws -> ImagePackager.Outcome {
        let client = client ?? self.client()
        var order = ImagePackager.Order(image: try ImageReference(image), model: model)
        order.platforms = platforms
        order.mountPath = mountPath
        order.environment = [("MODEL_PATH", mountPath)]
        let destination = try ImageReference(target)
        let before = try previous.map { try ImageReference("\(target):\($0)") }
        let contents = try await contents(version: model.version)
        return try await ImagePackager(reader: client).package(
            order,
            to: .registry(client, destination, tag: tag, previous: before)
        ) { () async throws(PackagingError) in contents }
    }

    /// The failure that packaging ends with; nil where it succeeds.
    func failure(_ body: () async throws -> Void) async throws -> PackagingError? {
        do {
            try await body()
            return nil
        } catch let error as PackagingError {
            return error
        }
    }

    /// What lies under a name, by its whole reference.
    func manifest(_ reference: String) async throws -> Manifest? {
        try await client().manifest(try ImageReference(reference))
    }

    /// The bytes of a blob.
    func blob(_ repository: String, _ digest: Artifacts.Digest) async throws -> [UInt8] {
        try #require(try await client().blob(try ImageReference(repository), digest, limit: 64 << 20))
    }

    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

extension PackagingScene {
    /// Pushes an application's image with one layer, for one platform, and returns its manifest.
    @discardableResult
    func pushApplication(
        _ reference: String = "\(host)/app:1",
        layers: [[UInt8]] = [Array("application".utf8)],
        architecture: String = "amd64",
        configuration: JSONValue = [:],
        docker: Bool = false,
        by pusher: RegistryClient? = nil
    ) async throws -> Descriptor {
        let client = pusher ?? client()
        let image = try ImageReference(reference)
        var document = configuration
        document["os"] = "linux"
        document["architecture"] = .string(architecture)
        let digests = try layers.map { try #require(ContentDigest.of($0)) }
        document["rootfs"] = ["type": "layers", "diff_ids": .array(digests.map { .string($0.description) })]
        let bytes = document.canonicalBytes
        let digest = try #require(ContentDigest.of(bytes))
        for (layer, digest) in zip(layers + [bytes], digests + [digest]) {
            try await client.upload(layer, as: digest, to: image)
        }
        let family = docker ? "application/vnd.docker" : "application/vnd.oci.image"
        let type = MediaType(docker ? "\(family).distribution.manifest.v2+json" : "\(family).manifest.v1+json")
        let layerType = docker ? "\(family).image.rootfs.diff.tar.gzip" : "\(family).layer.v1.tar"
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(type.text),
            "config": Descriptor(
                mediaType: docker ? .dockerConfiguration : .ociConfiguration,
                digest: digest,
                size: Int64(bytes.count)
            ).document,
            "layers": .array(
                zip(layers, digests).map { layer, digest in
                    Descriptor(mediaType: MediaType(layerType), digest: digest, size: Int64(layer.count)).document
                }
            ),
        ]
        let text = manifest.canonicalBytes
        let name = try await client.put(manifest: text, type, tag: image.tag, in: image)
        return Descriptor(mediaType: type, digest: name, size: Int64(text.count))
    }

    /// Pushes an index over images for two platforms.
    func pushIndex() async throws {
        var entries: [JSONValue] = []
        for architecture in ["amd64", "arm64"] {
            let layers = [Array("application for \(architecture)".utf8)]
            let descriptor = try await pushApplication(
                "\(Self.host)/app:\(architecture)",
                layers: layers,
                architecture: architecture
            )
            var entry = descriptor.document
            entry["platform"] = ["os": "linux", "architecture": .string(architecture)]
            entries.append(entry)
        }
        let index: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.text), "manifests": .array(entries),
        ]
        let image = try ImageReference("\(Self.host)/app")
        try await client().put(manifest: index.canonicalBytes, .ociIndex, tag: "1", in: image)
    }
}

/// The network of a scene: counts what is sent, and lets a test break it.
final class PackagingWire: HTTPTransport {
    private let services: [String: any LocalService]
    private let log = Mutex<[String]>([])
    private let received = Mutex<Int64>(0)
    private let fault = Mutex<(@Sendable (HTTPRequest) throws -> Fault?)?>(nil)

    /// What a test does to a request.
    enum Fault: Sendable {
        /// The connection ends after so many bytes of the body of the request reached the other side.
        case cutBody(after: Int)
        /// The connection ends after so many bytes of the answer.
        case cutAnswer(after: Int)
        /// The answer is lost.
        case loseAnswer
    }

    private let elsewhere: (any HTTPTransport)?

    init(_ services: [String: any LocalService], _ elsewhere: (any HTTPTransport)?) {
        self.services = services
        self.elsewhere = elsewhere
    }

    /// Every request since the last `forget`, as `GET host/path?query`.
    var requests: [String] { log.withLock { $0 } }
    /// The bytes of the store's objects that were read since the last `forget`.
    var storeBytes: Int64 { received.withLock { $0 } }

    func forget() {
        log.withLock { $0 = [] }
        received.withLock { $0 = 0 }
    }

    func breaking(_ fault: (@Sendable (HTTPRequest) throws -> Fault?)?) { self.fault.withLock { $0 = fault } }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let host = request.authority ?? ""
        log.withLock { $0.append("\(request.method) \(host)\(request.path ?? "")") }
        guard let inner: any HTTPTransport = services[host].map({ InProcessTransport(to: $0) }) ?? elsewhere else {
            throw HTTPTransportError(.connect, "\(host): no such host")
        }
        let fault = try self.fault.withLock { $0 }?(request)
        let isContent = host == PackagingScene.storeHost && request.path?.contains("list-type") == false
        switch fault {
        case .cutBody(let count)?:
            var bytes: [UInt8] = []
            switch body {
            case .bytes(let all)?: bytes = all
            case .stream(_, let make)?: for try await chunk in make() { bytes += chunk }
            case nil: break
            }
            var shorter = request
            let part = Array(bytes.prefix(count))
            shorter.headerFields[.contentLength] = String(part.count)
            shorter.headerFields[.contentRange] = nil
            try await inner.withResponse(to: shorter, body: .bytes(part), timeouts: timeouts) { _, _ in }
            throw HTTPTransportError(.closed, "the connection ended inside the request")
        case .loseAnswer?:
            try await inner.withResponse(to: request, body: body, timeouts: timeouts) { _, _ in }
            throw HTTPTransportError(.closed, "the connection ended before the answer")
        case .cutAnswer, nil:
            let limit: Int = if case .cutAnswer(let count)? = fault { count } else { .max }
            return try await inner.withResponse(to: request, body: body, timeouts: timeouts) { response, chunks in
                let counted = HTTPBodyChunks { [self] in
                    var iterator = chunks.makeAsyncIterator()
                    var left = limit
                    return { [self] in
                        guard left > 0 else {
                            throw HTTPTransportError(.closed, "the connection ended inside the answer")
                        }
                        guard let chunk = try await iterator.next() else { return nil }
                        let part = chunk.count > left ? Array(chunk.prefix(left)) : chunk
                        left -= part.count
                        if isContent { received.withLock { $0 += Int64(part.count) } }
                        return part
                    }
                }
                return try await consume(response, counted)
            }
        }
    }
}

/// A clock whose waits pass at once.
struct HastyClock: MonotonicClock {
    typealias Instant = ContinuousClock.Instant
    typealias Duration = Swift.Duration
    var now: Instant { ContinuousClock().now }
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        await Task.yield()
    }
}
