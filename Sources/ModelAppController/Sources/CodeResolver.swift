import Artifacts
import ContainerRegistry
import HTTPTransport
import JSON
import KubernetesAPI
import Metrics
import ModelAppAPI
import ReleasePlanning
import Selection

/// Finds the latest image that counts.
///
/// Tag lists, tags and images are looked up once for all ModelApps that could each have asked: the same repository with
/// the same credential and the same trust.
struct CodeResolver: Sendable {
    /// What one listing is shared by.
    struct SourceKey: Hashable, Sendable {
        var repository: String
        var credential: String
        var trust: String
        var plainHTTP: Bool
    }

    /// What one tag's look-up is shared by.
    struct TagKey: Hashable, Sendable {
        var source: SourceKey
        var tag: String
    }

    let access: SourceAccess
    let secrets: SecretReader
    let accounts: ServiceAccountIdentities
    let time: TimeSource
    let hosts: HostBackoff
    let listings: SharedScans<SourceKey, [TagListing]>
    let tags: SharedScans<TagKey, Digest?>
    let images: SharedScans<TagKey, ImageDescription>
    let signatures: SharedScans<SignatureKey, CheckedSignatures>
    let validators = TagValidators()
    private let clients = RegistryClients()
    private let absences = Absences()
    /// How many candidates are looked at before a scan gives up: each costs a request.
    private static let maximumLookups = 20

    init(
        access: SourceAccess,
        secrets: SecretReader,
        accounts: ServiceAccountIdentities,
        hosts: HostBackoff,
        time: TimeSource,
        metrics: any MetricsFactory
    ) {
        self.access = access
        self.secrets = secrets
        self.accounts = accounts
        self.hosts = hosts
        self.time = time
        listings = SharedScans(time: time, metrics: ScanMetrics(.tags, metrics), random: access.random)
        tags = SharedScans(time: time, metrics: ScanMetrics(.tag, metrics), random: access.random)
        images = SharedScans(time: time, metrics: ScanMetrics(.image, metrics), random: access.random)
        signatures = SharedScans(time: time, metrics: ScanMetrics(.signatures, metrics), random: access.random)
    }

    /// What was found, and what to remember and when to look again for it.
    struct Answer: Sendable {
        var resolution: HalfResolution<CodeVersion>
        /// Tags that are too young by our own watch; nil where no list was read.
        var sightings: [TagSighting]?
        /// Images that count and are older, the newest first; looked up only where somebody may want one.
        var older: [CodeVersion] = []
        /// The labels that rules about pairs name, by the image's digest.
        var labels: [String: [String: String]] = [:]
        /// When time alone changes the answer, milliseconds since 1970.
        var lookAgainAt: Int64?
    }

    /// The latest image that counts for `app`.
    /// - Parameters:
    ///   - isRequested: whether somebody asked for scans of its own.
    ///   - since: when it is known to have changed.
    func resolve(
        _ app: ModelApp,
        running: CodeVersion?,
        isRequested: Bool,
        since: ContinuousClock.Instant? = nil
    ) async -> Answer {
        do throws(ScanFailure) {
            let answer = try await attempt(app, running, isRequested, since)
            // Whom to trust may be what is wrong, and is corrected in a Secret that nobody watches.
            if answer.resolution.failure?.reason == ScanFailure.unverified {
                await credentials(of: app).forget(VerificationSecrets.ofCode(app.spec))
            }
            return answer
        } catch {
            let credentials = credentials(of: app)
            await credentials.forget(credentials.ofCode, after: error)
            return Answer(resolution: .failed(ResolutionFailure(code: error, app.spec)))
        }
    }

    private func credentials(of app: ModelApp) -> SourceCredentials {
        SourceCredentials(secrets: secrets, accounts: accounts, clouds: access.clouds, app: app)
    }

    private func attempt(
        _ app: ModelApp,
        _ running: CodeVersion?,
        _ isRequested: Bool,
        _ since: ContinuousClock.Instant?
    ) async throws(ScanFailure) -> Answer {
        let (rules, lookup) = try await lookup(app, isRequested: isRequested, since: since)
        return try await select(app, running, rules, lookup)
    }

