import Artifacts
import ContainerRegistry
import HTTPTransport
import Selection

/// Asking a registry: its list of tags, and what lies behind one.
extension CodeResolver {
    /// What was found behind a tag.
    enum Look {
        case usable(ImageDescription)
        case rejected(Rejection)
    }

    /// Whom to ask.
    struct Lookup: Sendable {
        let client: RegistryClient
        let repository: ImageReference
        let source: SourceKey
        let host: String
        let maximumAge: Duration
        let since: ContinuousClock.Instant?
        /// Who has to have signed; nil where nobody has to.
        let verification: (verifier: ImageVerifier, identity: String)?
    }

    func list(
        _ rules: SelectionRules,
        _ lookup: Lookup
    ) async throws(ScanFailure) -> (
        [TagListing], at: ContinuousClock.Instant
    ) {
        // One fixed tag needs no listing.
        if case .tag(let name) = rules.policy { return ([TagListing(name: name)], time.now) }
        let (client, repository, source, validators) = (lookup.client, lookup.repository, lookup.source, validators)
        let scan = await listings.scan(source, maximumAge: lookup.maximumAge, since: lookup.since) {
            () async throws(ScanFailure) in
            try await hosts.perform(lookup.host, credential: lookup.source.credential) { () async throws(ScanFailure) in
                do throws(RegistryError) {
                    let list = try await client.tagList(of: repository, revalidating: validators[source])
                    validators[source] = list.entityTag == nil ? nil : list
                    return list.tags
                } catch {
                    throw ScanFailure(error)
                }
            }
        }
        return (try scan.result.get(), scan.at)
    }

    func look(
        _ tag: String,
        _ lookup: Lookup,
        _ wanted: [Platform]
    ) async throws(ScanFailure) -> Look {
        guard let digest = try await digest(of: tag, lookup) else {
            return .rejected(.notPullable(reason: "the registry lists it and does not have it"))
        }
        let description: ImageDescription
        do throws(ScanFailure) {
            description = try await describe(digest, lookup)
        } catch {
            guard error.isUnusable else { throw error }
            return .rejected(.notPullable(reason: error.message))
        }
        let missing = wanted.filter { platform in !description.platforms.contains { $0.satisfies(platform) } }
        guard missing.isEmpty else { return .rejected(.platformMissing(wanted: missing.map(\.description))) }
        return try await verified(description, lookup)
    }

    /// The digest of a tag; nil where the registry lists the tag and does not have it.
    func digest(of tag: String, _ lookup: Lookup) async throws(ScanFailure) -> Digest? {
        let (client, repository) = (lookup.client, lookup.repository)
        let key = TagKey(source: lookup.source, tag: tag)
        let resolved = await tags.scan(key, maximumAge: lookup.maximumAge, since: lookup.since) {
            () async throws(ScanFailure) in
            try await hosts.perform(lookup.host, credential: lookup.source.credential) { () async throws(ScanFailure) in
                do throws(RegistryError) {
                    return try await client.resolve(repository, tag: tag)
                } catch {
                    throw ScanFailure(error)
                }
            }
        }
        return try resolved.result.get()
    }

    /// What lies behind a digest.
    func describe(_ digest: Digest, _ lookup: Lookup) async throws(ScanFailure) -> ImageDescription {
        let (client, repository) = (lookup.client, lookup.repository)
        // What a digest names never changes, so its description is kept for a day.
        let imageKey = TagKey(source: lookup.source, tag: digest.description)
        let image = await images.scan(imageKey, maximumAge: .seconds(86_400)) { () async throws(ScanFailure) in
            try await hosts.perform(lookup.host, credential: lookup.source.credential) { () async throws(ScanFailure) in
                do throws(RegistryError) {
                    return try await client.image(repository, digest)
                } catch {
                    throw ScanFailure(error)
                }
            }
        }
        return try image.result.get()
    }
}

extension ScanFailure {
    /// Whether one candidate is at fault, not the registry.
    var isUnusable: Bool {
        ["UnexpectedMediaType", "MalformedAnswer", "NotFound", "TooLarge", "DigestMismatch"].contains(reason)
    }

    init(_ error: RegistryError) {
        let reasons: [(RegistryError.Code, String)] = [
            (.notFound, "NotFound"), (.rateLimited, "RateLimited"), (.tooManyTags, "TooManyTags"),
            (.unexpectedMediaType, "UnexpectedMediaType"), (.digestMismatch, "DigestMismatch"),
            (.malformedAnswer, "MalformedAnswer"), (.tooLarge, "TooLarge"), (.unauthorized, "Unauthorized"),
            (.denied, "Denied"), (.cancelled, "Cancelled"), (.credential, "Unauthorized"),
            (.insecure, "EndpointRefused"),
        ]
        let isRefused = (error.underlying as? HTTPTransportError)?.code == .refusedAddress
        let isTrust = (error.underlying as? HTTPTransportError)?.code == .tls
        // A page of a portal or proxy is the usual reason for an answer of the wrong kind.
        let advice =
            error.code == .malformedAnswer ? "; check that the host is a registry and no proxy answers for it" : ""
        self.init(
            reason: isRefused
                ? "EndpointRefused"
                : reasons.first { $0.0 == error.code }?.1 ?? (isTrust ? "Untrusted" : "RegistryUnavailable"),
            message: error.message + (isTrust ? Self.trustAdvice : advice),
            aspect: error.isRefusal || error.code == .credential ? .credentials : isTrust ? .trust : .place,
            retryAfter: error.retryAfter,
            isCancelled: error.code == .cancelled,
            isRefusal: error.isRefusal,
            isTransient: error.isTransient,
            reach: error.code == .rateLimited ? .credential : Self.reach(of: error.underlying)
        )
    }
}
