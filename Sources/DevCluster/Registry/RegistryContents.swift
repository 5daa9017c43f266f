import Artifacts
import HTTPTypes

/// What a registry holds. A value: every change is one call under the registry's lock.
struct RegistryContents: Sendable {
    /// A tag and when it was pushed.
    struct Tag: Sendable, Hashable {
        var digest: Digest
        var created: Timestamp
        var updated: Timestamp
    }

    /// One repository. A blob is visible in the repositories it was pushed or mounted to.
    struct Repository: Sendable {
        var blobs: Set<Digest> = []
        var manifests: [Digest: RegistryManifest] = [:]
        var tags: [String: Tag] = [:]
    }

    /// A blob on its way.
    struct Upload: Sendable {
        let repository: String
        var writer: ContentWriter
        var hash = DigestHash()
    }

    /// An upload, which one request at a time may write to.
    enum UploadState: Sendable {
        case idle(Upload)
        case busy(repository: String)
    }

    var repositories: [String: Repository] = [:]
    var blobs: [Digest: StoredContent] = [:]
    var uploads: [String: UploadState] = [:]
    var uploadCount = 0

    /// How many uploads may be open at once.
    static let maximumUploads = 1000

    /// The blob, if `repository` has it.
    func blob(_ digest: Digest, in repository: String) -> StoredContent? {
        repositories[repository]?.blobs.contains(digest) == true ? blobs[digest] : nil
    }

    /// Makes a stored blob visible in a repository.
    mutating func link(_ digest: Digest, to repository: String) {
        repositories[repository, default: Repository()].blobs.insert(digest)
    }

    /// Hides a blob from a repository; returns its content if no other repository has it, for the caller to drop.
    mutating func unlink(_ digest: Digest, from repository: String) -> StoredContent? {
        repositories[repository]?.blobs.remove(digest)
        guard !repositories.values.contains(where: { $0.blobs.contains(digest) }) else { return nil }
        return blobs.removeValue(forKey: digest)
    }

    /// The digest that a tag or digest names; nil where the repository has no such manifest.
    func resolve(_ reference: String, in repository: String) -> Digest? {
        guard let repository = repositories[repository] else { return nil }
        if let digest = try? Digest(reference) { return repository.manifests[digest] == nil ? nil : digest }
        return repository.tags[reference]?.digest
    }

    /// Stores a manifest, and points `tag` at it.
    mutating func put(_ manifest: RegistryManifest, _ digest: Digest, tag: String?, in name: String) {
        var repository = repositories[name] ?? Repository()
        if let held = repository.manifests[digest], held.mediaType == manifest.mediaType {
            // The same push again does not make the manifest younger; the tag is.
            repository.manifests[digest] = held
        } else {
            repository.manifests[digest] = manifest
        }
        if let tag {
            let created = repository.tags[tag]?.created ?? manifest.pushed
            repository.tags[tag] = Tag(digest: digest, created: created, updated: manifest.pushed)
        }
        repositories[name] = repository
    }

    /// Takes an upload for writing. Throws if it is unknown, or if another request writes to it.
    mutating func takeUpload(_ id: String, in repository: String) throws(RegistryFailure) -> Upload {
        switch uploads[id] {
        case .idle(let upload) where upload.repository == repository:
            uploads[id] = .busy(repository: repository)
            return upload
        case .busy(repository):
            throw RegistryFailure(.conflict, "BLOB_UPLOAD_INVALID", "another request writes to this upload")
        case nil, .idle, .busy: throw .uploadUnknown(id)
        }
    }
}
