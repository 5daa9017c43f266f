public import Artifacts
import JSON

/// A manifest or index with the bytes that its digest is over.
public struct Manifest: Sendable, Hashable {
    /// The bytes as the registry sent them; what is pushed again must be these.
    public let bytes: [UInt8]
    /// The digest of `bytes`, computed here.
    public let digest: Digest
    /// The type of the manifest.
    public let mediaType: MediaType
    /// What the manifest says.
    public let content: Content

    /// The two kinds of manifest.
    public enum Content: Sendable, Hashable {
        /// One image or artifact.
        case image(ImageManifest)
        /// Several images, usually one for each platform.
        case index(ImageIndex)
    }

    /// The manifest of one image or artifact.
    public struct ImageManifest: Sendable, Hashable {
        /// The configuration.
        public var configuration: Descriptor
        /// The layers, base first.
        public var layers: [Descriptor]
        /// Free annotations.
        public var annotations: [String: String]
        /// What kind of artifact this is, where it is not an image.
        public var artifactType: String?
        /// The manifest this one is about, for signatures and the like.
        public var subject: Descriptor?
    }

    /// A list of manifests.
    public struct ImageIndex: Sendable, Hashable {
        /// The manifests in the order of the index.
        public var manifests: [Descriptor]
        /// Free annotations.
        public var annotations: [String: String]
        /// What kind of artifact this is, where it is not an image.
        public var artifactType: String?
    }

    /// Reads a manifest.
    ///
    /// The types of the header and of the document must agree, and a document that could be read as both kinds is
    /// refused (GHSA-qq97-vm5h-rrhg). Throws `.unexpectedMediaType` for another type and `.malformedAnswer` for a
    /// document that does not fit its type.
    /// - Parameter contentType: the header of the answer, where there was one.
    public init(
        _ bytes: [UInt8],
        digest: Digest,
        contentType: String?,
        about subject: String
    ) throws(RegistryError) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw RegistryError(malformed: error, about: subject)
        }
        let type = try Manifest.mediaType(of: document, contentType: contentType, subject)
        guard type.isIndex ? document["layers"] == nil && document["config"] == nil : document["manifests"] == nil
        else {
            throw RegistryError(.malformedAnswer, "\(subject): the document is both a manifest and an index")
        }
        self.bytes = bytes
        self.digest = digest
        mediaType = type
        let annotations = document["annotations"].map(stringMembers) ?? [:]
        let artifactType = document["artifactType"]?.string
        func descriptors(_ member: String) throws(RegistryError) -> [Descriptor] {
            var found: [Descriptor] = []
            for entry in document[member]?.array ?? [] {
                guard let descriptor = Descriptor(entry) else {
                    throw RegistryError(.malformedAnswer, "\(subject): a descriptor in \(member) is malformed")
                }
                found.append(descriptor)
            }
            return found
        }
        if type.isIndex {
            let manifests = try descriptors("manifests")
            content = .index(ImageIndex(manifests: manifests, annotations: annotations, artifactType: artifactType))
        } else {
            guard let configuration = Descriptor(document["config"]) else {
                throw RegistryError(.malformedAnswer, "\(subject): the manifest has no configuration")
            }
            content = .image(
                ImageManifest(
                    configuration: configuration,
                    layers: try descriptors("layers"),
                    annotations: annotations,
                    artifactType: artifactType,
                    subject: Descriptor(document["subject"])
                )
            )
        }
    }

    private static func mediaType(
        of document: JSONValue,
        contentType: String?,
        _ subject: String
    ) throws(RegistryError) -> MediaType {
        let told = contentType.map { MediaType($0) }
        let written = document["mediaType"]?.string.map { MediaType($0) }
        for type in [told, written].compactMap({ $0 }) where !type.isManifest && !type.isIndex {
            // Static file servers and proxies do not know the type; the document then has to.
            if type == told, genericTypes.contains(type.text) { continue }
            throw RegistryError(
                .unexpectedMediaType,
                "\(subject): has the type \(type.text.clipped), which is no image manifest or index"
                    + (type.text.contains("manifest.v1") ? "; push it again with a current client" : "")
            )
        }
        let known = told.flatMap { $0.isManifest || $0.isIndex ? $0 : nil }
        if let known, let written, known != written {
            throw RegistryError(
                .unexpectedMediaType,
                "\(subject): the header says \(known), the document \(written)"
            )
        }
        if let type = known ?? written { return type }
        if document["manifests"]?.array != nil { return .ociIndex }
        if document["config"]?.object != nil { return .ociManifest }
        throw RegistryError(.unexpectedMediaType, "\(subject): is neither an image manifest nor an index")
    }

    private static let genericTypes: Set<String> = [
        "", "application/json", "application/octet-stream", "text/plain", "binary/octet-stream",
    ]
}
