public import Artifacts
import HTTPTransport
import HTTPTypes

/// Writing manifests.
extension RegistryClient {
    /// Puts a manifest into a repository, under `tag` or, without one, under its digest alone.
    ///
    /// What it refers to has to be there. A tag that exists names the new manifest from then on. Returns the digest;
    /// throws `.digestMismatch` where the registry says another one.
    @discardableResult
    public func put(
        manifest bytes: [UInt8],
        _ type: MediaType,
        tag: String? = nil,
        in repository: ImageReference
    ) async throws(RegistryError) -> Digest {
        guard let digest = ContentDigest.of(bytes), tag.map(ImageReference.isTag) ?? true else {
            throw RegistryError(.rejected, "\(repository.name): \"\((tag ?? "").clipped)\" is not a tag")
        }
        var call = try writeCall(repository, tag ?? digest.description)
        call.method = .put
        call.action = .push
        call.body = .bytes(bytes)
        call.headers[.contentType] = type.text
        call.headers[.contentLength] = String(bytes.count)
        let sent = call
        let told = try await typed(call.subject) {
            try await exchange(sent) { response, _ in response.contentDigest }
        }
        if let told, told.algorithm == digest.algorithm, told != digest {
            throw RegistryError(.digestMismatch, "\(call.subject): the registry says \(told) of what has \(digest)")
        }
        return digest
    }

    /// Removes a tag, or with a digest a manifest and all its tags. False where the registry does not do that, or does
    /// not do it for tags; true where the name is gone, also if it was before.
    public func delete(_ name: String, in repository: ImageReference) async throws(RegistryError) -> Bool {
        guard ImageReference.isTag(name) || (try? Digest(name)) != nil else {
            throw RegistryError(.rejected, "\(repository.name): \"\(name.clipped)\" is neither a tag nor a digest")
        }
        var call = try writeCall(repository, name)
        call.method = .delete
        call.action = .delete
        call.accepted = [400, 404, 405, 501]
        let sent = call
        return try await typed(call.subject) {
            try await exchange(sent) { response, _ in ![400, 405, 501].contains(response.status.code) }
        }
    }

    private func writeCall(_ repository: ImageReference, _ name: String) throws(RegistryError) -> RegistryCall {
        let endpoint = try endpoint(repository)
        let path = HTTPURL.encode(repository.repository, keepingSlashes: true)
        return RegistryCall(
            endpoint: endpoint,
            reference: repository,
            url: endpoint.url(path: "/v2/\(path)/manifests/\(name)"),
            subject: "\(repository.name):\(name)"
        )
    }
}
