import Artifacts
import Crypto
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Synchronization
import TestSupport

@testable import DevCluster
@testable import ModelAppController

/// A store with a model, a folder on the disk, and fetchers between them.
final class FetchScene: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case azureBlob
        case s3
    }

    static let container = "models"

    let kind: Kind
    /// Removed with the scene.
    let root: String
    let clock = FastClock(factor: 1000)
    let time: TimeSource
    let wire: Wire
    private let shelf: BlobShelf

    init(_ kind: Kind) throws {
        self.kind = kind
        time = clock.timeSource()
        switch kind {
        case .azureBlob:
            let azure = try EmulatedAzureBlob(.init(account: "acct", key: [1], anonymousRead: true), time: time)
            shelf = azure.shelf
            wire = Wire(InProcessTransport(to: azure), time)
        case .s3:
            let s3 = try EmulatedS3(.init([:], anonymousRead: true), time: time)
            shelf = s3.shelf
            wire = Wire(InProcessTransport(to: s3), time)
        }
        _ = try shelf.create(Self.container)
        root = NSTemporaryDirectory() + "fetch-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// Stores an object, with the MD5 that makes it content, where `checksum`.
    func put(_ name: String, _ bytes: [UInt8], checksum: Bool = true) throws {
        var object = StoredObject(.bytes(bytes), at: time.date())
        let digest = Array(Insecure.MD5.hash(data: bytes))
        if checksum { object.md5 = digest }
        let etag = kind == .s3 ? digest.hexadecimal : nil
        _ = try shelf.put(object, as: ObjectName(name), in: Self.container, etag: etag) { _ in }
    }

    /// Keeps what is replaced from now on.
    func keepVersions() throws { try shelf.setVersioning(.enabled, of: Self.container) }

    /// Stores an object as it is.
    func store(_ object: StoredObject, as name: String) throws {
        _ = try shelf.put(object, as: ObjectName(name), in: Self.container, etag: nil) { _ in }
    }

    /// Stores a version with a manifest.
    func putVersion(_ name: String, _ files: [String: [UInt8]]) throws {
        for (path, bytes) in files { try put("resnet/\(name)/\(path)", bytes) }
        try put("resnet/\(name)/MANIFEST.json", Self.manifest(files).canonicalBytes)
    }

    static func manifest(_ files: [String: [UInt8]]) -> JSONValue {
        .object(files.mapValues { .string(Array(SHA256.hash(data: $0)).hexadecimal) })
    }

    func remove(_ name: String) throws {
        try shelf.withContainer(Self.container) { held, _ in held.objects[ObjectName(name)] = nil }
    }

    func source(_ more: JSONValue = [:]) throws -> ModelSource {
        var members = more.object ?? [:]
        switch kind {
        case .azureBlob:
            members["azureBlob"] = [
                "account": "acct", "container": .string(Self.container), "prefix": "resnet/",
                "endpoint": "https://blob.test/acct",
            ]
        case .s3:
            members["s3"] = [
                "bucket": .string(Self.container), "prefix": "resnet/", "endpoint": "https://blob.test",
            ]
        }
        return try ModelSource(json: .object(members))
    }

    private var access: SourceAccess {
        SourceAccess(transport: { [wire] _ in wire }, allowedEndpoints: ["blob.test"], random: { 0.5 })
    }

    /// An order for a version as it is in the store now.
    func order(
        _ version: String,
        _ more: JSONValue = ["complete": ["manifest": "MANIFEST.json"]],
        proof: ModelProof? = nil
    ) async throws
        -> ModelFetcher.Order
    {
        let source = try source(more)
        let store = try await ModelStore.open(
            source,
            opener: .anonymous,
            trust: .system,
            endpoints: ["blob.test"],
            access: access,
            time: time
        ).store
        var spec = ModelAppSpec()
        spec.model = source
        spec.verification = proof?.verification
        let prefix = source.objects.isEmpty ? "resnet/\(version)/" : "resnet/"
        let rules = try SelectionSpec.objectRules(spec)
        let contents = try await VersionContents.read(store, prefix: prefix, rules: rules, proof: proof)
        var order = ModelFetcher.Order(
            source: source,
            version: version,
            digest: contents.digest,
            folder: root + "/model"
        )
        order.objectVersions = contents.objectVersions
        order.proof = proof
        return order
    }

    /// Fetches, and returns what was reported.
    @discardableResult
    func fetch(_ order: ModelFetcher.Order) async throws -> [FetchReport] {
        let reports = Mutex<[FetchReport]>([])
        let fetcher = ModelFetcher(access: access, time: time, reportingEvery: .seconds(5)) { report in
            reports.withLock { $0.append(report) }
        }
        try await fetcher.fetch(order, keys: [:])
        return reports.withLock { $0 }
    }

    /// The reason of the failure that a fetch ends with; nil where it succeeds.
    func failure(_ order: ModelFetcher.Order) async throws -> ModelFetcher.Failure? {
        do {
            try await fetch(order)
            return nil
        } catch let failure as ModelFetcher.Failure {
            return failure
        }
    }

    /// The files of the folder; nil where there is none.
    func folder(_ name: String = "model") -> [String: [UInt8]]? {
        let path = "\(root)/\(name)"
        guard let names = FileManager.default.enumerator(atPath: path), FileManager.default.fileExists(atPath: path)
        else { return nil }
        var files: [String: [UInt8]] = [:]
        for case let file as String in names {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: "\(path)/\(file)", isDirectory: &isFolder)
            guard exists, !isFolder.boolValue else { continue }
            files[file] = FileManager.default.contents(atPath: "\(path)/\(file)").map { Array($0) }
        }
        return files
    }

    /// Files that grow below the staging folder.
    func growing() throws -> [String] {
        let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.contains(".partial/growing/") }.map { "\(root)/\($0)" }
    }

    /// What lies beside the model.
    var leftovers: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).filter { $0 != "model" }.sorted()
    }

    /// Bytes that differ at every place, by a seed.
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

