import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import ModelAppAPI
import Synchronization
import TestSupport

@testable import DevCluster
@testable import ModelAppController

/// A registry with artifacts, a folder on the disk, and fetchers between them.
final class ArtifactScene: Sendable {
    static let host = "registry.test"

    let time = FastClock(factor: 1000).timeSource()
    let registry: EmulatedRegistry
    let wire: Wire
    /// Removed with the scene.
    let root: TemporaryFolder

    init(_ access: RegistryAccess = .anonymous, meddling: Meddler.Way? = nil) throws {
        registry = try EmulatedRegistry(.init(access: access), time: time)
        let base = InProcessTransport(to: registry)
        wire = Wire((meddling.map { Meddler(base: base, way: $0) } as (any HTTPTransport)?) ?? base, time)
        root = try TemporaryFolder()
    }

    /// Pushes an artifact and returns its digest.
    @discardableResult
    func push(_ artifact: TestArtifact, _ tag: String = "1.0.0", authorization: String? = nil) async throws -> String {
        try await artifact.push(
            tag,
            to: "models/resnet",
            over: InProcessTransport(to: registry),
            origin: HTTPURL(scheme: "https", host: Self.host),
            authorization: authorization
        )
    }

    func order(_ digest: String, _ more: JSONValue = [:], tag: String = "1.0.0") throws -> ModelFetcher.Order {
        var members = more.object ?? [:]
        members["oci"] = ["repository": .string("\(Self.host)/models/resnet")]
        let source = try ModelSource(json: .object(members))
        return ModelFetcher.Order(source: source, version: tag, digest: digest, folder: root.path + "/model")
    }

    @discardableResult
    func fetch(_ order: ModelFetcher.Order, keys: [String: String] = [:]) async throws -> [FetchReport] {
        let reports = Mutex<[FetchReport]>([])
        let access = SourceAccess(transport: { [wire] _ in wire }, random: { 0.5 })
        let fetcher = ModelFetcher(access: access, time: time, reportingEvery: .seconds(5)) { report in
            reports.withLock { $0.append(report) }
        }
        try await fetcher.fetch(order, keys: keys)
        return reports.withLock { $0 }
    }

    /// The failure that a fetch ends with; nil where it succeeds.
    func failure(_ order: ModelFetcher.Order, keys: [String: String] = [:]) async throws -> ModelFetcher.Failure? {
        do {
            try await fetch(order, keys: keys)
            return nil
        } catch let failure as ModelFetcher.Failure {
            return failure
        }
    }

    /// The files of the folder; nil where there is none.
    func folder() -> [String: [UInt8]]? { files(below: root.path + "/model") }

    /// What lies beside the model.
    var leftovers: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []).filter { $0 != "model" }.sorted()
    }

    private func files(below path: String) -> [String: [UInt8]]? {
        guard FileManager.default.fileExists(atPath: path), let names = FileManager.default.enumerator(atPath: path)
        else { return nil }
        var files: [String: [UInt8]] = [:]
        for case let file as String in names {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(path)/\(file)", isDirectory: &isFolder)
            guard !isFolder.boolValue else { continue }
            files[file] = FileManager.default.contents(atPath: "\(path)/\(file)").map { Array($0) }
        }
        return files
    }
}

/// What stands between a registry and its client, and does not do as it should.
struct Meddler: HTTPTransport {
    enum Way: Sendable {
        /// Answers whole what a part was asked of.
        case ignoringRanges
        /// Changes blobs.
        case flippingFirstByte
    }

    let base: any HTTPTransport
    let way: Way

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var asked = request
        if way == .ignoringRanges { asked.headerFields[.range] = nil }
        let flips = way == .flippingFirstByte && request.path?.contains("/blobs/") == true
        return try await base.withResponse(to: asked, body: body, timeouts: timeouts) { response, chunks in
            guard flips else { return try await consume(response, chunks) }
            var bytes = try await chunks.collect(upTo: 1 << 30)
            if !bytes.isEmpty { bytes[0] ^= 1 }
            return try await consume(response, HTTPBodyChunks(bytes))
        }
    }
}
