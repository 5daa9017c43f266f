import Artifacts
import ContainerRegistry
import HTTPTransport
import Selection
import Trust

/// Looking for the signatures of an image that may be chosen.
extension CodeResolver {
    /// What a look at signatures is shared by: the same image, looked at by the same trust.
    struct SignatureKey: Hashable, Sendable {
        var source: SourceKey
        var digest: Digest
        var trust: String
    }

    /// What became of the signatures of an image, and when that was.
    struct CheckedSignatures: Sendable {
        var verdict: ImageVerifier.Verdict
        var at: ContinuousClock.Instant
    }

    /// The image, if it is signed as the spec wants.
    ///
    /// A signature that was good stays good, for a day or until its certificate ends. One that is missing may come at
    /// any time, so it is looked for at every look at the tags. A registry that cannot be asked is a failure, and no
    /// candidate is chosen.
    func verified(_ image: ImageDescription, _ lookup: Lookup) async throws(ScanFailure) -> Look {
        guard let (verifier, identity) = lookup.verification else { return .usable(image) }
        let (client, repository, time) = (lookup.client, lookup.repository, time)
        let key = SignatureKey(source: lookup.source, digest: image.digest, trust: identity)
        let age = lookup.maximumAge == .zero ? .zero : Duration.seconds(86_400)
        let scan = await signatures.scan(key, maximumAge: age) { () async throws(ScanFailure) in
            try await hosts.perform(lookup.host, credential: lookup.source.credential) { () async throws(ScanFailure) in
                do throws(RegistryError) {
                    let now = time.date()
                    let verdict = try await verifier.verdict(on: image.digest, in: repository, client, at: now)
                    return CheckedSignatures(verdict: verdict, at: time.now)
                } catch {
                    throw ScanFailure(error)
                }
            }
        } isCurrent: { checked in
            switch checked.verdict {
            case .signed(let signer): signer.validUntil.map { time.date() < $0 } ?? true
            case .refused: time.now - checked.at < lookup.maximumAge
            }
        }
        switch try scan.result.get().verdict {
        case .signed: return .usable(image)
        case .refused(let reason): return .rejected(.unverified(reason: reason))
        }
    }
}
