import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import ContainerRegistry

/// Content by its digest, served as a registry does.
private final class Contents: Sendable {
    private let all = Mutex<[String: (text: String, type: String)]>([:])

    func add(_ text: String, _ type: MediaType) -> (digest: Digest, json: String) {
        let digest = sha256(text)
        all.withLock { $0[digest.description] = (text, type.text) }
        let json = #"{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(text.utf8.count)}"#
        return (digest, json)
    }

    func configuration(_ more: String) -> (digest: Digest, json: String) { add(more, .ociConfiguration) }

    func image(_ configuration: String, _ annotations: String = "{}") -> (digest: Digest, json: String) {
        let configuration = self.configuration(configuration)
        return add(
            #"{"schemaVersion":2,"config":\#(configuration.json),"layers":[],"annotations":\#(annotations)}"#,
            .ociManifest
        )
    }

    func index(_ entries: [String], _ annotations: String = "{}") -> (digest: Digest, json: String) {
        add(
            #"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))],"annotations":\#(annotations)}"#,
            .ociIndex
        )
    }

    var registry: TestRegistry {
        TestRegistry { request, _ in
            let name = request.path?.split(separator: "/").last.map(String.init) ?? ""
            guard let found = self.all.withLock({ $0[name] }) else { return .init(404, [:], "") }
            return .init(200, [.contentType: found.type], found.text)
        }
    }
}

private func entry(_ json: String, _ platform: String, _ annotations: String = "{}") -> String {
    json.dropLast() + #","platform":\#(platform),"annotations":\#(annotations)}"#
}

@Suite(.timeLimit(.minutes(1))) struct ImageTests {
    private let contents = Contents()
    private static let amd64 = """
        {"os":"linux","architecture":"amd64","created":"2025-12-31T10:00:00.123456789Z",
         "config":{"Labels":{"dev.modelapp.model-range":">=3","n":7}}}
        """
    private static let arm64 = """
        {"os":"linux","architecture":"arm64","variant":"v8","created":"2025-12-31T11:00:00Z","config":{"Labels":null}}
        """

    private func describe(_ digest: Digest, _ platform: Platform = .linuxAMD64) async throws -> ImageDescription {
        try await contents.registry.client.image(try reference("r.io/x"), digest, preferring: platform)
    }

    @Test func aSingleImageHasThePlatformOfItsConfiguration() async throws {
        let image = contents.image(Self.amd64)
        let description = try await describe(image.digest)
        #expect(description.platforms == [.linuxAMD64])
        #expect(description.images.map(\.manifest) == [image.digest])
        #expect(description.created == (try Timestamp(rfc3339: "2025-12-31T10:00:00.123456Z")))
        #expect(description.labels == ["dev.modelapp.model-range": ">=3"])
        #expect(description.mediaType == .ociManifest)
    }

    @Test func anIndexHasThePlatformsOfItsEntriesWithoutAttestations() async throws {
        let amd = contents.image(Self.amd64)
        let arm = contents.image(Self.arm64)
        let proof = contents.image(#"{"os":"unknown","architecture":"unknown"}"#)
        let index = contents.index([
            entry(amd.json, #"{"os":"linux","architecture":"amd64"}"#),
            entry(arm.json, #"{"os":"linux","architecture":"arm64","variant":"v8"}"#),
            entry(
                proof.json,
                #"{"os":"unknown","architecture":"unknown"}"#,
                #"{"vnd.docker.reference.type":"attestation-manifest"}"#
            ),
            entry(contents.image("{}").json, #"{"os":"Ünix","architecture":"x y"}"#),
        ])
        let world = contents.registry
        let image = try reference("r.io/x")
        let platforms = try await world.client.platforms(image, of: index.digest)
        #expect(platforms.map(\.platform.description) == ["linux/amd64", "linux/arm64/v8"])
        #expect(platforms.map(\.manifest) == [amd.digest, arm.digest])
        #expect(world.log.count == 1)
        let description = try await world.client.image(image, index.digest)
        #expect(description.digest == index.digest)
        #expect(description.labels["dev.modelapp.model-range"] == ">=3")
        let other = try await world.client.image(image, index.digest, preferring: try Platform("linux/arm64"))
        #expect(other.labels.isEmpty)
        #expect(other.created == (try Timestamp(rfc3339: "2025-12-31T11:00:00Z")))
    }

    @Test func entriesWithoutAPlatformAndNestedIndexesAreLookedInto() async throws {
        let amd = contents.image(Self.amd64)
        let arm = contents.image(Self.arm64)
        let index = contents.index([contents.index([arm.json]).json, amd.json, amd.json])
        let description = try await describe(index.digest)
        #expect(description.platforms.map(\.description) == ["linux/arm64/v8", "linux/amd64"])
        #expect(description.labels["dev.modelapp.model-range"] == ">=3")
    }

    @Test func anArtifactRunsNowhere() async throws {
        let configuration = contents.add("{}", MediaType("application/vnd.cncf.helm.config.v1+json"))
        let chart = contents.add(
            #"{"config":\#(configuration.json),"layers":[],"annotations":{"org.opencontainers.image.created":"2025-01-02T03:04:05Z"}}"#,
            .ociManifest
        )
        let description = try await describe(chart.digest)
        #expect(description.platforms.isEmpty)
        #expect(description.created == (try Timestamp(rfc3339: "2025-01-02T03:04:05Z")))
        #expect(description.labels.isEmpty)
    }

    @Test func deepAndWideIndexesEndInAnError() async throws {
        var deep = contents.image(Self.amd64)
        for _ in 0..<5 { deep = contents.index([deep.json]) }
        #expect(await failure { try await describe(deep.digest) }?.code == .tooLarge)
        let wide = contents.index((0..<40).map { contents.image(#"{"os":"linux","architecture":"a\#($0)"}"#).json })
        let world = contents.registry
        let error = await failure { try await world.client.platforms(try reference("r.io/x"), of: wide.digest) }
        #expect(error?.code == .tooLarge)
        #expect(world.log.count <= 70)
    }

    @Test func whatIsMissingIsNamed() async throws {
        #expect(await failure { try await describe(sha256("nothing")) }?.code == .notFound)
        let orphan = contents.add(
            #"{"config":{"mediaType":"\#(MediaType.ociConfiguration)","digest":"\#(sha256("gone"))","size":4},"layers":[]}"#,
            .ociManifest
        )
        let error = await failure { try await describe(orphan.digest) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("configuration") == true)
    }

    @Test func aConfigurationOfAnotherSizeOrKindIsRefused() async throws {
        let configuration = contents.configuration(Self.amd64)
        let shorter = contents.add(
            #"{"config":\#(configuration.json.replacing("\"size\":", with: "\"size\":1")),"layers":[]}"#,
            .ociManifest
        )
        #expect(await failure { try await describe(shorter.digest) }?.code == .digestMismatch)
        let list = contents.image("[1]")
        #expect(await failure { try await describe(list.digest) }?.code == .malformedAnswer)
        let broken = contents.image("{")
        #expect(await failure { try await describe(broken.digest) }?.code == .malformedAnswer)
    }
}