    /// By which rules to choose, and whom to ask.
    func lookup(
        _ app: ModelApp,
        isRequested: Bool,
        since: ContinuousClock.Instant? = nil
    ) async throws(ScanFailure) -> (rules: SelectionRules, lookup: Lookup) {
        let rules: SelectionRules
        let repository: ImageReference
        do {
            rules = try SelectionSpec.codeRules(app.spec)
            repository = try ImageReference(app.spec.code.image)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "\(error)", isTerminal: true)
        }
        let credentials = credentials(of: app)
        let keys = try await credentials.keyring(
            for: repository.registry,
            isAllowed: access.allows(authority: repository.registry)
        )
        let trust = try await credentials.trust(app.spec.code.tls, field: "spec.code")
        let plainHTTP = app.spec.code.tls?.plainHTTP ?? false
        let source = SourceKey(
            repository: repository.name,
            credential: keys.identity,
            trust: trust.identity,
            plainHTTP: plainHTTP
        )
        let lookup = Lookup(
            client: try await clients.client(
                source,
                keys.keyring,
                trust.trust,
                registry: repository.registry,
                access: access,
                time: time
            ),
            repository: repository,
            source: source,
            host: "\(plainHTTP ? "http" : "https")://\(repository.registry)",
            maximumAge: isRequested ? .zero : app.spec.interval.duration * 9 / 10,
            since: since,
            verification: try await VerificationSecrets(credentials: credentials).imageVerifier()
        )
        return (rules, lookup)
    }

    private func select(
        _ app: ModelApp,
        _ running: CodeVersion?,
        _ rules: SelectionRules,
        _ lookup: Lookup
    ) async throws(ScanFailure) -> Answer {
        let (listing, listedAt) = try await list(rules, lookup)
        let now = time.date()
        let times = Dictionary(listing.map { ($0.name, $0.pushedAt) }, uniquingKeysWith: { first, _ in first })
        var watch = TagWatch(app.status.code?.waiting ?? [], now: now.milliseconds)
        var candidates = listing.map { tag in
            let time = tag.pushedAt?.milliseconds
            return Candidate(name: tag.name, time: time, firstSeen: time == nil ? watch.firstSeen(tag.name) : nil)
        }
        let wanted = try platforms(app)
        let dates = try await buildTimes(of: candidates, rules, lookup)
        if let dates {
            for index in candidates.indices { candidates[index].built = dates.built[candidates[index].name] }
        }
        var obstacles = dates?.obstacles ?? [:]
        var runningVersion = running.map { version in
            RunningVersion(
                name: version.tag,
                time: version.pushedAt.flatMap { try? Timestamp(rfc3339: $0) }?.milliseconds,
                missingScans: absences.count(
                    of: version.tag,
                    for: app.key,
                    isListed: times[version.tag] != nil,
                    listing: listedAt
                )
            )
        }
        if let running, dates != nil, times[running.tag] == nil {
            runningVersion?.built = await buildTime(ofRunning: running.digest, lookup)
        }
        for _ in 0..<Self.maximumLookups {
            let outcome = rules.select(
                from: candidates,
                running: runningVersion,
                obstacles: obstacles,
                now: now.milliseconds
            )
            watch.note(outcome, times)
            guard let best = outcome.ranked.first?.candidate.name else {
                let failure = nothing(outcome, listing.count, app)
                return Answer(
                    resolution: .nothingCounts(failure, outcome),
                    sightings: watch.sightings,
                    lookAgainAt: outcome.lookAgainAt
                )
            }
            switch try await look(best, lookup, wanted) {
            case .rejected(let rejection): obstacles[best] = rejection
            case .usable(let image):
                let version = Self.version(best, image, times)
                var answer = Answer(
                    resolution: .found(version, outcome),
                    sightings: watch.sightings,
                    lookAgainAt: outcome.lookAgainAt
                )
                // A tag that runs and was moved to other bits: these have an age of their own.
                if let running, best == running.tag, version.digest != running.digest, rules.minimumAge > 0,
                    rules.pin == nil
                {
                    let seen = watch.firstSeen(best, digest: version.digest)
                    let pushed = times[best].flatMap { $0?.milliseconds }
                    let (until, overflow) = (pushed ?? seen).addingReportingOverflow(rules.minimumAge)
                    if overflow || until > now.milliseconds {
                        if pushed == nil { watch.note(best, digest: version.digest, at: seen) }
                        answer.resolution = .found(running, outcome)
                        answer.sightings = watch.sightings
                        answer.lookAgainAt = min(until, outcome.lookAgainAt ?? until)
                    }
                }
                guard app.spec.needsAlternatives else { return answer }
                return await withAlternatives(answer, [image], app, running, lookup, wanted, times)
            }
        }
        let hasUnverified = obstacles.values.contains { if case .unverified = $0 { true } else { false } }
        throw ScanFailure(
            reason: hasUnverified ? ScanFailure.unverified : "NoCandidate",
            message: "none of the \(Self.maximumLookups) newest tags of \(lookup.repository.name) can be used; "
                + "modelapp why tells more",
            aspect: .place
        )
    }

    private func platforms(_ app: ModelApp) throws(ScanFailure) -> [Platform] {
        guard !app.spec.code.platforms.isEmpty else { return [.linuxAMD64] }
        var platforms: [Platform] = []
        for text in app.spec.code.platforms {
            do throws(ArtifactError) {
                platforms.append(try Platform(text))
            } catch {
                throw ScanFailure(
                    reason: "InvalidSpec",
                    message: "spec.code.platforms: \(error.message)",
                    isTerminal: true
                )
            }
        }
        return platforms
    }

    private func nothing(_ outcome: SelectionOutcome, _ count: Int, _ app: ModelApp) -> ResolutionFailure {
        if count == 0 {
            return ResolutionFailure("NoCandidate", "spec.code.image: \(app.spec.code.image) has no tags; push one")
        }
        return ResolutionFailure(
            outcome.hasUnverified ? ScanFailure.unverified : "NoCandidate",
            "spec.code.select: none of \(count) tags of \(app.spec.code.image) counts. \(outcome.examples)"
        )
    }
}
