public import Artifacts
import Foundation
public import JSON

/// What a registry held after a real signer had signed an image in it (`Tests/Fixtures/signatures/make`).
public struct SignedFixture: Sendable {
    /// A manifest with its type.
    public struct Manifest: Sendable {
        /// Its type.
        public var mediaType: String
        /// Its bytes.
        public var bytes: [UInt8]
        /// What it says.
        public var document: JSONValue
    }

    /// The digest of the image that is signed.
    public let image: Digest
    /// The tags and what they name.
    public let tags: [String: Digest]
    /// The manifests.
    public let manifests: [Digest: Manifest]
    /// The blobs.
    public let blobs: [Digest: [UInt8]]

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/signatures")

    /// A file beside the fixtures: a key, a certificate, a bundle.
    public static func bytes(_ file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appendingPathComponent(file)))
    }

    /// The fixture of a signer: `cosign-2.5`, `notation-1.3-ci`.
    public init(_ name: String) throws {
        let document = try JSONValue(parsing: Self.bytes(name + ".json"))
        struct Broken: Error {}
        func bytes(_ value: JSONValue?) throws -> [UInt8] {
            guard let bytes = value?.string.flatMap(Base64.decode) else { throw Broken() }
            return bytes
        }
        image = try Digest(document["image"]?.string ?? "")
        tags = try (document["tags"]?.object ?? [:]).mapValues { try Digest($0.string ?? "") }
        var manifests: [Digest: Manifest] = [:]
        for (digest, value) in document["manifests"]?.object ?? [:] {
            let content = try bytes(value["content"])
            manifests[try Digest(digest)] = Manifest(
                mediaType: value["mediaType"]?.string ?? "",
                bytes: content,
                document: try JSONValue(parsing: content)
            )
        }
        self.manifests = manifests
        var blobs: [Digest: [UInt8]] = [:]
        for (digest, value) in document["blobs"]?.object ?? [:] { blobs[try Digest(digest)] = try bytes(value) }
        self.blobs = blobs
    }

    /// The layers of a type, each with its annotations and its content.
    public func layers(_ mediaType: String) -> [(annotations: [String: String], content: [UInt8])] {
        manifests.sorted { $0.key < $1.key }.flatMap { _, manifest in
            (manifest.document["layers"]?.array ?? []).filter { $0["mediaType"]?.string == mediaType }.compactMap {
                guard let digest = $0["digest"]?.string.flatMap({ try? Digest($0) }), let blob = blobs[digest] else {
                    return nil
                }
                return (($0["annotations"]?.object ?? [:]).compactMapValues(\.string), blob)
            }
        }
    }
}
