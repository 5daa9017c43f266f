public import Artifacts
public import JSON

/// A reference to content by its type, digest and size (OCI image-spec: descriptor).
public struct Descriptor: Sendable, Hashable {
    /// The type of the content.
    public var mediaType: MediaType
    /// The digest of the content.
    public var digest: Digest
    /// How many bytes the content has.
    public var size: Int64
    /// Free annotations.
    public var annotations: [String: String]
    /// What kind of artifact the content is, where that is said.
    public var artifactType: String?
    /// In an index: what the image runs on; nil where nothing or nothing usable is said.
    public var platform: Platform?
    /// In an index: whether the entry names a platform at all, usable or not.
    var namesPlatform: Bool

    /// A descriptor of its parts.
    public init(
        mediaType: MediaType,
        digest: Digest,
        size: Int64,
        annotations: [String: String] = [:],
        artifactType: String? = nil,
        platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
        self.artifactType = artifactType
        self.platform = platform
        namesPlatform = platform != nil
    }

    /// Reads a descriptor; nil where type, digest or size is missing or malformed.
    init?(_ json: JSONValue?) {
        guard let json, let type = json["mediaType"]?.string, let size = json["size"]?.integer, size >= 0,
            let digest = json["digest"]?.string.flatMap({ try? Digest($0) })
        else { return nil }
        mediaType = MediaType(type)
        self.digest = digest
        self.size = size
        annotations = json["annotations"].map(stringMembers) ?? [:]
        artifactType = json["artifactType"]?.string
        namesPlatform = json["platform"]?.object != nil
        platform = json["platform"].flatMap(Platform.init(json:))
    }

    /// The descriptor as a manifest has it, without platform and type of artifact.
    public var document: JSONValue {
        var document: JSONValue = [
            "mediaType": .string(mediaType.text), "digest": .string(digest.description), "size": .integer(size),
        ]
        if !annotations.isEmpty { document["annotations"] = .object(annotations.mapValues { .string($0) }) }
        return document
    }

    /// Whether this is a statement about another image (BuildKit attestations), which runs nowhere.
    public var isAttestation: Bool { annotations["vnd.docker.reference.type"] != nil }

    /// Whether this may be an image that runs somewhere: not for `unknown/unknown` or a platform without meaning.
    var mayRun: Bool { !isAttestation && (platform != nil || !namesPlatform) }
}

extension Platform {
    /// Reads the platform of an index entry or configuration; nil for `unknown/unknown` and for what is no platform.
    init?(json: JSONValue) {
        guard let os = json["os"]?.string, let architecture = json["architecture"]?.string,
            os != "unknown", architecture != "unknown"
        else { return nil }
        var text = "\(os)/\(architecture)"
        if let variant = json["variant"]?.string, !variant.isEmpty { text += "/" + variant }
        guard let platform = try? Platform(text) else { return nil }
        self = platform
    }
}

/// The members of an object that are strings.
func stringMembers(_ json: JSONValue) -> [String: String] {
    (json.object ?? [:]).compactMapValues(\.string)
}