/// The way to the store: follows a fault script, remembers reads, and lets a test act before a request.
final class Wire: HTTPTransport {
    struct Read: Sendable, Hashable {
        var path: String
        var range: String?
    }

    private let faults: FaultInjectingTransport
    private let log = Mutex<[Read]>([])
    private let hook = Mutex<(@Sendable (HTTPRequest) throws -> Void)?>(nil)

    init(_ base: any HTTPTransport, _ time: TimeSource) {
        faults = FaultInjectingTransport(base, FaultScript(), time: time)
    }

    /// Follows a script from here on.
    func follow(_ script: FaultScript) { faults.follow(script) }

    /// Runs `body` before each request.
    func beforeEach(_ body: (@Sendable (HTTPRequest) throws -> Void)?) { hook.withLock { $0 = body } }

    /// What was read of objects' contents, in order.
    var reads: [Read] { log.withLock { $0 } }
    /// How many requests there were.
    let requests = Atomic<Int>(0)

    /// A request for the content of an object.
    static func isRead(_ request: HTTPRequest) -> Bool {
        let path = request.path ?? ""
        return request.method == .get && !path.contains("list-type=2") && !path.contains("comp=list")
    }

    /// Requests for the content of an object whose name contains `text`.
    static func content(_ text: String) -> FaultScript.Match {
        .init("content of \(text)") { isRead($0) && ($0.path ?? "").contains(text) }
    }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        requests.add(1, ordering: .relaxed)
        if Self.isRead(request) {
            let ranges: [HTTPField.Name?] = [.range, HTTPField.Name("x-ms-range")]
            let range = ranges.compactMap { $0 }.compactMap { request.headerFields[$0] }.first
            log.withLock { $0.append(Read(path: request.path ?? "", range: range)) }
        }
        if let hook = hook.withLock({ $0 }) { try hook(request) }
        return try await faults.withResponse(to: request, body: body, timeouts: timeouts, consume)
    }
}
