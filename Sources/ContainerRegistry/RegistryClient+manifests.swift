public import Artifacts
import HTTPTransport
import HTTPTypes

extension RegistryClient {
    /// The digest that a tag names now; nil where there is no such tag or repository.
    ///
    /// Asks by HEAD, so that nothing is sent and Docker Hub does not count a pull; by GET where a registry does not
    /// tell the digest otherwise. The digest is the registry's word until the manifest is read by it.
    public func resolve(_ repository: ImageReference, tag: String) async throws(RegistryError) -> Digest? {
        guard ImageReference.isTag(tag) else {
            throw RegistryError(.rejected, "\(repository.name): \"\(tag.clipped)\" is not a tag")
        }
        let subject = "\(repository.name):\(tag)"
        var call = try manifestCall(repository, tag, about: subject)
        call.method = .head
        call.accepted = [400, 404, 405, 501]
        enum Head: Sendable { case absent, digest(Digest), untold }
        let sent = call
        let head: Head = try await typed(subject) {
            try await exchange(sent) { response, _ in
                switch response.status.code {
                case 404: .absent
                case 200..<300: response.contentDigest.map { .digest($0) } ?? .untold
                default: .untold
                }
            }
        }
        switch head {
        case .absent: return nil
        case .digest(let digest): return digest
        case .untold: return try await read(try manifestCall(repository, tag, about: subject), expecting: nil)?.digest
        }
    }

    /// The manifest that a reference names, by its digest where it has one, else by its tag (`latest` without one);
    /// nil where there is none.
    ///
    /// The bytes have the digest that is returned, and the one that was asked for. Throws `.digestMismatch` where the
    /// registry says or sends another.
    public func manifest(_ reference: ImageReference) async throws(RegistryError) -> Manifest? {
        let name = reference.digest?.description ?? reference.tag ?? "latest"
        let subject = reference.digest.map(reference.pinned(to:)) ?? "\(reference.name):\(name)"
        return try await read(try manifestCall(reference, name, about: subject), expecting: reference.digest)
    }

    private func manifestCall(
        _ repository: ImageReference,
        _ name: String,
        about subject: String
    ) throws(RegistryError) -> RegistryCall {
        let endpoint = try endpoint(repository)
        let path = HTTPURL.encode(repository.repository, keepingSlashes: true)
        // A digest's colon is allowed in a path, and some registries do not decode it.
        let url = endpoint.url(path: "/v2/\(path)/manifests/\(name)")
        var call = RegistryCall(endpoint: endpoint, reference: repository, url: url, subject: subject)
        call.headers[.accept] = MediaType.acceptedManifests
        call.accepted = [404]
        return call
    }

    private func read(
        _ call: RegistryCall,
        expecting wanted: Digest?
    ) async throws(RegistryError) -> Manifest? {
        try await typed(call.subject) {
            try await exchange(call) { response, chunks -> Manifest? in
                if response.status.code == 404 { return nil }
                try response.refuseWebPage(about: call.subject)
                let bytes = try await chunks.collect(upTo: limits.manifestBytes)
                let told = response.contentDigest
                let algorithm = wanted?.algorithm ?? told?.algorithm ?? .sha256
                guard let digest = ContentDigest.of(bytes, algorithm) else {
                    throw RegistryError(.digestMismatch, "\(call.subject): the digest cannot be computed")
                }
                if let wanted, wanted != digest {
                    throw RegistryError(.digestMismatch, "\(call.subject): the registry sent content with \(digest)")
                }
                if let told, told.algorithm == algorithm, told != digest {
                    throw RegistryError(
                        .digestMismatch,
                        "\(call.subject): the registry says \(told) and sent content with \(digest)"
                    )
                }
                let type = response.headerFields[.contentType]
                return try Manifest(bytes, digest: digest, contentType: type, about: call.subject)
            }
        }
    }
}
