import Artifacts
import HTTPTransport
import KubernetesAPI
import Metrics
import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Selection

/// Finds the latest complete version of the model.
struct ModelResolver: Sendable {
    /// What one listing is shared by.
    struct ListingKey: Hashable, Sendable {
        var store: String
        var rules: ObjectSetRules
        var isFlat: Bool
    }

    /// What the identity of one version is shared by: it is read anew when the fingerprint changes.
    struct VersionKey: Hashable, Sendable {
        var listing: ListingKey
        var version: String
        var fingerprint: String
        /// Who has to have signed.
        var trust: String?
    }

    /// A version with the digest of its content.
    struct Identified: Sendable {
        var digest: String
        var identity: String
        var completeness: Completeness
        var files: Int
        var bytes: Int64
        /// Why its proof does not count, where one is wanted and does not.
        var refusal: String?
        /// From when on its proof does not count any more.
        var validUntil: Timestamp?
        /// The version ids of files that are overwritten in place, where the store keeps versions.
        var objectVersions: [String: String]
        /// When it was looked at.
        var readAt: ContinuousClock.Instant

        /// What was read of a version.
        init(_ contents: VersionContents, readAt: ContinuousClock.Instant) {
            digest = contents.digest
            identity = contents.identity
            completeness = contents.completeness
            files = contents.files.count
            bytes = contents.bytes
            refusal = contents.refusal
            validUntil = contents.validUntil
            objectVersions = contents.objectVersions
            self.readAt = readAt
        }
    }

    let access: SourceAccess
    let secrets: SecretReader
    let accounts: ServiceAccountIdentities
    let time: TimeSource
    let hosts: HostBackoff
    let folders: SharedScans<ListingKey, ObjectListing<VersionAccumulator>>
    let flat: SharedScans<ListingKey, ObjectListing<ObjectSet>>
    let pointers: SharedScans<String, String>
    let identities: SharedScans<VersionKey, Identified>
    let artifacts: ArtifactScans
    let registrations: SharedScans<String, MLflowModelVersion?>
    let absences = Absences()

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
        folders = SharedScans(time: time, metrics: ScanMetrics(.versions, metrics), random: access.random)
        flat = SharedScans(time: time, metrics: ScanMetrics(.objects, metrics), random: access.random)
        pointers = SharedScans(time: time, metrics: ScanMetrics(.pointer, metrics), random: access.random)
        identities = SharedScans(time: time, metrics: ScanMetrics(.contents, metrics), random: access.random)
        artifacts = ArtifactScans(hosts: hosts, time: time, metrics: metrics, random: access.random)
        registrations = SharedScans(time: time, metrics: ScanMetrics(.registration, metrics), random: access.random)
    }

    /// The latest complete version for `app`.
    /// - Parameters:
    ///   - isRequested: whether somebody asked for scans of its own.
    ///   - since: when it is known to have changed.
    func resolve(
        _ app: ModelApp,
        running: Release?,
        isRequested: Bool,
        since: ContinuousClock.Instant? = nil
    ) async -> Answer {
        do throws(ScanFailure) {
            let credentials = credentials(of: app)
            let origin = try await open(app, credentials)
            let trust = try await VerificationSecrets(credentials: credentials).modelTrust()
            let age = isRequested ? .zero : app.spec.interval.duration * 9 / 10
            let answer: Answer
            switch origin {
            case .store(let store): answer = try await attempt(app, running, store, trust, age, since)
            case .artifacts(let artifacts):
                let search = try artifactSearch(app, running, artifacts, maximumAge: age, since: since)
                answer = try await newestArtifact(search)
            case .registered(let registered):
                answer = try await named(
                    RegisteredSearch(
                        app: app,
                        running: running,
                        registered: registered,
                        rules: try objectRules(app.spec),
                        proof: ModelProof(app.spec.verification),
                        trust: trust,
                        maximumAge: age,
                        since: since
                    )
                )
            }
            // Whom to trust may be what is wrong, and is corrected in a Secret that nobody watches.
            if answer.resolution.failure?.reason == ScanFailure.unverified {
                await credentials.forget(VerificationSecrets.ofModel(app.spec))
            }
            return answer
        } catch {
            let credentials = credentials(of: app)
            await credentials.forget(credentials.ofModel, after: error)
            return Answer(.failed(ResolutionFailure(model: error, app.spec.model)))
        }
    }

    /// Opens what `app` names, with the registry clients that are kept.
    func open(_ app: ModelApp, _ credentials: SourceCredentials) async throws(ScanFailure) -> ModelOrigin {
        let clients = artifacts.clients
        return try await ModelOrigin.open(app, credentials: credentials, access: access, time: time, clients: clients)
    }

    func credentials(of app: ModelApp) -> SourceCredentials {
        SourceCredentials(secrets: secrets, accounts: accounts, clouds: access.clouds, app: app)
    }

    private func objectRules(_ spec: ModelAppSpec) throws(ScanFailure) -> ObjectSetRules {
        do throws(FieldProblem) {
            return try SelectionSpec.objectRules(spec)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "\(error)", isTerminal: true)
        }
    }

    private func attempt(
        _ app: ModelApp,
        _ running: Release?,
        _ store: ModelStore,
        _ trust: VerificationSecrets.Loaded?,
        _ maximumAge: Duration,
        _ since: ContinuousClock.Instant?
    ) async throws(ScanFailure) -> Answer {
        let selection: SelectionRules?
        do {
            selection = try SelectionSpec.modelRules(app.spec)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "\(error)", isTerminal: true)
        }
        let search = Search(
            app: app,
            running: running,
            store: store,
            rules: try objectRules(app.spec),
            proof: ModelProof(app.spec.verification),
            trust: trust,
            maximumAge: maximumAge,
            since: since
        )
        if !app.spec.model.objects.isEmpty { return try await fixedNames(search) }
        if let pointer = app.spec.model.pointer { return try await pointed(search, pointer.key) }
        guard let selection else {
            throw ScanFailure(reason: "InvalidSpec", message: "spec.model.versions: is required", isTerminal: true)
        }
        return try await newestFolder(search, selection)
    }

    struct Search: Sendable {
        let app: ModelApp
        let running: Release?
        var store: ModelStore
        let rules: ObjectSetRules
        /// What has to say which files the version has; nil where nothing has to.
        let proof: ModelProof?
        /// Who has to have signed that; nil where nobody has to.
        let trust: VerificationSecrets.Loaded?
        let maximumAge: Duration
        let since: ContinuousClock.Instant?
    }
}
