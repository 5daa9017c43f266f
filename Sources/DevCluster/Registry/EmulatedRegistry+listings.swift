import Artifacts
import HTTPTransport
import HTTPTypes
import JSON
import Synchronization

/// Lists: tags, repositories, referrers.
extension EmulatedRegistry {
    /// The number of results that a client asks for, no more than the registry gives. Throws where it is no number.
    func pageSize(_ target: RequestTarget) throws(RegistryFailure) -> Int? {
        guard let text = target.value("n") else { return options.pageSize }
        guard let number = Int(text), number >= 0 else { throw .paginationInvalid(text) }
        return options.pageSize.map { min($0, number) } ?? number
    }

    /// `GET /v2/<name>/tags/list`: in byte order, `n` of them after `last`, with a `Link` to what follows.
    func tags(of name: String, _ target: RequestTarget) throws(RegistryFailure) -> LocalResponse {
        guard let repository = contents.withLock({ $0.repositories[name] }) else { throw .nameUnknown(name) }
        let page = try page(of: Array(repository.tags.keys), target, path: "/v2/\(name)/tags/list")
        let body: JSONValue = ["name": .string(name), "tags": .array(page.names.map { .string($0) })]
        return LocalResponse(.ok, page.headers, text: body.canonicalText, type: "application/json")
    }

    /// `GET /v2/_catalog`.
    func catalog(_ target: RequestTarget) throws(RegistryFailure) -> LocalResponse {
        let names = contents.withLock { Array($0.repositories.keys) }
        let page = try page(of: names, target, path: "/v2/_catalog")
        let body: JSONValue = ["repositories": .array(page.names.map { .string($0) })]
        return LocalResponse(.ok, page.headers, text: body.canonicalText, type: "application/json")
    }

    private func page(
        of names: [String],
        _ target: RequestTarget,
        path: String
    ) throws(RegistryFailure) -> (names: [String], headers: HTTPFields) {
        let limit = try pageSize(target)
        let last = target.value("last") ?? ""
        let rest = names.filter { last.isEmpty || last.utf8.lexicographicallyPrecedes($0.utf8) }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard let limit, limit < rest.count else { return (rest, [:]) }
        let page = Array(rest.prefix(limit))
        // No link without a name to continue after: `n=0` is an empty list.
        guard let end = page.last else { return ([], [:]) }
        return (page, [.link: "<\(path)?\(HTTPURL.query([("n", String(limit)), ("last", end)]))>; rel=\"next\""])
    }

    /// `GET /v2/<name>/referrers/<digest>`: an index of the manifests whose subject it is.
    func referrers(
        of text: String,
        in name: String,
        _ target: RequestTarget
    ) throws(RegistryFailure) -> LocalResponse {
        let subject = try digest(text)
        let filter = target.value("artifactType")
        let manifests = contents.withLock { $0.repositories[name]?.manifests ?? [:] }
        let found = manifests.filter { _, manifest in
            guard manifest.subject == subject else { return false }
            return filter.map { $0 == manifest.artifactType } ?? true
        }
        let descriptors = found.sorted { $0.key < $1.key }.map { $0.value.descriptor($0.key) }
        let body: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(RegistryManifest.indexType),
            "manifests": .array(descriptors),
        ]
        var headers: HTTPFields = [:]
        if filter != nil { headers[.ociFiltersApplied] = "artifactType" }
        return LocalResponse(.ok, headers, text: body.canonicalText, type: RegistryManifest.indexType)
    }

    /// Parses a digest of a path or query. Throws `DIGEST_INVALID`.
    func digest(_ text: String) throws(RegistryFailure) -> Digest {
        do throws(ArtifactError) {
            return try Digest(text)
        } catch {
            throw .digestInvalid(error.message)
        }
    }
}
