import Artifacts
import Crypto
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

@testable import DevCluster
@testable import ModelAppController

/// One way to a source, with every request that it takes, on a clock that leaps.
final class SourceScene: Sendable {
    /// The ways in.
    enum Flow: String, Sendable, CaseIterable, CustomTestStringConvertible {
        /// A registry with a token server: challenge, token, two pages of tags, tag, manifest, configuration.
        case registry
        /// Azure's own list of tags.
        case azureRegistry
        /// `newest` by build times.
        case buildTimes
        /// Versions in folders, with a manifest.
        case folders
        /// An object that names the version.
        case pointer

        var testDescription: String { rawValue }
        var isOfCode: Bool { [.registry, .azureRegistry, .buildTimes].contains(self) }
        var registry: String { self == .azureRegistry ? "team.azurecr.io" : "registry.test" }
    }

    /// What a look came to.
    enum Answer: Sendable, Hashable {
        case found(String)
        case failed(reason: String, message: String)
    }

    private let flow: Flow
    private let clock = LeapingClock()
    private let network: FakeTransport
    private let faulty: FaultInjectingTransport
    private let resolver: Resolver
    private let app: ModelApp

    init(_ flow: Flow) throws {
        self.flow = flow
        let time = clock.timeSource()
        let store = try EmulatedS3(.init([:], anonymousRead: true), time: time)
        try Self.fill(store, time)
        let shop = InProcessTransport(to: store)
        network = FakeTransport { request, _ in
            guard request.authority == "store.test" else { return Self.registryAnswer(request) }
            return try await shop.withResponse(to: request, body: nil, timeouts: .call) { response, chunks in
                let bytes = try await chunks.collect(upTo: 1 << 20)
                var answer = FakeTransport.Answer(response.status.code, response.headerFields, HTTPBodyChunks(bytes))
                answer.response = response
                return answer
            }
        }
        faulty = FaultInjectingTransport(network, FaultScript(), time: time)
        let transport = faulty
        resolver = Resolver(
            client: Cluster.client(over: Network(), time),
            access: SourceAccess(transport: { _ in transport }, random: { 0 }),
            time: time
        )
        app = try Self.app(flow)
    }

    /// How many requests were answered.
    var requests: Int { network.exchanges.count }
    /// How many were hit by a fault.
    var faults: Int { faulty.faultCount }
    /// How far the clock has run.
    var elapsed: Duration { clock.elapsed }

    func follow(_ script: FaultScript) { faulty.follow(script) }
    func wait(_ duration: Duration) { clock.advance(by: duration) }

    /// Looks once, where `running` runs.
    func look(running: String? = nil) async -> Answer? {
        if flow.isOfCode {
            let parts = running?.split(separator: " ").map(String.init)
            var code = CodeVersion()
            (code.tag, code.digest) = (parts?.first ?? "", parts?.last ?? "")
            let found = await resolver.code.resolve(app, running: parts == nil ? nil : code, isRequested: false)
                .resolution
            if let failure = found.failure { return .failed(reason: failure.reason, message: failure.message) }
            return found.version.map { .found("\($0.tag) \($0.digest)") }
        }
        var release: Release?
        if let parts = running?.split(separator: " ").map(String.init), let digest = parts.last {
            var made = Release()
            (made.model.version, made.model.digest) = (parts[0], digest)
            release = made
        }
        let found = await resolver.model.resolve(app, running: release, isRequested: false).resolution
        if let failure = found.failure { return .failed(reason: failure.reason, message: failure.message) }
        return found.version.map { .found("\($0.version.version) \($0.version.digest)") }
    }

    private static func app(_ flow: Flow) throws -> ModelApp {
        var model: [String: JSONValue] = [
            "s3": ["bucket": "models", "prefix": "m/", "endpoint": "https://store.test"],
            "complete": ["manifest": "MANIFEST.json"],
        ]
        if flow == .pointer {
            model["pointer"] = ["key": "LATEST"]
        } else {
            model["versions"] = [
                "filter": ["match": "^(?<v>[0-9]+)/$", "extract": "$v"], "select": ["numerical": .object([:])],
            ]
        }
        let select: JSONValue = flow == .buildTimes ? ["newest": .object([:])] : ["numerical": .object([:])]
        let document: JSONValue = [
            "metadata": ["name": "app", "namespace": "default", "uid": "u", "generation": 1],
            "spec": [
                "interval": "1s", "code": ["image": .string("\(flow.registry)/api"), "select": select],
                "model": .object(model), "delivery": ["mode": "Reference"],
                "target": ["own": ["template": ["spec": ["containers": [["name": "api"]]]]]],
            ],
        ]
        return try ModelApp(parsing: document.canonicalBytes)
    }

