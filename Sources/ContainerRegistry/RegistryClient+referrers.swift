public import Artifacts
import HTTPTransport
import HTTPTypes
import JSON

extension RegistryClient {
    /// How many pages of referrers are read, and how many referrers there may be.
    private static let maximumReferrerPages = 16
    private static let maximumReferrers = 512

    /// The manifests that say they are about `digest`: signatures, statements.
    ///
    /// Asks the registry (distribution specification 1.1: listing referrers), and where it does not know the question,
    /// the tag that clients keep instead, `sha256-<hexadecimal>`. Nothing is filtered: what a descriptor says of the
    /// artifact's type is not always what the manifest says. Throws `.tooLarge` beyond the limits.
    public func referrers(
        of digest: Digest,
        in repository: ImageReference
    ) async throws(RegistryError) -> [Descriptor] {
        let subject = "referrers of \(repository.pinned(to: digest))"
        let endpoint = try endpoint(repository)
        let path = HTTPURL.encode(repository.repository, keepingSlashes: true)
        var next: HTTPURL? = endpoint.url(path: "/v2/\(path)/referrers/\(digest)")
        var found: [Descriptor] = []
        var pages = 0
        while let url = next {
            pages += 1
            guard pages <= Self.maximumReferrerPages, found.count <= Self.maximumReferrers else {
                throw RegistryError(.tooLarge, "\(subject): there are more than \(Self.maximumReferrers)")
            }
            var call = RegistryCall(endpoint: endpoint, reference: repository, url: url, subject: subject)
            call.headers[.accept] = MediaType.ociIndex.text
            // Registries from before the question answer it with any of these.
            if pages == 1 { call.accepted = [400, 404, 405, 501] }
            let sent = call
            let page: (manifests: [Descriptor], link: String?)? = try await typed(subject) {
                try await exchange(sent) { response, chunks in
                    guard (200..<300).contains(response.status.code) else { return nil }
                    try response.refuseWebPage(about: subject)
                    let bytes = try await chunks.collect(upTo: limits.manifestBytes)
                    let document = try JSONValue(parsing: bytes)
                    guard let entries = document["manifests"]?.array else {
                        throw RegistryError(.malformedAnswer, "\(subject): the answer is no index")
                    }
                    return (entries.compactMap { Descriptor($0) }, LinkHeader.next(in: response.values(of: "link")))
                }
            }
            guard let page else { return try await taggedReferrers(of: digest, in: repository) }
            found += page.manifests
            next = try page.link.map { link throws(RegistryError) in try endpoint.nextPage(after: url, link: link) }
        }
        return found
    }

    private func taggedReferrers(
        of digest: Digest,
        in repository: ImageReference
    ) async throws(RegistryError) -> [Descriptor] {
        var reference = repository
        reference.digest = nil
        reference.tag = "\(digest.algorithm.rawValue)-\(digest.hex.prefix(64))"
        guard let manifest = try await manifest(reference), case .index(let index) = manifest.content else { return [] }
        return Array(index.manifests.prefix(Self.maximumReferrers))
    }
}
