import Artifacts
import ContainerRegistry
import JSON

/// Puts the application's image and the model's layer together: pure, and the same on any machine.
///
/// The result is an OCI image, also of a Docker image: only OCI manifests have annotations. Nothing in it tells when or
/// where it was made.
struct ImageAssembly: Sendable {
    /// A document of the image and how it is referred to.
    struct Document: Sendable, Hashable {
        var bytes: [UInt8]
        var descriptor: Descriptor
    }

    /// The application's image.
    let application: ApplicationImage
    /// The model.
    let model: ModelDescription
    /// The layer that holds it, uncompressed.
    let layer: Descriptor
    /// What the container is told of its model.
    let environment: [(name: String, value: String)]

    /// The configuration of a build with the model's layer.
    func configuration(_ build: ApplicationImage.Build) throws(PackagingError) -> Document {
        var document = build.configuration
        var roots = document["rootfs"] ?? .object([:])
        let layers = build.manifest.layers.count
        guard var differences = roots["diff_ids"]?.array, differences.count == layers else {
            throw unsupported("its configuration does not list its \(layers) layers")
        }
        differences.append(.string(layer.digest.description))
        roots["diff_ids"] = .array(differences)
        roots["type"] = "layers"
        document["rootfs"] = roots
        document["history"] = .array(history(document, layers: layers))
        var config = document["config"] ?? .object([:])
        if config.isNull { config = .object([:]) }
        var labels = config["Labels"]?.object ?? [:]
        for (key, value) in facts { labels[key] = .string(value) }
        config["Labels"] = .object(labels)
        let names = Set(environment.map(\.name))
        var variables = (config["Env"]?.array ?? []).filter { variable in
            !names.contains(String(variable.string?.prefix { $0 != "=" } ?? ""))
        }
        variables += environment.map { .string("\($0.name)=\($0.value)") }
        config["Env"] = .array(variables)
        document["config"] = config
        return try self.document(document, .ociConfiguration)
    }

    /// The history tells of each layer, in order: image-spec has it so, and tools that convert images count on it.
    private func history(_ document: JSONValue, layers: Int) -> [JSONValue] {
        var history = document["history"]?.array ?? []
        let told = history.filter { $0["empty_layer"]?.bool != true }.count
        if told != layers {
            history = (0..<layers).map { _ in ["created_by": "the application's image, which has no history"] }
        }
        var entry: JSONValue = [
            "created_by": "modelapp package", "comment": "model \(model.version), \(model.revision)",
        ]
        if let created = document["created"], created.string != nil { entry["created"] = created }
        return history + [entry]
    }

    /// The manifest of a build.
    func manifest(
        _ build: ApplicationImage.Build,
        configuration: Descriptor
    ) throws(PackagingError) -> Document {
        var layers: [JSONValue] = []
        for layer in build.manifest.layers {
            var layer = layer
            layer.mediaType = try ociType(layer.mediaType)
            layers.append(layer.document)
        }
        var own = layer
        own.mediaType = .ociLayer
        own.annotations = [PackagingKeys.revision: model.revision, PackagingKeys.version: model.version]
        layers.append(own.document)
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.text),
            "config": configuration.document, "layers": .array(layers),
            "annotations": annotations(build.manifest.annotations),
        ]
        return try document(manifest, .ociManifest)
    }

    /// The index of several builds, in order.
    func index(_ manifests: [(platform: Platform, descriptor: Descriptor)]) throws(PackagingError) -> Document {
        let entries: [JSONValue] = manifests.map { platform, descriptor in
            var entry = descriptor.document
            var about: JSONValue = ["os": .string(platform.os), "architecture": .string(platform.architecture)]
            if let variant = platform.variant { about["variant"] = .string(variant) }
            entry["platform"] = about
            return entry
        }
        let index: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.text), "manifests": .array(entries),
            "annotations": annotations(application.annotations),
        ]
        return try document(index, .ociIndex)
    }

    /// The artifact that keeps the layer under the model's name.
    static func artifact(
        _ name: ModelLayerName,
        _ model: ModelDescription,
        layer: Descriptor,
        empty: Descriptor
    ) -> [UInt8] {
        var annotations = name.annotations
        annotations[PackagingKeys.version] = model.version
        annotations[PackagingKeys.source] = model.source
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.text),
            "artifactType": .string(PackagingKeys.layerArtifact), "config": empty.document,
            "layers": [layer.document], "annotations": .object(annotations.mapValues { .string($0) }),
        ]
        return manifest.canonicalBytes
    }

    private var facts: [String: String] {
        [
            PackagingKeys.revision: model.revision, PackagingKeys.version: model.version,
            PackagingKeys.source: model.source,
        ]
    }

    private func annotations(_ base: [String: String]) -> JSONValue {
        var annotations = base.merging(facts) { $1 }
        annotations[PackagingKeys.base] = application.digest.description
        return .object(annotations.mapValues { .string($0) })
    }

    private func document(_ value: JSONValue, _ type: MediaType) throws(PackagingError) -> Document {
        let bytes = value.canonicalBytes
        guard let digest = ContentDigest.of(bytes) else { throw unsupported("it cannot be written") }
        return Document(
            bytes: bytes,
            descriptor: Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
        )
    }

    /// The type that a layer has in an OCI image.
    private func ociType(_ type: MediaType) throws(PackagingError) -> MediaType {
        let docker = "application/vnd.docker.image.rootfs.diff.tar"
        let oci = MediaType.ociLayer.text
        let known = ["": "", ".gzip": "+gzip", ".zstd": "+zstd"]
        for (ending, suffix) in known where type.text == docker + ending { return MediaType(oci + suffix) }
        guard type.text == oci || type.text.hasPrefix(oci + "+") else {
            throw unsupported("a layer of the type \(type.text.clipped) may not be pushed or is not known")
        }
        return type
    }

    private func unsupported(_ why: String) -> PackagingError {
        PackagingError(.unsupportedImage, "\(application.repository): no layer can be added, because \(why)")
    }
}
