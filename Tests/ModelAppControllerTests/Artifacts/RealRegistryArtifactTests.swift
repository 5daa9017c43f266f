import Artifacts
import AsyncHTTPTransport
import Foundation
import HTTPTransport
import JSON
import ModelAppAPI
import TestSupport
import Testing

@testable import ModelAppController

/// Models in a registry that nobody here wrote.
@Suite(.enabled(if: TestPeer.registry.isExpected, TestPeer.registry.reason), .timeLimit(.minutes(2)))
struct RealRegistryArtifactTests {
    @Test func filesAndArchivesAreFetchedAlsoAfterACut() async throws {
        let host = try TestPeer.registry.require()
        let pool = ClientPool()
        let result: Result<Void, any Error>
        do {
            result = .success(try await fetch(from: host, over: try pool.transport()))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        try result.get()
    }

    private func fetch(from host: String, over transport: any HTTPTransport) async throws {
        let files: [String: [UInt8]] = ["weights.bin": FetchScene.bytes(900_000, seed: 1), "empty": []]
        let archived: [String: [UInt8]] = ["data/part": FetchScene.bytes(300_000, seed: 2)]
        var artifact = TestArtifact.files(files)
        artifact.layers.append(.modelKit(try await TestArchive.make(archived)))
        let repository = "models/resnet-\(UUID().uuidString.lowercased().prefix(8))"
        let origin = try #require(HTTPURL("http://\(host)"))
        let digest = try await artifact.push("1.0.0", to: repository, over: transport, origin: origin)

        let folder = try TemporaryFolder()
        let source = try ModelSource(json: [
            "oci": ["repository": .string("\(host)/\(repository)")], "tls": ["plainHTTP": true],
        ])
        let wire = Wire(transport, .system)
        wire.follow(
            FaultScript()
                .on(
                    Wire.content("/blobs/\(TestArtifact.digest(files["weights.bin"] ?? []))"),
                    .dropAfter(bytes: 400_000)
                )
        )
        let access = SourceAccess(transport: { _ in wire }, random: { 0 })
        let fetcher = ModelFetcher(access: access, time: .system, reportingEvery: .seconds(60)) { _ in }
        let order = ModelFetcher.Order(source: source, version: "1.0.0", digest: digest, folder: folder.path + "/model")
        try await fetcher.fetch(order, keys: [:])
        for (name, bytes) in files.merging(archived, uniquingKeysWith: { $1 }) {
            let there = FileManager.default.contents(atPath: "\(order.folder)/\(name)").map { Array($0) }
            #expect(there == bytes, "\(name)")
        }
        // It knows ranges: what had arrived was not sent again.
        #expect(wire.reads.contains { $0.range == "bytes=400000-" })
    }
}
