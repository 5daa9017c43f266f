import Artifacts
import ContainerRegistry
import ModelAppAPI
import Selection

/// A repository whose tags are versions of a model, opened.
struct ArtifactRepository: Sendable {
    let client: RegistryClient
    let repository: ImageReference
    /// What scans of it are shared by.
    let source: CodeResolver.SourceKey
    /// Scheme, host and port that requests go to.
    let host: String

    /// The address of one version: by its digest, so that it stays what it is.
    func uri(_ digest: String) -> String { "oci://\(repository.name)@\(digest)" }

    /// Where bytes are read.
    var blobs: ArtifactBlobs { ArtifactBlobs(client: client, repository: repository) }

    /// What the version holds whose manifest has `digest`; the tag's where none is given.
    ///
    /// Throws `ModelBytesGone` where the registry has it no more, and `UnusableArtifact` where it is no model.
    func contents(
        _ tag: String,
        digest: String?,
        rules: ObjectSetRules
    ) async throws(ScanFailure) -> VersionContents {
        var reference = repository
        do throws(ArtifactError) {
            if let digest { reference.digest = try Digest(digest) } else { reference.tag = tag }
        } catch {
            throw ScanFailure(reason: "InvalidDigest", message: "\(tag.clipped): \(error.message)")
        }
        guard let artifact = try await artifact(reference) else {
            throw ScanFailure(
                reason: "ModelBytesGone",
                message: "\(repository.name) does not have \((digest ?? tag).clipped) any more; push it again"
            )
        }
        var contents = VersionContents(
            digest: artifact.digest.description,
            identity: "Manifest",
            completeness: .complete,
            files: [:],
            checksums: [:],
            bytes: artifact.bytes
        )
        for layer in artifact.layers {
            let info = ArtifactBlobs.info(of: layer)
            guard let path = layer.path else {
                contents.archives.append(info)
                continue
            }
            if rules.files.selects(path) { contents.files[path] = info }
        }
        guard !contents.files.isEmpty || !contents.archives.isEmpty else {
            throw ScanFailure(
                reason: "UnusableArtifact",
                message: "\(repository.name):\(tag.clipped): includeFiles and excludeFiles leave none of its files"
            )
        }
        return contents
    }

    /// The artifact that a reference names; nil where there is none. Throws `UnusableArtifact` where it is no model.
    func artifact(_ reference: ImageReference) async throws(ScanFailure) -> ModelArtifact? {
        let manifest: Manifest?
        do throws(RegistryError) {
            manifest = try await client.manifest(reference)
        } catch {
            throw ScanFailure(error)
        }
        guard let manifest else { return nil }
        do throws(ModelArtifact.Unusable) {
            return try ModelArtifact(manifest)
        } catch {
            throw ScanFailure(reason: "UnusableArtifact", message: error.reason)
        }
    }
}
