public import Artifacts
import HTTPTransport
import HTTPTypes

extension RegistryClient {
    /// The tags of a repository, each once, in the registry's order.
    ///
    /// Azure registries also tell digests and push times; there the newest comes first. Throws `.notFound` for a
    /// repository that does not exist, `.tooManyTags` or `.tooLarge` beyond `limits`.
    public func tags(of repository: ImageReference) async throws(RegistryError) -> [TagListing] {
        try await tagList(of: repository).tags
    }

    /// The same, with a validator to keep. Where the registry says that nothing changed since `previous`, that list is
    /// returned without another being sent.
    public func tagList(
        of repository: ImageReference,
        revalidating previous: TagList? = nil
    ) async throws(RegistryError) -> TagList {
        let endpoint = try endpoint(repository)
        if endpoint.isAzure {
            do throws(RegistryError) {
                return try await tagList(.azure, repository, endpoint, previous)
            } catch {
                // Rights to pull do not always include those to read metadata; the ordinary list needs less.
                guard error.isRefusal || error.code == .notFound else { throw error }
            }
        }
        return try await tagList(.distribution, repository, endpoint, previous)
    }

    /// The two listings of tags.
    enum TagSource: Sendable {
        case distribution
        case azure

        func url(_ repository: String, pageSize: Int, _ endpoint: RegistryEndpoint) -> HTTPURL {
            let path = HTTPURL.encode(repository, keepingSlashes: true)
            switch self {
            case .distribution: return endpoint.url(path: "/v2/\(path)/tags/list", query: "n=\(pageSize)")
            case .azure: return endpoint.url(path: "/acr/v1/\(path)/_tags", query: "orderby=timedesc&n=\(pageSize)")
            }
        }
    }

    private func tagList(
        _ source: TagSource,
        _ repository: ImageReference,
        _ endpoint: RegistryEndpoint,
        _ previous: TagList?
    ) async throws(RegistryError) -> TagList {
        var pageSize = max(limits.tagPageSize, 1)
        while true {
            do throws(RegistryError) {
                return try await walk(source, repository, endpoint, pageSize: pageSize, previous)
            } catch {
                // Registries with a smaller maximum refuse instead of shortening the page.
                let refusesPage =
                    error.code == .tooManyTags && error.status != nil || error.code == .rejected && error.status == 400
                guard refusesPage, pageSize > 10 else { throw error }
                pageSize = max(pageSize / 10, 10)
            }
        }
    }

    private func walk(
        _ source: TagSource,
        _ repository: ImageReference,
        _ endpoint: RegistryEndpoint,
        pageSize: Int,
        _ previous: TagList?
    ) async throws(RegistryError) -> TagList {
        let subject = "tags of \(repository.name)"
        let first = source.url(repository.repository, pageSize: pageSize, endpoint)
        var pages = TagPages(limits: limits, about: subject)
        var next: HTTPURL? = first
        var entityTag: String?
        while let url = next {
            try pages.visit(url)
            let isFirst = url == first
            var call = RegistryCall(endpoint: endpoint, reference: repository, url: url, subject: subject)
            call.headers[.accept] = "application/json"
            if source == .azure { call.action = .metadataRead }
            if isFirst, let previous, let validator = previous.entityTag, previous.source == first.description {
                call.headers[.ifNoneMatch] = validator
                call.accepted = [304]
            }
            let room = pages.remainingBytes
            let sent = call
            let page: TagPage? = try await typed(subject) {
                try await exchange(sent) { response, chunks in
                    if response.status.code == 304 { return nil }
                    return try await TagPage(response, chunks, source, upTo: room, about: subject)
                }
            }
            guard let page else {
                if let previous { return previous }
                throw RegistryError(.malformedAnswer, "\(subject): \"not modified\" without a condition", status: 304)
            }
            try pages.add(page)
            if isFirst { entityTag = page.link == nil ? page.entityTag : nil }
            next = try page.link.map { link throws(RegistryError) in
                try endpoint.nextPage(after: url, link: link)
            }
        }
        return TagList(tags: pages.tags, entityTag: entityTag, source: entityTag == nil ? nil : first.description)
    }
}
