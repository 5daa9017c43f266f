import Artifacts
import ContainerRegistry
import HTTPTransport
import Synchronization

/// A repository of a registry.
final class RegistryDestination: ImageDestination {
    private let client: RegistryClient
    private let repository: ImageReference
    /// Reads the application's image, which may lie in another registry with other keys.
    private let reader: RegistryClient
    private let previous: ImageReference?
    private let report: @Sendable (PackagingEvent) -> Void
    /// What the repository is known to have.
    private let present = Mutex<(blobs: Set<Digest>, manifest: Digest?)?>(nil)

    /// How often an upload begins anew where the registry lost it.
    private static let uploadAttempts = 3
    /// The layers of the largest blob of an application that are copied between registries.
    private static let maximumBlobBytes: Int64 = 1 << 40

    /// - Parameter previous: an image that this one is likely to share layers with, in the same repository.
    init(
        _ client: RegistryClient,
        _ repository: ImageReference,
        reader: RegistryClient,
        previous: ImageReference?,
        report: @escaping @Sendable (PackagingEvent) -> Void
    ) {
        self.client = client
        self.repository = repository
        self.reader = reader
        self.previous = previous
        self.report = report
    }

    func layer(_ name: ModelLayerName) async throws(PackagingError) -> Descriptor? {
        try await failing { () async throws(RegistryError) in
            var reference = repository
            (reference.tag, reference.digest) = (name.tag, nil)
            guard let manifest = try await client.manifest(reference), case .image(let image) = manifest.content,
                image.layers.count == 1, let layer = image.layers.first, layer.mediaType == .ociLayer
            else { return nil }
            let isOurs = name.annotations.allSatisfy { image.annotations[$0.key] == $0.value }
            return isOurs ? layer : nil
        }
    }

    func keep(
        _ layer: Descriptor,
        as name: ModelLayerName,
        _ model: ModelDescription
    ) async throws(PackagingError) {
        let bytes = Array("{}".utf8)
        guard let digest = ContentDigest.of(bytes) else { return }
        let empty = ImageAssembly.Document(
            bytes: bytes,
            descriptor: Descriptor(mediaType: .ociEmpty, digest: digest, size: Int64(bytes.count))
        )
        try await store(empty)
        let artifact = ImageAssembly.artifact(name, model, layer: layer, empty: empty.descriptor)
        try await failing { () async throws(RegistryError) in
            try await client.put(manifest: artifact, .ociManifest, tag: name.tag, in: repository)
        }
    }

    func write(
        size: Int64,
        _ produce: (_ sink: ([UInt8]) async throws -> Void) async throws -> Void
    ) async throws(PackagingError) -> Digest {
        try await restarting { () async throws in
            try await ChunkedUpload(client: client, repository: repository).run(size: size, produce)
        }
    }

    func take(_ blob: Descriptor, of source: ImageReference) async throws(PackagingError) {
        if source.name == repository.name { return }
        if try await known().contains(blob.digest) { return }
        var session: BlobUpload?
        if source.registry == repository.registry {
            let mount = try await failing { () async throws(RegistryError) in
                try await client.mountBlob(repository, blob.digest, from: source)
            }
            switch mount {
            case .mounted: return note(blob.digest)
            case .upload(let upload): session = upload
            }
        } else if try await failing({ () async throws(RegistryError) in
            try await client.hasBlob(repository, blob.digest)
        }) {
            return note(blob.digest)
        }
        report(.copying(blob.digest, blob.size))
        let (opened, limit) = (session, Self.maximumBlobBytes)
        let isFirst = Mutex(true)
        let digest = try await restarting { () async throws in
            let open = isFirst.withLock { first in
                defer { first = false }
                return first ? opened : nil
            }
            return try await ChunkedUpload(client: client, repository: repository).run(size: blob.size, session: open) {
                sink in
                do {
                    try await reader.withBlob(source, blob.digest, size: blob.size, limit: limit) { chunks in
                        for try await chunk in chunks { try await sink(chunk) }
                    }
                } catch let error as RegistryError {
                    throw PackagingError(error, at: .application)
                }
            }
        }
        guard digest == blob.digest else {
            throw PackagingError(.wrongContent, "\(source.name): what came for \(blob.digest) has \(digest)")
        }
        note(digest)
    }

    func store(_ document: ImageAssembly.Document) async throws(PackagingError) {
        let digest = document.descriptor.digest
        if try await known().contains(digest) { return }
        try await failing { () async throws(RegistryError) in
            try await client.upload(document.bytes, as: digest, to: repository)
        }
        note(digest)
    }

    func publish(_ manifest: ImageAssembly.Document, name: String?) async throws(PackagingError) {
        _ = try await known()
        let digest = manifest.descriptor.digest
        let isThere = present.withLock { present in
            // A name that has the content already is not written again.
            name == nil ? present?.blobs.contains(digest) : present?.manifest == digest && previous?.tag == name
        }
        if isThere == true { return }
        try await failing { () async throws(RegistryError) in
            try await client.put(
                manifest: manifest.bytes,
                manifest.descriptor.mediaType,
                tag: name,
                in: repository
            )
        }
    }

    /// What the previous image says is there; asked once.
    private func known() async throws(PackagingError) -> Set<Digest> {
        if let known = present.withLock({ $0 }) { return known.blobs }
        var blobs: Set<Digest> = []
        var digest: Digest?
        if let previous {
            let manifest = try await failing { () async throws(RegistryError) in
                try await client.manifest(previous)
            }
            digest = manifest?.digest
            switch manifest?.content {
            case .image(let image)?: blobs = Set(image.layers.map(\.digest) + [image.configuration.digest])
            case .index(let index)?:
                for entry in index.manifests.prefix(16) {
                    blobs.insert(entry.digest)
                    var reference = repository
                    (reference.tag, reference.digest) = (nil, entry.digest)
                    let child = try await failing { () async throws(RegistryError) in
                        try await client.manifest(reference)
                    }
                    guard case .image(let image)? = child?.content else { continue }
                    blobs.formUnion(image.layers.map(\.digest) + [image.configuration.digest])
                }
            case nil: break
            }
        }
        let found = (blobs: blobs, manifest: digest)
        present.withLock { $0 = found }
        return found.blobs
    }

    private func note(_ digest: Digest) { present.withLock { _ = $0?.blobs.insert(digest) } }

    /// Runs `body` again where the registry lost what it had of an upload.
    private func restarting(_ body: () async throws -> Digest) async throws(PackagingError) -> Digest {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch {
                let failure = PackagingError(any: error)
                let isLost = (failure.cause as? RegistryError)?.code == .uploadLost
                guard isLost, failure.code == .destination, attempt < Self.uploadAttempts else { throw failure }
                attempt += 1
                report(.restarted)
            }
        }
    }

    @discardableResult
    private func failing<Value>(
        _ body: () async throws(RegistryError) -> Value
    ) async throws(PackagingError) -> Value {
        do throws(RegistryError) {
            return try await body()
        } catch {
            throw PackagingError(error, at: .destination)
        }
    }
}
