import Artifacts
import HTTPTransport
import KubernetesAPI
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
    }

    /// A version with the digest of its content.
    struct Identified: Sendable {
        var digest: String
        var identity: String
        var completeness: Completeness
        var files: Int
        var bytes: Int64
    }

    let access: SourceAccess
    let secrets: SecretReader
    let time: TimeSource
    let folders: SharedScans<ListingKey, VersionAccumulator>
    let flat: SharedScans<ListingKey, ObjectSet>
    let pointers: SharedScans<String, String>
    let identities: SharedScans<VersionKey, Identified>
    private static let maximumLookups = 20

    init(access: SourceAccess, secrets: SecretReader, time: TimeSource) {
        self.access = access
        self.secrets = secrets
        self.time = time
        folders = SharedScans(time: time)
        flat = SharedScans(time: time)
        pointers = SharedScans(time: time)
        identities = SharedScans(time: time)
    }

    /// The latest complete version for `app`, and when to look again although nothing is heard.
    func resolve(_ app: ModelApp, running: ModelVersion?) async -> (HalfResolution<ResolvedModel>, lookAgainAt: Int64?)
    {
        do throws(ScanFailure) {
            let store = try await ModelStore.open(app, secrets: secrets, access: access, time: time)
            do throws(ScanFailure) {
                return try await attempt(app, running, store)
            } catch {
                if error.isRefusal, let name = store.secretName {
                    await secrets.forget(name, namespace: app.metadata.namespace)
                }
                throw error
            }
        } catch {
            return (.failed(ResolutionFailure(error.reason, error.message, isTerminal: error.isTerminal)), nil)
        }
    }

    private func attempt(
        _ app: ModelApp,
        _ running: ModelVersion?,
        _ store: ModelStore
    ) async throws(ScanFailure) -> (HalfResolution<ResolvedModel>, lookAgainAt: Int64?) {
        let rules: ObjectSetRules
        let selection: SelectionRules?
        do {
            rules = try SelectionSpec.objectRules(app.spec)
            selection = try SelectionSpec.modelRules(app.spec)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "\(error)", isTerminal: true)
        }
        // What settles is looked at again when it may have settled, even if a younger listing is there.
        let maximumAge = app.spec.interval.duration * 9 / 10
        let search = Search(app: app, store: store, rules: rules, maximumAge: maximumAge)
        if !app.spec.model.objects.isEmpty { return try await fixedNames(search) }
        if let pointer = app.spec.model.pointer { return try await pointed(search, pointer.key) }
        guard let selection else {
            throw ScanFailure(reason: "InvalidSpec", message: "spec.model.versions: is required", isTerminal: true)
        }
        return try await newestFolder(search, selection, running)
    }

    struct Search: Sendable {
        let app: ModelApp
        let store: ModelStore
        let rules: ObjectSetRules
        let maximumAge: Duration
    }
}
