import Artifacts
import HTTPTransport
import HTTPTypes
import JSON
import Synchronization

/// Manifests, by tag and by digest.
extension EmulatedRegistry {
    func manifest(_ reference: String, in name: String, _ request: HTTPRequest) throws(RegistryFailure) -> LocalResponse
    {
        let found: (Digest, RegistryManifest)? = contents.withLock { contents in
            guard let digest = contents.resolve(reference, in: name) else { return nil }
            return contents.repositories[name]?.manifests[digest].map { (digest, $0) }
        }
        guard let (digest, manifest) = found else { throw .manifestUnknown("\(name):\(reference)") }
        var headers: HTTPFields = [
            .contentType: manifest.mediaType, .dockerContentDigest: digest.description, .eTag: "\"\(digest)\"",
        ]
        if EntityConditions(request.headerFields)
            .verdict(etag: digest.description, lastModified: nil, reading: true) == .notModified
        {
            headers[.contentType] = nil
            return LocalResponse(.notModified, headers)
        }
        return LocalResponse(.ok, headers, manifest.bytes)
    }

    func putManifest(
        _ reference: String,
        in name: String,
        _ request: HTTPRequest,
        _ body: HTTPBodyChunks
    ) async throws -> LocalResponse {
        var bytes: [UInt8] = []
        for try await chunk in body {
            guard bytes.count + chunk.count <= RegistryManifest.maximumBytes else {
                throw RegistryFailure(.contentTooLarge, "MANIFEST_INVALID", "the manifest is larger than 4 MiB")
            }
            bytes += chunk
        }
        let type = request.headerFields[.contentType]?.split(separator: ";").first.map { $0.trimmingSpaces }
        let manifest = try RegistryManifest(bytes, contentType: type, pushed: time.date())
        let named = try? Digest(reference)
        if named == nil, !ImageReference.isTag(reference) {
            throw RegistryFailure(.badRequest, "TAG_INVALID", "invalid tag: \(reference.clipped)")
        }
        let digest = Digest.of(bytes, named?.algorithm ?? .sha256)
        if let named, named != digest {
            throw RegistryFailure.digestInvalid("provided digest did not match uploaded content")
        }
        try contents.withLock { contents in
            let repository = contents.repositories[name] ?? .init()
            let missing =
                manifest.blobs.first { !repository.blobs.contains($0) }
                ?? manifest.manifests.first { repository.manifests[$0] == nil }
            if let missing {
                throw RegistryFailure(
                    .badRequest,
                    "MANIFEST_BLOB_UNKNOWN",
                    "manifest references \(missing), which \(name) does not have"
                )
            }
            contents.put(manifest, digest, tag: named == nil ? reference : nil, in: name)
        }
        try archive?.save(name, from: contents)
        var headers: HTTPFields = [
            .location: "/v2/\(name)/manifests/\(digest)", .dockerContentDigest: digest.description,
        ]
        if let subject = manifest.subject, options.referrers { headers[.ociSubject] = subject.description }
        return LocalResponse(.created, headers)
    }

    func deleteManifest(_ reference: String, in name: String) throws -> LocalResponse {
        try contents.withLock { contents in
            guard var repository = contents.repositories[name] else { throw RegistryFailure.nameUnknown(name) }
            if let digest = try? Digest(reference) {
                guard repository.manifests.removeValue(forKey: digest) != nil else {
                    throw RegistryFailure.manifestUnknown(reference)
                }
                repository.tags = repository.tags.filter { $0.value.digest != digest }
            } else {
                guard repository.tags.removeValue(forKey: reference) != nil else {
                    throw RegistryFailure.manifestUnknown(reference)
                }
            }
            contents.repositories[name] = repository
        }
        try archive?.save(name, from: contents)
        return LocalResponse(.accepted)
    }
}
