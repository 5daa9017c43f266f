import Artifacts
import JSON

/// A manifest as it was pushed: its bytes, which its digest covers, and what the registry has to know of them.
struct RegistryManifest: Sendable {
    var bytes: [UInt8]
    var mediaType: String
    var pushed: Timestamp
    /// The blobs it needs: configuration and layers that are not kept elsewhere.
    let blobs: [Digest]
    /// The manifests an index needs.
    let manifests: [Digest]
    /// The manifest it refers to.
    let subject: Digest?
    /// What kind of artifact it is, for the referrers list.
    let artifactType: String?
    let annotations: JSONValue?

    /// The most bytes a manifest may have (distribution specification: registries should allow 4 MiB).
    static let maximumBytes = 4 << 20

    /// Reads a manifest. Throws `MANIFEST_INVALID` with what is wrong.
    /// - Parameter contentType: the media type the client sent, if any; must agree with the manifest's own.
    init(_ bytes: [UInt8], contentType: String?, pushed: Timestamp) throws(RegistryFailure) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw .manifestInvalid(error.description)
        }
        guard json.object != nil else { throw .manifestInvalid("it is not an object") }
        guard json["schemaVersion"]?.integer == 2 else { throw .manifestInvalid("schemaVersion is not 2") }
        let own = json["mediaType"]?.string
        if let own, let contentType, own != contentType {
            throw .manifestInvalid("its mediaType is \(own.clipped), the request's \(contentType.clipped)")
        }
        let isIndex = json["manifests"]?.array != nil
        let implied = isIndex ? RegistryManifest.indexType : "application/vnd.oci.image.manifest.v1+json"
        self.bytes = bytes
        self.mediaType = contentType ?? own ?? implied
        self.pushed = pushed
        var blobs: [Digest] = []
        if let config = json["config"] { blobs.append(try RegistryManifest.digest(of: config)) }
        for layer in json["layers"]?.array ?? [] where (layer["urls"]?.array ?? []).isEmpty {
            blobs.append(try RegistryManifest.digest(of: layer))
        }
        self.blobs = blobs
        var manifests: [Digest] = []
        for manifest in json["manifests"]?.array ?? [] { manifests.append(try RegistryManifest.digest(of: manifest)) }
        self.manifests = manifests
        subject = try json["subject"].map { (descriptor) throws(RegistryFailure) in
            try RegistryManifest.digest(of: descriptor)
        }
        artifactType = json["artifactType"]?.string ?? json["config"]?["mediaType"]?.string
        annotations = json["annotations"]
    }

    static let indexType = "application/vnd.oci.image.index.v1+json"

    private static func digest(of descriptor: JSONValue) throws(RegistryFailure) -> Digest {
        guard let text = descriptor["digest"]?.string, let digest = try? Digest(text) else {
            throw .manifestInvalid("a descriptor has no digest")
        }
        return digest
    }

    /// Its descriptor in a list of referrers (distribution specification: listing referrers).
    func descriptor(_ digest: Digest) -> JSONValue {
        var descriptor: JSONValue = [
            "mediaType": .string(mediaType), "digest": .string(digest.description),
            "size": .integer(Int64(bytes.count)),
        ]
        if let artifactType { descriptor["artifactType"] = .string(artifactType) }
        if let annotations { descriptor["annotations"] = annotations }
        return descriptor
    }
}
