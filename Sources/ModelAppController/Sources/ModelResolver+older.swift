import ModelAppAPI
import ReleasePlanning
import Selection

/// Older versions than the latest, where rules about pairs may want one.
extension ModelResolver {
    /// How many older versions are looked at: with a manifest each costs a request, once.
    private static let maximumOlder = 7

    /// The versions that count and are older than `latest`, the newest first. Only versions in folders have others beside
    /// them. What cannot be read is left out: it is no failure of the latest.
    func older(than latest: Answer, of app: ModelApp, running: Release?) async -> [ResolvedModel] {
        guard app.spec.needsAlternatives, let ranked = latest.resolution.outcome?.ranked.dropFirst(), !ranked.isEmpty
        else { return [] }
        var models: [ResolvedModel] = []
        do {
            let credentials = credentials(of: app)
            // The listing that the latest was chosen from.
            let age = max(app.spec.interval.duration, .seconds(60))
            let store: ModelStore
            switch try await open(app, credentials) {
            case .store(let opened): store = opened
            case .artifacts(let artifacts):
                let search = try artifactSearch(app, running, artifacts, maximumAge: age, since: nil)
                return await olderArtifacts(ranked, search)
            // An alias names one version, and no older ones.
            case .registered: return []
            }
            let search = Search(
                app: app,
                running: running,
                store: store,
                rules: try SelectionSpec.objectRules(app.spec),
                proof: ModelProof(app.spec.verification),
                trust: try await VerificationSecrets(credentials: credentials).modelTrust(),
                maximumAge: age,
                since: nil
            )
            let (key, found) = try await listing(ofFolders: search)
            for entry in ranked.prefix(Self.maximumOlder) {
                let candidate = entry.candidate
                guard let set = found.listing.content[candidate.name],
                    let identified = try await identify(set, folder: candidate.name, key, search),
                    identified.refusal == nil,
                    case .complete = identified.completeness
                else { continue }
                models.append(resolved(set, candidate.label, identified, search, folder: candidate.name))
            }
        } catch {
            return models
        }
        return models
    }
}
