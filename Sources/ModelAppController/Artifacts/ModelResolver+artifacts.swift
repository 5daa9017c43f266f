import Artifacts
import ContainerRegistry
import HTTPTransport
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Selection

/// Versions that are tags of artifacts in a registry.
extension ModelResolver {
    /// How many candidates are looked at before a scan gives up: each costs a request.
    private static var maximumLookups: Int { 20 }
    /// How many older versions are looked at, where rules about pairs may want one.
    private static var maximumOlder: Int { 7 }

    /// What is chosen from, and by which rules.
    struct ArtifactSearch: Sendable {
        let app: ModelApp
        let running: Release?
        let artifacts: ArtifactRepository
        let rules: SelectionRules
        let objects: ObjectSetRules
        let maximumAge: Duration
        let since: ContinuousClock.Instant?
    }

    func artifactSearch(
        _ app: ModelApp,
        _ running: Release?,
        _ artifacts: ArtifactRepository,
        maximumAge: Duration,
        since: ContinuousClock.Instant?
    ) throws(ScanFailure) -> ArtifactSearch {
        do throws(FieldProblem) {
            guard let rules = try SelectionSpec.modelRules(app.spec) else {
                throw FieldProblem("spec.model.versions", "is required with spec.model.oci")
            }
            return ArtifactSearch(
                app: app,
                running: running,
                artifacts: artifacts,
                rules: rules,
                objects: try SelectionSpec.objectRules(app.spec),
                maximumAge: maximumAge,
                since: since
            )
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "\(error)", isTerminal: true)
        }
    }

    func newestArtifact(_ search: ArtifactSearch) async throws(ScanFailure) -> Answer {
        let (listing, listedAt) = try await tags(search)
        let now = time.date().milliseconds
        let times = Dictionary(listing.map { ($0.name, $0.pushedAt) }, uniquingKeysWith: { first, _ in first })
        var watch = TagWatch(search.app.status.model?.waiting ?? [], now: now)
        let candidates = listing.map { tag in
            let pushed = tag.pushedAt?.milliseconds
            return Candidate(name: tag.name, time: pushed, firstSeen: pushed == nil ? watch.firstSeen(tag.name) : nil)
        }
        let running = search.running.map { release in
            let name = release.model.version
            let isListed = times[name] != nil
            return RunningVersion(
                name: name,
                time: release.model.modifiedAt.flatMap { try? Timestamp(rfc3339: $0) }?.milliseconds,
                missingScans: absences.count(of: name, for: search.app.key, isListed: isListed, listing: listedAt)
            )
        }
        var obstacles: [String: Rejection] = [:]
        for _ in 0..<Self.maximumLookups {
            let outcome = search.rules.select(from: candidates, running: running, obstacles: obstacles, now: now)
            watch.note(outcome, times)
            guard let best = outcome.ranked.first?.candidate.name else {
                let failure = ResolutionFailure(
                    "NoCandidate",
                    listing.isEmpty
                        ? "spec.model.oci.repository: \(search.artifacts.repository.name) has no tags; push one"
                        : "spec.model.versions: none of \(listing.count) tags of "
                            + "\(search.artifacts.repository.name) counts. \(outcome.examples)"
                )
                return Answer(.nothingCounts(failure, outcome), outcome.lookAgainAt, sightings: watch.sightings)
            }
            switch try await look(best, search, times) {
            case .rejected(let why): obstacles[best] = why
            case .usable(let model):
                if let (until, kept) = moved(model, search, times, watch), until > now {
                    if times[best].flatMap({ $0 }) == nil {
                        let seen = watch.firstSeen(best, digest: model.version.digest)
                        watch.note(best, digest: model.version.digest, at: seen)
                    }
                    let again = min(until, outcome.lookAgainAt ?? until)
                    return Answer(.found(kept, outcome), again, sightings: watch.sightings)
                }
                return Answer(.found(model, outcome), outcome.lookAgainAt, sightings: watch.sightings)
            }
        }
        throw ScanFailure(
            reason: "NoCandidate",
            message:
                "none of the \(Self.maximumLookups) newest tags of \(search.artifacts.repository.name) can be used; "
                + "modelapp why tells more",
            aspect: .place
        )
    }

    /// The versions that count and are older than the latest, the newest first. What cannot be read is left out.
    func olderArtifacts(
        _ ranked: some Collection<SelectionOutcome.Ranked>,
        _ search: ArtifactSearch
    ) async -> [ResolvedModel] {
        var models: [ResolvedModel] = []
        do throws(ScanFailure) {
            let times = Dictionary(
                try await tags(search).tags.map { ($0.name, $0.pushedAt) },
                uniquingKeysWith: { first, _ in first }
            )
            for entry in ranked.prefix(Self.maximumOlder) {
                guard case .usable(let model) = try await look(entry.candidate.name, search, times) else { continue }
                models.append(model)
            }
        } catch {
            return models
        }
        return models
    }

    private func tags(
        _ search: ArtifactSearch
    ) async throws(ScanFailure) -> (tags: [TagListing], at: ContinuousClock.Instant) {
        // One fixed tag needs no listing.
        if case .tag(let name) = search.rules.policy { return ([TagListing(name: name)], time.now) }
        return try await artifacts.tags(of: search.artifacts, maximumAge: search.maximumAge, since: search.since)
    }

    private enum Look {
        case usable(ResolvedModel)
        case rejected(Rejection)
    }

    private func look(
        _ tag: String,
        _ search: ArtifactSearch,
        _ times: [String: Timestamp?]
    ) async throws(ScanFailure) -> Look {
        let digest = try await artifacts.digest(
            of: tag,
            in: search.artifacts,
            maximumAge: search.maximumAge,
            since: search.since
        )
        guard let digest else {
            return .rejected(.notPullable(reason: "the registry lists it and does not have it"))
        }
        switch try await artifacts.look(digest, in: search.artifacts) {
        case .unusable(let why): return .rejected(.notPullable(reason: why))
        case .model(let artifact):
            if search.app.spec.delivery.mode == .baked, artifact.hasArchives {
                return .rejected(.notPullable(reason: ModelArtifact.noArchivesInImages))
            }
            let named = artifact.layers.filter { $0.path.map(search.objects.files.selects) ?? true }
            guard !named.isEmpty else {
                return .rejected(.notPullable(reason: "includeFiles and excludeFiles leave none of its files"))
            }
            var version = ModelVersion()
            version.version = tag
            version.digest = artifact.digest.description
            version.identity = "Manifest"
            version.bytes = named.reduce(into: Int64(0)) { $0 = $0.addingReportingOverflow($1.size).partialValue }
            version.objects = Int64(named.count)
            version.modifiedAt = times[tag].flatMap { $0?.rfc3339 }
            let uri = search.artifacts.uri(version.digest)
            // By its digest the registry has it, whatever becomes of the tag.
            return .usable(ResolvedModel(version: version, uri: uri, isRestorable: true))
        }
    }

    /// Until when bits wait to which the running tag was moved, and what runs meanwhile: these bits have an age of their
    /// own. Nil where the tag was not moved.
    private func moved(
        _ model: ResolvedModel,
        _ search: ArtifactSearch,
        _ times: [String: Timestamp?],
        _ watch: TagWatch
    ) -> (until: UnixMilliseconds, kept: ResolvedModel)? {
        guard let release = search.running, release.model.version == model.version.version,
            release.model.digest != model.version.digest, search.rules.minimumAge > 0, search.rules.pin == nil
        else { return nil }
        let tag = model.version.version
        let since = times[tag].flatMap { $0?.milliseconds } ?? watch.firstSeen(tag, digest: model.version.digest)
        let (until, overflow) = since.addingReportingOverflow(search.rules.minimumAge)
        return (overflow ? .max : until, ResolvedModel(release))
    }
}
