import Artifacts
import ContainerRegistry
import HTTPTransport
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Selection
import Synchronization

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
    let time: TimeSource
    let listings: SharedScans<SourceKey, [TagListing]>
    let tags: SharedScans<TagKey, Digest?>
    let images: SharedScans<TagKey, ImageDescription>
    private let clients = ClientCache()
    /// How many candidates are looked at before a scan gives up: each costs a request.
    private static let maximumLookups = 20

    init(access: SourceAccess, secrets: SecretReader, time: TimeSource) {
        self.access = access
        self.secrets = secrets
        self.time = time
        listings = SharedScans(time: time)
        tags = SharedScans(time: time)
        images = SharedScans(time: time)
    }

    /// The latest image that counts for `app`.
    func resolve(_ app: ModelApp, running: CodeVersion?) async -> HalfResolution<CodeVersion> {
        do throws(ScanFailure) {
            return try await attempt(app, running)
        } catch {
            return .failed(ResolutionFailure(error.reason, error.message, isTerminal: error.isTerminal))
        }
    }

    private func attempt(
        _ app: ModelApp,
        _ running: CodeVersion?
    ) async throws(ScanFailure) -> HalfResolution<CodeVersion> {
        let rules: SelectionRules
        let repository: ImageReference
        do {
            rules = try SelectionSpec.codeRules(app.spec)
            repository = try ImageReference(app.spec.code.image)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "\(error)", isTerminal: true)
        }
        let credentials = SourceCredentials(secrets: secrets, app: app)
        let keys = try await credentials.keyring()
        let trust = try await credentials.trust(app.spec.code.tls, field: "spec.code")
        let plainHTTP = app.spec.code.tls?.plainHTTP ?? false
        let source = SourceKey(
            repository: repository.name,
            credential: keys.identity,
            trust: trust.identity,
            plainHTTP: plainHTTP
        )
        let client = try await client(source, keys.keyring, trust.trust, repository)
        let maximumAge = app.spec.interval.duration * 9 / 10
        do throws(ScanFailure) {
            return try await select(
                app,
                running,
                rules,
                Lookup(client: client, repository: repository, source: source, maximumAge: maximumAge)
            )
        } catch {
            if error.isRefusal, let name = keys.secret {
                await secrets.forget(name, namespace: app.metadata.namespace)
                await listings.expire(source)
            }
            throw error
        }
    }

    /// What was found behind a tag.
    private enum Look {
        case usable(ImageDescription)
        case rejected(Rejection)
    }

    private struct Lookup {
        let client: RegistryClient
        let repository: ImageReference
        let source: SourceKey
        let maximumAge: Duration
    }

    private func select(
        _ app: ModelApp,
        _ running: CodeVersion?,
        _ rules: SelectionRules,
        _ lookup: Lookup
    ) async throws(ScanFailure) -> HalfResolution<CodeVersion> {
        let listing = try await list(rules, lookup)
        let times = Dictionary(listing.map { ($0.name, $0.pushedAt) }, uniquingKeysWith: { first, _ in first })
        let candidates = listing.map { Candidate(name: $0.name, time: $0.pushedAt?.milliseconds) }
        let wanted = try platforms(app)
        var obstacles: [String: Rejection] = [:]
        let runningVersion = running.map { version in
            RunningVersion(
                name: version.tag,
                time: version.pushedAt.flatMap { try? Timestamp(rfc3339: $0) }?.milliseconds
            )
        }
        for _ in 0..<Self.maximumLookups {
            let outcome = rules.select(
                from: candidates,
                running: runningVersion,
                obstacles: obstacles,
                now: time.date().milliseconds
            )
            guard let best = outcome.ranked.first?.candidate.name else {
                return .nothingCounts(nothing(outcome, listing.count, app), outcome)
            }
            switch try await look(best, lookup, wanted) {
            case .rejected(let rejection): obstacles[best] = rejection
            case .usable(let image):
                var version = CodeVersion()
                version.tag = best
                version.digest = image.digest.description
                version.pushedAt = times[best].flatMap { $0?.rfc3339 }
                version.platforms = Set(image.platforms.map(\.description)).sorted()
                return .found(version, outcome)
            }
        }
        throw ScanFailure(
            reason: "NoCandidate",
            message:
                "spec.code: none of the \(Self.maximumLookups) newest tags of \(lookup.repository.name) can be used; "
                + "modelapp why tells more"
        )
    }

    private func list(_ rules: SelectionRules, _ lookup: Lookup) async throws(ScanFailure) -> [TagListing] {
        // One fixed tag needs no listing.
        if case .tag(let name) = rules.policy { return [TagListing(name: name)] }
        let (client, repository) = (lookup.client, lookup.repository)
        let scan = await listings.scan(lookup.source, maximumAge: lookup.maximumAge) { () async throws(ScanFailure) in
            do throws(RegistryError) {
                return try await client.tags(of: repository)
            } catch {
                throw ScanFailure(error)
            }
        }
        return try scan.result.get()
    }

    private func look(
        _ tag: String,
        _ lookup: Lookup,
        _ wanted: [Platform]
    ) async throws(ScanFailure) -> Look {
        let (client, repository) = (lookup.client, lookup.repository)
        let key = TagKey(source: lookup.source, tag: tag)
        let resolved = await tags.scan(key, maximumAge: lookup.maximumAge) { () async throws(ScanFailure) in
            do throws(RegistryError) {
                return try await client.resolve(repository, tag: tag)
            } catch {
                throw ScanFailure(error)
            }
        }
        guard let digest = try resolved.result.get() else {
            return .rejected(.notPullable(reason: "the registry lists it and does not have it"))
        }
        // What a digest names never changes, so its description is kept for a day.
        let imageKey = TagKey(source: lookup.source, tag: digest.description)
        let image = await images.scan(imageKey, maximumAge: .seconds(86_400)) { () async throws(ScanFailure) in
            do throws(RegistryError) {
                return try await client.image(repository, digest)
            } catch {
                throw ScanFailure(error)
            }
        }
        switch image.result {
        case .success(let description):
            let missing = wanted.filter { platform in !description.platforms.contains { $0.satisfies(platform) } }
            return missing.isEmpty
                ? .usable(description) : .rejected(.platformMissing(wanted: missing.map(\.description)))
        case .failure(let failure) where failure.isUnusable: return .rejected(.notPullable(reason: failure.message))
        case .failure(let failure): throw failure
        }
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
        let examples = outcome.rejected.prefix(3).map(\.sentence).joined(separator: " ")
        return ResolutionFailure(
            "NoCandidate",
            "spec.code: none of \(count) tags of \(app.spec.code.image) counts. \(examples)"
        )
    }

    private func client(
        _ source: SourceKey,
        _ keyring: RegistryKeyring,
        _ trust: TLSTrust,
        _ repository: ImageReference
    ) async throws(ScanFailure) -> RegistryClient {
        if let known = clients[source] { return known }
        let transport: any HTTPTransport
        do {
            transport = try await access.transport(trust)
        } catch {
            throw ScanFailure(reason: "InvalidTrust", message: "spec.code.tls: \(error)")
        }
        let client = RegistryClient(
            transport: transport,
            time: time,
            keyring: keyring,
            hosts: [
                repository.registry: RegistryHostOptions(
                    plainHTTP: source.plainHTTP,
                    trustedHosts: Set(access.allowedEndpoints)
                )
            ],
            random: access.random
        )
        clients[source] = client
        return client
    }

    /// Clients with their tokens, one for each source.
    private final class ClientCache: Sendable {
        private let clients = Mutex<[SourceKey: RegistryClient]>([:])

        subscript(source: SourceKey) -> RegistryClient? {
            get { clients.withLock { $0[source] } }
            set {
                clients.withLock { clients in
                    // Old credentials leave clients behind; starting over costs a token each.
                    if clients.count > 20_000 { clients.removeAll() }
                    clients[source] = newValue
                }
            }
        }
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
            (.denied, "Denied"), (.cancelled, "Cancelled"),
        ]
        self.init(
            reason: reasons.first { $0.0 == error.code }?.1 ?? "RegistryUnavailable",
            message: "spec.code: \(error.message)",
            retryAfter: error.retryAfter,
            isCancelled: error.code == .cancelled,
            isRefusal: error.isRefusal
        )
    }
}