    // MARK: The store

    private static func fill(_ store: EmulatedS3, _ time: TimeSource) throws {
        _ = try store.shelf.create("models")
        func put(_ key: String, _ text: String) throws {
            let bytes = Array(text.utf8)
            let object = StoredObject(.bytes(bytes), at: time.date())
            let etag = Array(Insecure.MD5.hash(data: bytes)).hexadecimal
            _ = try store.shelf.put(object, as: ObjectName(key), in: "models", etag: etag) { _ in }
        }
        for version in 1...2 {
            try put("m/\(version)/weights", "weights \(version)")
            let sum = Array(SHA256.hash(data: Array("weights \(version)".utf8))).hexadecimal
            try put("m/\(version)/MANIFEST.json", #"{"files":[{"path":"weights","sha256":"\#(sum)","size":9}]}"#)
        }
        try put("m/LATEST", "2\n")
    }

    // MARK: The registry

    /// The configuration and the manifest of a tag; the greater number was built later.
    private static func image(_ tag: String) -> (configuration: [UInt8], manifest: [UInt8]) {
        let configuration: JSONValue = [
            "architecture": "amd64", "os": "linux", "created": .string("2026-01-0\(tag)T00:00:00Z"),
            "config": .object([:]), "rootfs": ["type": "layers", "diff_ids": []],
        ]
        let bytes = configuration.canonicalBytes
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": [
                "mediaType": "application/vnd.oci.image.config.v1+json", "digest": .string(digest(bytes)),
                "size": .integer(Int64(bytes.count)),
            ],
            "layers": [],
        ]
        return (bytes, manifest.canonicalBytes)
    }

    private static func digest(_ bytes: [UInt8]) -> String { "sha256:" + Array(SHA256.hash(data: bytes)).hexadecimal }

    private static func registryAnswer(_ request: HTTPRequest) -> FakeTransport.Answer {
        let path = request.path ?? ""
        let json: HTTPFields = [.contentType: "application/json"]
        if request.authority == "auth.test" { return .init(200, json, #"{"token":"t","expires_in":60}"#) }
        guard request.headerFields[.authorization] == "Bearer t" else {
            let realm = #"Bearer realm="https://auth.test/token",service="x",scope="repository:api:pull""#
            return .init(401, [.wwwAuthenticate: realm], "")
        }
        if path.hasPrefix("/acr/v1/api/_tags") {
            let tags = ["2", "1"].map { tag in
                let digest = digest(image(tag).manifest)
                return #"{"name":"\#(tag)","digest":"\#(digest)","lastUpdateTime":"2026-01-0\#(tag)T00:00:00Z"}"#
            }
            return .init(200, json, #"{"imageName":"api","tags":[\#(tags.joined(separator: ","))]}"#)
        }
        if path.hasPrefix("/v2/api/tags/list") {
            if path.contains("last=1") { return .init(200, json, #"{"name":"api","tags":["2"]}"#) }
            var headers = json
            if let link = HTTPField.Name("Link") { headers[link] = "</v2/api/tags/list?n=1&last=1>; rel=\"next\"" }
            return .init(200, headers, #"{"name":"api","tags":["1"]}"#)
        }
        return registryAnswer(path, method: request.method)
    }

    /// What lies behind a tag or a digest: `1` and `2` in every repository.
    static func registryAnswer(_ path: String, method: HTTPRequest.Method) -> FakeTransport.Answer {
        for tag in ["1", "2"] {
            let (configuration, manifest) = image(tag)
            if path.hasSuffix("/blobs/\(digest(configuration))") {
                return .init(200, [.contentType: "application/json"], HTTPBodyChunks(configuration))
            }
            guard path.hasSuffix("/manifests/\(tag)") || path.hasSuffix("/manifests/\(digest(manifest))") else {
                continue
            }
            var headers: HTTPFields = [.contentType: "application/vnd.oci.image.manifest.v1+json"]
            if let name = HTTPField.Name("Docker-Content-Digest") { headers[name] = digest(manifest) }
            return .init(200, headers, HTTPBodyChunks(method == .head ? [] : manifest))
        }
        return .init(404, [.contentType: "application/json"], "{}")
    }
}
