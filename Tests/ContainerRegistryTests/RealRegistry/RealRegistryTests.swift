import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes
import Testing

@testable import ContainerRegistry

private let registryAddress = ProcessInfo.processInfo.environment["MODELAPP_TEST_REGISTRY"]

/// Reads what was pushed to a real registry (Debian's `docker-registry`, say) at `MODELAPP_TEST_REGISTRY=host:port`,
/// without TLS and authentication.
@Suite(.enabled(if: registryAddress != nil), .timeLimit(.minutes(1)))
struct RealRegistryTests {
    private let host: String
    private let transport = URLSessionTransport()
    private let client: RegistryClient

    init() throws {
        host = try #require(registryAddress)
        client = RegistryClient(
            transport: transport,
            time: .system,
            hosts: [host: RegistryHostOptions(plainHTTP: true)],
            random: { 0.5 }
        )
    }

    private struct Answer: Sendable {
        var status: Int
        var location: String?
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ url: HTTPURL,
        _ type: String,
        _ body: [UInt8]
    ) async throws -> Answer {
        try await transport.withResponse(
            to: url.request(method, [.contentType: type]),
            body: .bytes(body),
            timeouts: .call
        ) { response, _ in
            Answer(status: response.status.code, location: response.headerFields[.location])
        }
    }

    private func push(blob text: String, to repository: String) async throws -> Digest {
        let uploads = try #require(HTTPURL("http://\(host)/v2/\(repository)/blobs/uploads/"))
        let started = try await send(.post, uploads, "application/octet-stream", [])
        #expect(started.status == 202)
        var target = try #require(started.location.flatMap { uploads.resolving($0) })
        let digest = sha256(text)
        target.query = (target.query.map { $0 + "&" } ?? "") + HTTPURL.query([("digest", digest.description)])
        let done = try await send(.put, target, "application/octet-stream", Array(text.utf8))
        #expect(done.status == 201)
        return digest
    }

    private func push(manifest text: String, _ type: MediaType, as name: String, to repository: String) async throws {
        let url = try #require(HTTPURL("http://\(host)/v2/\(repository)/manifests/\(name)"))
        #expect(try await send(.put, url, type.text, Array(text.utf8)).status == 201)
    }

    private func image(_ architecture: String, in repository: String) async throws -> (digest: Digest, text: String) {
        let configuration =
            #"{"os":"linux","architecture":"\#(architecture)","created":"2026-01-02T03:04:05Z","config":{"Labels":{"a":"\#(architecture)"}},"rootfs":{"type":"layers","diff_ids":[]}}"#
        let digest = try await push(blob: configuration, to: repository)
        let size = configuration.utf8.count
        let manifest =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","config":{"mediaType":"\#(MediaType.ociConfiguration)","digest":"\#(digest)","size":\#(size)},"layers":[]}"#
        return (sha256(manifest), manifest)
    }

    @Test func whatWasPushedIsListedResolvedAndDescribed() async throws {
        let repository = "modelapp/read"
        let amd = try await image("amd64", in: repository)
        let arm = try await image("arm64", in: repository)
        try await push(manifest: amd.text, .ociManifest, as: "1", to: repository)
        try await push(manifest: arm.text, .ociManifest, as: "2", to: repository)
        let entries = [(amd, "amd64"), (arm, "arm64")].map { image, architecture in
            #"{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(image.digest)","size":\#(image.text.utf8.count),"platform":{"os":"linux","architecture":"\#(architecture)"}}"#
        }
        let index =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)","manifests":[\#(entries.joined(separator: ","))]}"#
        try await push(manifest: index, .ociIndex, as: "all", to: repository)

        let name = try reference("\(host)/\(repository)")
        #expect(try await client.tags(of: name).map(\.name).sorted() == ["1", "2", "all"])
        #expect(try await client.resolve(name, tag: "1") == amd.digest)
        #expect(try await client.resolve(name, tag: "all") == sha256(index))
        let single = try await client.image(name, amd.digest)
        #expect(single.platforms == [.linuxAMD64])
        let both = try await client.image(name, sha256(index))
        #expect(both.platforms.map(\.description) == ["linux/amd64", "linux/arm64"])
        #expect(both.labels == ["a": "amd64"])
        #expect(both.created == (try Timestamp(rfc3339: "2026-01-02T03:04:05Z")))
        let manifest = try #require(try await client.manifest(try reference("\(name.name):2")))
        #expect(manifest.bytes == Array(arm.text.utf8))
    }

    @Test func blobsComeVerified() async throws {
        let text = String(repeating: "model", count: 10_000)
        let digest = try await push(blob: text, to: "modelapp/blob")
        let name = try reference("\(host)/modelapp/blob")
        let bytes = try await client.withBlob(name, digest, size: Int64(text.utf8.count), limit: 1 << 20) { chunks in
            try await chunks.collect(upTo: 1 << 20)
        }
        #expect(bytes == Array(text.utf8))
        #expect(try await client.blob(name, sha256("nothing"), limit: 10) == nil)
    }

    @Test func whatIsNotThereIsAbsent() async throws {
        let name = try reference("\(host)/modelapp/never")
        #expect(try await client.resolve(name, tag: "1") == nil)
        #expect(try await client.manifest(name) == nil)
        let error = await failure { try await client.tags(of: name) }
        #expect(error?.code == .notFound)
        #expect(error?.registryCode == "NAME_UNKNOWN")
    }
}
