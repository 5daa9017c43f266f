import Artifacts
import ContainerRegistry
import FoundationEssentials
import Glibc
import HTTPTransport
import JSON

/// A folder with an OCI image layout (image-spec: image-layout).
struct LayoutDestination: ImageDestination {
    private let folder: String
    private let reader: RegistryClient

    private var blobs: String { folder + "/blobs/sha256" }

    /// Makes the folder where it is missing.
    init(_ folder: String, reader: RegistryClient) throws(PackagingError) {
        self.folder = folder
        self.reader = reader
        do {
            try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
        } catch {
            throw Self.failure(blobs, "cannot be made")
        }
        try write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), to: folder + "/oci-layout")
    }

    /// A folder keeps no layers by name: its reader has all of the model anyway.
    func layer(_ name: ModelLayerName) async throws(PackagingError) -> Descriptor? { nil }

    func keep(_ layer: Descriptor, as name: ModelLayerName, _ model: ModelDescription) async throws(PackagingError) {}

    func write(
        size: Int64,
        _ produce: (_ sink: ([UInt8]) async throws -> Void) async throws -> Void
    ) async throws(PackagingError) -> Digest {
        do {
            let draft = try DraftFile(in: blobs)
            defer { draft.close() }
            var content = ContentDigest()
            try await produce { bytes in
                content.update(bytes)
                try draft.write(bytes)
            }
            guard let digest = content.value else { throw Self.failure(blobs, "cannot be named") }
            try draft.rename(to: path(digest))
            return digest
        } catch {
            throw PackagingError(any: error)
        }
    }

    func take(_ blob: Descriptor, of repository: ImageReference) async throws(PackagingError) {
        if access(path(blob.digest), R_OK) == 0 { return }
        let digest = try await write(size: blob.size) { sink in
            do {
                try await reader.withBlob(repository, blob.digest, size: blob.size, limit: blob.size) { chunks in
                    for try await chunk in chunks { try await sink(chunk) }
                }
            } catch let error as RegistryError {
                throw PackagingError(error, at: .application)
            }
        }
        guard digest == blob.digest else {
            throw PackagingError(.unsupportedImage, "\(repository): a layer is named by another digest than sha256")
        }
    }

    func store(_ document: ImageAssembly.Document) async throws(PackagingError) {
        try write(document.bytes, to: path(document.descriptor.digest))
    }

    func publish(_ manifest: ImageAssembly.Document, name: String?) async throws(PackagingError) {
        try write(manifest.bytes, to: path(manifest.descriptor.digest))
        guard let name else { return }
        let key = "org.opencontainers.image.ref.name"
        let file = folder + "/index.json"
        var entries: [JSONValue] = []
        // What lies there may be anything; an index that cannot be read is written anew.
        if let data = FileManager.default.contents(atPath: file), let index = try? JSONValue(parsing: Array(data)) {
            entries = (index["manifests"]?.array ?? []).filter { $0["annotations"]?[key]?.string != name }
        }
        var entry = manifest.descriptor.document
        entry["annotations"] = .object([key: .string(name)])
        let index: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.text), "manifests": .array(entries + [entry]),
        ]
        try write(index.canonicalBytes, to: file)
    }

    private func path(_ digest: Digest) -> String { "\(blobs)/\(digest.hex)" }

    private func write(_ bytes: [UInt8], to path: String) throws(PackagingError) {
        let draft = try DraftFile(in: blobs)
        defer { draft.close() }
        try draft.write(bytes)
        try draft.rename(to: path)
    }

    fileprivate static func failure(_ path: String, _ what: String) -> PackagingError {
        PackagingError(.file, "\(path) \(what); check that there is space and that it may be written")
    }
}

/// A file that has no name until it is whole.
private final class DraftFile {
    private let path: String
    private var descriptor: Int32

    init(in folder: String) throws(PackagingError) {
        var name = Array("\(folder)/.draft-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard descriptor >= 0 else { throw LayoutDestination.failure(folder, "cannot be written") }
        fchmod(descriptor, 0o644)
    }

    deinit { close() }

    func write(_ bytes: [UInt8]) throws(PackagingError) {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { Glibc.write(descriptor, $0 + start, buffer.count - start) } ?? 0
            }
            if count > 0 {
                start += count
            } else if errno != EINTR {
                throw LayoutDestination.failure(path, "cannot be written")
            }
        }
    }

    func rename(to target: String) throws(PackagingError) {
        guard Glibc.rename(path, target) == 0 else { throw LayoutDestination.failure(target, "cannot be written") }
    }

    /// Removes the file, unless it has got its name.
    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
        unlink(path)
    }
}
