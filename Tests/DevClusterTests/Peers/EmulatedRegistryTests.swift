import Artifacts
import Crypto
import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

/// The distribution specification, in memory and over a folder.
@Suite(.timeLimit(.minutes(1)))
struct EmulatedRegistryTests {
    static let places = [false, true]

    private let clock = TestClock()
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    private func registry(_ onDisk: Bool, _ options: EmulatedRegistry.Options = .init()) throws -> EmulatedRegistry {
        try EmulatedRegistry(options, folder: onDisk ? temporary.path : nil, time: clock.timeSource())
    }

    static func digest(_ bytes: [UInt8]) -> String { "sha256:" + SHA256.hash(data: bytes).map { $0 }.hexadecimal }

    /// Pushes a blob in one request.
    @discardableResult
    static func push(_ text: String, to name: String, _ caller: Caller) async throws -> String {
        let bytes = Array(text.utf8)
        let digest = digest(bytes)
        let answer = try await caller.send(.post, "/v2/\(name)/blobs/uploads/?digest=\(digest)", [:], bytes)
        #expect(answer.status == 201)
        return digest
    }

    /// Pushes a manifest with one layer, and returns its digest.
    @discardableResult
    static func pushImage(
        _ text: String,
        to name: String,
        _ tag: String,
        _ caller: Caller,
        extra: JSONValue = [:]
    ) async throws -> String {
        let config = try await push("{}", to: name, caller)
        let layer = try await push(text, to: name, caller)
        var manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": [
                "mediaType": "application/vnd.oci.image.config.v1+json", "digest": .string(config), "size": 2,
            ],
            "layers": [
                [
                    "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": .string(layer),
                    "size": .integer(Int64(text.utf8.count)),
                ]
            ],
        ]
        for (key, value) in extra.object ?? [:] { manifest[key] = value }
        let answer = try await caller.send(
            .put,
            "/v2/\(name)/manifests/\(tag)",
            [.contentType: "application/vnd.oci.image.manifest.v1+json"],
            manifest.canonicalBytes
        )
        #expect(answer.status == 201, "\(answer.text)")
        return answer["Docker-Content-Digest"] ?? ""
    }

    @Test(arguments: places) func blobIsReadAsItWasPushed(_ onDisk: Bool) async throws {
        let caller = Caller(try registry(onDisk))
        let digest = try await Self.push("0123456789", to: "team/app", caller)
        let whole = try await caller.send(.get, "/v2/team/app/blobs/\(digest)")
        #expect(whole.text == "0123456789")
        #expect(whole["Docker-Content-Digest"] == digest)
        #expect(whole["Content-Length"] == "10")
        let head = try await caller.send(.head, "/v2/team/app/blobs/\(digest)")
        #expect(head.status == 200 && head["Content-Length"] == "10" && head.body.isEmpty)
        let part = try await caller.send(.get, "/v2/team/app/blobs/\(digest)", [.range: "bytes=2-4"])
        #expect(part.status == 206 && part.text == "234" && part["Content-Range"] == "bytes 2-4/10")
        let end = try await caller.send(.get, "/v2/team/app/blobs/\(digest)", [.range: "bytes=-3"])
        #expect(end.text == "789")
        #expect(try await caller.send(.get, "/v2/team/app/blobs/\(digest)", [.range: "bytes=10-"]).status == 416)
        #expect(try await caller.send(.get, "/v2/other/blobs/\(digest)").json["errors"]?[0]?["code"] == "BLOB_UNKNOWN")
    }

    @Test(arguments: places) func chunksMustFollowOnEachOther(_ onDisk: Bool) async throws {
        let caller = Caller(try registry(onDisk))
        let start = try await caller.send(.post, "/v2/app/blobs/uploads/")
        #expect(start.status == 202)
        let location = try #require(start["Location"])
        let first = try await caller.send(.patch, location, [.contentRange: "0-4"], Array("01234".utf8))
        #expect(first.status == 202 && first["Range"] == "0-4")
        let torn = try await caller.send(.patch, location, [.contentRange: "7-8"], Array("78".utf8))
        #expect(torn.status == 416 && torn["Range"] == "0-4")
        let endless = "5-9223372036854775807"
        #expect(try await caller.send(.patch, location, [.contentRange: endless], [1]).status == 416)
        let status = try await caller.send(.get, location)
        #expect(status.status == 204 && status["Range"] == "0-4")
        let digest = Self.digest(Array("0123456789".utf8))
        let done = try await caller.send(
            .put,
            location + "?digest=\(digest)",
            [.contentRange: "5-9"],
            Array("56789".utf8)
        )
        #expect(done.status == 201 && done["Docker-Content-Digest"] == digest)
        #expect(try await caller.send(.get, "/v2/app/blobs/\(digest)").text == "0123456789")
        #expect(try await caller.send(.get, location).status == 404)
    }

    @Test(arguments: places) func wrongDigestIsRefused(_ onDisk: Bool) async throws {
        let caller = Caller(try registry(onDisk))
        let wrong = Self.digest([9])
        let answer = try await caller.send(.post, "/v2/app/blobs/uploads/?digest=\(wrong)", [:], [1])
        #expect(answer.status == 400 && answer.json["errors"]?[0]?["code"] == "DIGEST_INVALID")
        #expect(try await caller.send(.head, "/v2/app/blobs/\(wrong)").status == 404)
    }

    @Test func sha512IsVerifiedToo() async throws {
        let caller = Caller(try registry(false))
        let bytes = Array("content".utf8)
        let digest = "sha512:" + SHA512.hash(data: bytes).map { $0 }.hexadecimal
        #expect(try await caller.send(.post, "/v2/app/blobs/uploads/?digest=\(digest)", [:], bytes).status == 201)
        #expect(try await caller.send(.get, "/v2/app/blobs/\(digest)").body == bytes)
        #expect(try await caller.send(.post, "/v2/app/blobs/uploads/?digest=\(digest)", [:], [1]).status == 400)
    }

    @Test func mountLinksABlobAndFallsBackToAnUpload() async throws {
        let caller = Caller(try registry(false))
        let digest = try await Self.push("layer", to: "base", caller)
        let mounted = try await caller.send(.post, "/v2/app/blobs/uploads/?mount=\(digest)&from=base")
        #expect(mounted.status == 201)
        #expect(try await caller.send(.get, "/v2/app/blobs/\(digest)").text == "layer")
        let unknown = try await caller.send(.post, "/v2/app/blobs/uploads/?mount=\(Self.digest([1]))&from=base")
        #expect(unknown.status == 202 && unknown["Location"] != nil)
    }

    @Test func cancelledUploadIsGone() async throws {
        let caller = Caller(try registry(true))
        let location = try #require(try await caller.send(.post, "/v2/app/blobs/uploads/")["Location"])
        #expect(try await caller.send(.patch, location, [:], [1, 2]).status == 202)
        #expect(try await caller.send(.delete, location).status == 204)
        #expect(try await caller.send(.patch, location, [:], [3]).json["errors"]?[0]?["code"] == "BLOB_UPLOAD_UNKNOWN")
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path + "/.unfinished").isEmpty)
    }

    @Test(arguments: places) func manifestKeepsBytesAndMediaType(_ onDisk: Bool) async throws {
        let caller = Caller(try registry(onDisk))
        let digest = try await Self.pushImage("layer", to: "app", "v1", caller)
        let byTag = try await caller.send(.get, "/v2/app/manifests/v1")
        #expect(Self.digest(byTag.body) == digest)
        #expect(byTag["Content-Type"] == "application/vnd.oci.image.manifest.v1+json")
        let byDigest = try await caller.send(.head, "/v2/app/manifests/\(digest)")
        #expect(byDigest.status == 200 && byDigest["Content-Length"] == String(byTag.body.count))
        let etag = try #require(byTag["ETag"])
        #expect(try await caller.send(.get, "/v2/app/manifests/v1", [.ifNoneMatch: etag]).status == 304)
        #expect(try await caller.send(.get, "/v2/app/manifests/v2").json["errors"]?[0]?["code"] == "MANIFEST_UNKNOWN")
    }

    @Test func manifestWithoutItsBlobsIsRefused() async throws {
        let caller = Caller(try registry(false))
        let manifest: JSONValue = [
            "schemaVersion": 2, "layers": [["digest": .string(Self.digest([7])), "size": 1]],
        ]
        let answer = try await caller.send(.put, "/v2/app/manifests/v1", [:], manifest.canonicalBytes)
        #expect(answer.status == 400 && answer.json["errors"]?[0]?["code"] == "MANIFEST_BLOB_UNKNOWN")
        let index: JSONValue = ["schemaVersion": 2, "manifests": [["digest": .string(Self.digest([7])), "size": 1]]]
        #expect(try await caller.send(.put, "/v2/app/manifests/v1", [:], index.canonicalBytes).status == 400)
        #expect(try await caller.send(.put, "/v2/app/manifests/v1", [:], Array("[]".utf8)).status == 400)
        #expect(try await caller.send(.put, "/v2/app/manifests/-v", [:], manifest.canonicalBytes).status == 400)
        #expect(
            try await caller.send(.put, "/v2/App/manifests/v1", [:], []).json["errors"]?[0]?["code"] == "NAME_INVALID"
        )
    }

    @Test func deletedManifestTakesItsTagsAlong() async throws {
        let caller = Caller(try registry(false))
        let digest = try await Self.pushImage("one", to: "app", "v1", caller)
        try await Self.pushImage("one", to: "app", "v2", caller)
        try await Self.pushImage("two", to: "app", "v3", caller)
        #expect(try await caller.send(.delete, "/v2/app/manifests/v2").status == 202)
        #expect(try await caller.send(.head, "/v2/app/manifests/\(digest)").status == 200)
        #expect(try await caller.send(.delete, "/v2/app/manifests/\(digest)").status == 202)
        #expect(try await caller.send(.get, "/v2/app/tags/list").json["tags"] == ["v3"])
        #expect(try await caller.send(.head, "/v2/app/manifests/v1").status == 404)
    }

    @Test func pagesOfTagsJoinToTheWholeList() async throws {
        let caller = Caller(try registry(false))
        var generator = SplitMix64(seed: 7)
        let names = (0..<37).map { "v\($0)" }.shuffled(using: &generator) + ["V1", "_x", "1.0-rc.1"]
        for name in names { try await Self.pushImage("same", to: "app", name, caller) }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try await caller.send(.get, "/v2/app/tags/list").json["tags"]?.array?.compactMap(\.string) == sorted)
        for size in [1, 2, 7, 39, 40, 41] {
            var found: [String] = []
            var next: String? = "/v2/app/tags/list?n=\(size)"
            var pages = 0
            while let target = next {
                let answer = try await caller.send(.get, target)
                found += answer.json["tags"]?.array?.compactMap(\.string) ?? []
                next = answer["Link"].flatMap { link in
                    #expect(link.hasSuffix(">; rel=\"next\""))
                    return link.dropFirst().split(separator: ">").first.map(String.init)
                }
                pages += 1
            }
            #expect(found == sorted)
            #expect(pages == (names.count + size - 1) / size)
        }
        let none = try await caller.send(.get, "/v2/app/tags/list?n=0")
        #expect(none.json["tags"] == [] && none["Link"] == nil)
        let after = try await caller.send(.get, "/v2/app/tags/list?n=2&last=not-there")
        #expect(after.json["tags"] == ["v0", "v1"])
        #expect(try await caller.send(.get, "/v2/app/tags/list?n=x").status == 400)
        #expect(try await caller.send(.get, "/v2/unknown/tags/list").json["errors"]?[0]?["code"] == "NAME_UNKNOWN")
    }

    @Test func referrersAreFoundBySubjectAndType() async throws {
        let caller = Caller(try registry(false))
        let subject = try await Self.pushImage("image", to: "app", "v1", caller)
        let extra: JSONValue = [
            "subject": ["digest": .string(subject), "size": 1], "artifactType": "application/vnd.example.signature",
            "annotations": ["by": "test"],
        ]
        let signature = try await Self.pushImage("signature", to: "app", "sig", caller, extra: extra)
        let all = try await caller.send(.get, "/v2/app/referrers/\(subject)")
        #expect(all["Content-Type"] == "application/vnd.oci.image.index.v1+json")
        #expect(all.json["manifests"]?.array?.count == 1)
        #expect(all.json["manifests"]?[0]?["digest"]?.string == signature)
        #expect(all.json["manifests"]?[0]?["artifactType"] == "application/vnd.example.signature")
        #expect(all.json["manifests"]?[0]?["annotations"] == ["by": "test"])
        let other = try await caller.send(.get, "/v2/app/referrers/\(subject)?artifactType=application/other")
        #expect(other.json["manifests"] == [] && other["OCI-Filters-Applied"] == "artifactType")
        let without = Caller(try registry(false, .init(referrers: false)))
        #expect(try await without.send(.get, "/v2/app/referrers/\(subject)").status == 404)
    }

    @Test func folderOutlivesTheProcess() async throws {
        let first = Caller(try registry(true))
        let digest = try await Self.pushImage("layer", to: "team/app", "v1", first)
        clock.advance(by: .seconds(3600))
        let second = Caller(try registry(true, .init(azureRoutes: true)))
        let manifest = try await second.send(.get, "/v2/team/app/manifests/v1")
        #expect(Self.digest(manifest.body) == digest)
        let layer = try #require(manifest.json["layers"]?[0]?["digest"]?.string)
        #expect(try await second.send(.get, "/v2/team/app/blobs/\(layer)").text == "layer")
        let tags = try await second.send(.get, "/acr/v1/team/app/_tags")
        #expect(tags.json["tags"]?[0]?["lastUpdateTime"] == "2026-01-01T00:00:00.000000Z")
    }

    @Test func blobBeyondTheLimitIsRefused() async throws {
        let caller = Caller(try registry(false, .init(maximumBlobBytes: 4)))
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        let target = "/v2/app/blobs/uploads/?digest=\(Self.digest(bytes))"
        #expect(try await caller.send(.post, target, [:], bytes).status == 413)
    }
}
