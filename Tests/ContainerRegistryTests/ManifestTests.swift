import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct ManifestTests {
    private static let layer = "sha256:" + String(repeating: "b", count: 64)
    static let manifest = """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
         "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(layer)","size":7},
         "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"\(layer)","size":9}],
         "annotations":{"a":"b","n":7},"subject":{"mediaType":"x/y","digest":"\(layer)","size":1}}
        """
    private static let type = MediaType.ociManifest.text

    private func read(_ answer: FakeTransport.Answer, _ image: String = "r.io/x:1") async throws -> Manifest? {
        try await TestRegistry { _, _ in answer }.client.manifest(try reference(image))
    }

    @Test func aManifestKeepsItsBytesAndIsReadByTag() async throws {
        let world = TestRegistry { _, _ in answer(Self.manifest, Self.type, sha256(Self.manifest)) }
        let manifest = try #require(try await world.client.manifest(try reference("r.io/x:1")))
        #expect(manifest.bytes == Array(Self.manifest.utf8))
        #expect(manifest.digest == sha256(Self.manifest))
        #expect(manifest.mediaType == .ociManifest)
        guard case .image(let image) = manifest.content else {
            Issue.record("not an image")
            return
        }
        #expect(image.layers.map(\.size) == [9])
        #expect(image.configuration.digest.description == Self.layer)
        #expect(image.annotations == ["a": "b"])
        #expect(image.subject?.mediaType.text == "x/y")
        #expect(world.log == ["GET https://r.io/v2/x/manifests/1"])
        let accept = try #require(world.transport.exchanges.first?.request.headerFields[.accept])
        for type in [MediaType.ociManifest, .ociIndex, .dockerManifest, .dockerManifestList] {
            #expect(accept.contains(type.text))
        }
    }

    @Test func aReferenceWithoutTagMeansLatestAndADigestWins() async throws {
        let digest = sha256(Self.manifest)
        let world = TestRegistry { _, _ in answer(Self.manifest, Self.type, nil) }
        _ = try await world.client.manifest(try reference("r.io/x"))
        _ = try await world.client.manifest(try reference("r.io/x:1@\(digest)"))
        #expect(world.log == ["GET https://r.io/v2/x/manifests/latest", "GET https://r.io/v2/x/manifests/\(digest)"])
    }

    @Test func absenceIsNil() async throws {
        let world = TestRegistry { _, _ in .init(404, [:], #"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#) }
        #expect(try await world.client.manifest(try reference("r.io/x:1")) == nil)
        #expect(try await world.client.resolve(try reference("r.io/x"), tag: "1") == nil)
    }

    @Test func otherContentThanAskedForIsRefused() async throws {
        let wrong = sha256("other")
        let byDigest = await failure {
            try await read(answer(Self.manifest, Self.type), "r.io/x@\(wrong)")
        }
        #expect(byDigest?.code == .digestMismatch)
        let byHeader = await failure { try await read(answer(Self.manifest, Self.type, wrong)) }
        #expect(byHeader?.code == .digestMismatch)
        #expect(byHeader?.isTransient == false)
    }

    @Test func aSHA512DigestIsVerifiedToo() async throws {
        let bytes = Array(Self.manifest.utf8)
        let digest = try #require(ContentDigest.of(bytes, .sha512))
        let read = try await read(answer(Self.manifest, Self.type), "r.io/x@\(digest)")
        #expect(read?.digest == digest)
        let wrong = try #require(ContentDigest.of([1], .sha512))
        let error = await failure { try await self.read(answer(Self.manifest, Self.type), "r.io/x@\(wrong)") }
        #expect(error?.code == .digestMismatch)
    }

    @Test func theTypeComesFromHeaderDocumentOrShape() async throws {
        let index = #"{"schemaVersion":2,"manifests":[]}"#
        let bare = Self.manifest.replacing(#""mediaType":"application/vnd.oci.image.manifest.v1+json","#, with: "")
        let table: [(String, String?, MediaType)] = [
            (Self.manifest, "application/vnd.oci.image.manifest.v1+json; charset=utf-8", .ociManifest),
            (Self.manifest, "Application/Vnd.OCI.image.manifest.v1+json", .ociManifest),
            (Self.manifest, nil, .ociManifest), (Self.manifest, "application/json", .ociManifest),
            (Self.manifest, "application/octet-stream", .ociManifest),
            (bare, nil, .ociManifest), (bare, MediaType.dockerManifest.text, .dockerManifest),
            (index, nil, .ociIndex), (index, MediaType.dockerManifestList.text, .dockerManifestList),
        ]
        for (text, type, expected) in table {
            #expect(try await read(answer(text, type))?.mediaType == expected, "\(type ?? "none")")
        }
    }

    @Test func otherTypesAndAmbiguousDocumentsAreRefused() async throws {
        let both = Self.manifest.replacing(#""layers""#, with: #""manifests":[],"layers""#)
        let table: [(String, String?, RegistryError.Code)] = [
            (Self.manifest, "application/vnd.docker.distribution.manifest.v1+prettyjws", .unexpectedMediaType),
            (Self.manifest, "application/zip", .unexpectedMediaType),
            (Self.manifest, MediaType.dockerManifest.text, .unexpectedMediaType),
            (Self.manifest, MediaType.ociIndex.text, .unexpectedMediaType),
            (Self.manifest.replacing("oci.image.manifest", with: "evil"), nil, .unexpectedMediaType),
            ("{}", nil, .unexpectedMediaType), ("[]", nil, .unexpectedMediaType), ("7", nil, .unexpectedMediaType),
            (both, Self.type, .malformedAnswer), (both, nil, .malformedAnswer),
            (#"{"manifests":[],"config":{}}"#, MediaType.ociIndex.text, .malformedAnswer),
            ("{", Self.type, .malformedAnswer), ("", Self.type, .malformedAnswer),
            ("{}", Self.type, .malformedAnswer),
            (Self.manifest.replacing("\"size\":9", with: "\"size\":-9"), Self.type, .malformedAnswer),
            (Self.manifest.replacing("\"size\":9", with: "\"size\":1e99"), Self.type, .malformedAnswer),
            (Self.manifest.replacing("sha256:b", with: "md5:b"), Self.type, .malformedAnswer),
            (#"{"manifests":[7]}"#, MediaType.ociIndex.text, .malformedAnswer),
            ("<html>", "text/html", .malformedAnswer),
        ]
        for (text, type, code) in table {
            #expect(await failure { try await read(answer(text, type)) }?.code == code, "\(text) as \(type ?? "none")")
        }
    }

    @Test func aManifestBeyondTheLimitIsNotRead() async throws {
        let padded = Self.manifest + String(repeating: " ", count: 4 << 20)
        #expect(await failure { try await read(answer(padded, Self.type)) }?.code == .tooLarge)
    }

    @Test func aTagIsResolvedByHead() async throws {
        let digest = sha256("x")
        let world = TestRegistry { _, _ in answer("", Self.type, digest) }
        #expect(try await world.client.resolve(try reference("r.io/x"), tag: "1") == digest)
        #expect(world.log == ["HEAD https://r.io/v2/x/manifests/1"])
        #expect(world.transport.exchanges.first?.request.headerFields[.accept] == MediaType.acceptedManifests)
    }

    @Test func whereHeadTellsNothingTheManifestIsRead() async throws {
        for status in [200, 400, 405, 501] {
            let world = TestRegistry { request, _ in
                request.method == .head ? .init(status, [:], "") : answer(Self.manifest, Self.type, nil)
            }
            #expect(try await world.client.resolve(try reference("r.io/x"), tag: "1") == sha256(Self.manifest))
            #expect(world.log.count == 2)
        }
    }

    @Test func whatIsNoTagIsNotAskedFor() async throws {
        let world = TestRegistry { _, _ in .init(200, [:], "") }
        for tag in ["", "../x", "a b", "a?b", "sha256:x"] {
            #expect(
                await failure { try await world.client.resolve(try reference("r.io/x"), tag: tag) }?.code == .rejected
            )
        }
        #expect(world.log.isEmpty)
    }

    @Test func anyManifestIsReadWithoutHarm() async {
        let words = [
            "{", "}", "[", "]", ":", ",", #""manifests""#, #""config""#, #""layers""#, #""mediaType""#, #""digest""#,
            #""size""#, #""platform""#, "7", "null", #""\#(Self.layer)""#, #""\#(Self.type)""#,
        ]
        await checkProperty(
            cases: 3000,
            generate: { random in (0..<Int.random(in: 0...40, using: &random)).map { _ in random.next() } },
            fails: { numbers in
                let text = numbers.map { words[Int($0 % UInt64(words.count))] }.joined()
                for type in [nil, Self.type, MediaType.ociIndex.text] {
                    do throws(RegistryError) {
                        let bytes = Array(text.utf8)
                        let read = try Manifest(bytes, digest: sha256(text), contentType: type, about: "x")
                        if read.bytes != bytes { return "other bytes" }
                    } catch {
                        if ![.malformedAnswer, .unexpectedMediaType].contains(error.code) { return "\(error)" }
                    }
                }
                return nil
            }
        )
    }
}

/// An answer with a manifest.
private func answer(_ text: String, _ type: String?, _ digest: Digest? = nil) -> FakeTransport.Answer {
    var headers: HTTPFields = [:]
    if let type { headers[.contentType] = type }
    if let digest, let name = HTTPField.Name("Docker-Content-Digest") { headers[name] = digest.description }
    return .init(200, headers, text)
}
