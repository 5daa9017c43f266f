import Artifacts
import ContainerRegistry
import HTTPTransport
import Metrics

/// Looks into registries of models, shared by all ModelApps that could each have looked: the same repository with the
/// same credential and the same trust.
struct ArtifactScans: Sendable {
    /// What became of a manifest.
    enum Look: Sendable, Hashable {
        case model(ModelArtifact)
        /// Why it is none.
        case unusable(String)
    }

    private let hosts: HostBackoff
    private let time: TimeSource
    let clients = RegistryClients()
    let listings: SharedScans<CodeResolver.SourceKey, [TagListing]>
    private let tags: SharedScans<CodeResolver.TagKey, Digest?>
    private let artifacts: SharedScans<CodeResolver.TagKey, Look>

    init(
        hosts: HostBackoff,
        time: TimeSource,
        metrics: any MetricsFactory,
        random: @escaping @Sendable () -> Double
    ) {
        self.hosts = hosts
        self.time = time
        listings = SharedScans(time: time, metrics: ScanMetrics(.modelTags, metrics), random: random)
        tags = SharedScans(time: time, metrics: ScanMetrics(.modelTag, metrics), random: random)
        artifacts = SharedScans(time: time, metrics: ScanMetrics(.artifact, metrics), random: random)
    }

    /// The tags of a repository, and when they were listed.
    func tags(
        of artifacts: ArtifactRepository,
        maximumAge: Duration,
        since: ContinuousClock.Instant?
    ) async throws(ScanFailure) -> (tags: [TagListing], at: ContinuousClock.Instant) {
        let scan = await listings.scan(artifacts.source, maximumAge: maximumAge, since: since) {
            () async throws(ScanFailure) in
            try await perform(artifacts) { () async throws(RegistryError) in
                try await artifacts.client.tags(of: artifacts.repository)
            }
        }
        return (try scan.result.get(), scan.at)
    }

    /// What a tag names now; nil where there is no such tag.
    func digest(
        of tag: String,
        in artifacts: ArtifactRepository,
        maximumAge: Duration,
        since: ContinuousClock.Instant?
    ) async throws(ScanFailure) -> Digest? {
        let key = CodeResolver.TagKey(source: artifacts.source, tag: tag)
        let scan = await tags.scan(key, maximumAge: maximumAge, since: since) { () async throws(ScanFailure) in
            try await perform(artifacts) { () async throws(RegistryError) in
                try await artifacts.client.resolve(artifacts.repository, tag: tag)
            }
        }
        return try scan.result.get()
    }

    /// What lies behind a digest. It never changes, so it is kept for a day.
    func look(_ digest: Digest, in artifacts: ArtifactRepository) async throws(ScanFailure) -> Look {
        let key = CodeResolver.TagKey(source: artifacts.source, tag: digest.description)
        var reference = artifacts.repository
        reference.digest = digest
        let wanted = reference
        let scan = await self.artifacts.scan(key, maximumAge: .seconds(86_400)) { () async throws(ScanFailure) in
            try await perform(artifacts) { () async throws(RegistryError) -> Look in
                do throws(RegistryError) {
                    guard let manifest = try await artifacts.client.manifest(wanted) else {
                        return .unusable("its tag names a manifest that the registry does not have")
                    }
                    do throws(ModelArtifact.Unusable) {
                        return .model(try ModelArtifact(manifest))
                    } catch {
                        return .unusable(error.reason)
                    }
                } catch {
                    guard Self.unusable.contains(error.code) else { throw error }
                    return .unusable(error.message)
                }
            }
        }
        return try scan.result.get()
    }

    /// Failures of one manifest, and not of its registry.
    private static let unusable: Set<RegistryError.Code> = [
        .unexpectedMediaType, .malformedAnswer, .tooLarge, .digestMismatch,
    ]

    private func perform<Value: Sendable>(
        _ artifacts: ArtifactRepository,
        _ ask: () async throws(RegistryError) -> Value
    ) async throws(ScanFailure) -> Value {
        try await hosts.perform(artifacts.host, credential: artifacts.source.credential) {
            () async throws(ScanFailure) in
            do throws(RegistryError) {
                return try await ask()
            } catch {
                throw ScanFailure(error)
            }
        }
    }
}
