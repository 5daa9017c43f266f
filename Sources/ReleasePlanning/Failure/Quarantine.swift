import KubernetesAPI
import ModelAppAPI

/// What failed and is not tried again, until new bytes come or somebody asks.
struct Quarantine {
    /// Releases that failed and whose failure counts, the latest in front.
    let failed: [StoredRelease]

    init(_ observation: Observation) {
        let app = observation.app
        guard app.spec.rollout.onFailure == .rollback else {
            failed = []
            return
        }
        let request = app.metadata.annotations[Keys.unquarantine]
        let good = observation.lastConverged
        let isBack =
            good != nil && observation.applied?.name == good?.name
            && RolloutProgress(observation.deployment, release: good?.release.id).isComplete
        failed = observation.newestFirst.filter { stored in
            guard let failure = stored.failure, !stored.isForgiven(by: request) else { return false }
            // Another try begins once what ran before runs again; a pod template is no better the second time.
            let isAnotherTry = isBack && !stored.isCandidate && stored.attempt < app.spec.rollout.attempts
            return !isAnotherTry || failure.blame == .template
        }
    }

    /// The failure that speaks against an image.
    func entry(code digest: String) -> StoredRelease? {
        failed.first { $0.failure?.blame == .code && $0.release.code.digest == digest }
    }

    /// The failure that speaks against a model.
    func entry(model digest: String) -> StoredRelease? {
        failed.first { $0.failure?.blame == .model && $0.release.model.digest == digest }
    }

    /// The failure that speaks against a pod template.
    func entry(template hash: String) -> StoredRelease? {
        failed.first { $0.failure?.blame == .template && $0.release.templateHash == hash }
    }

    /// The failure of this very release.
    func entry(release id: String) -> StoredRelease? { failed.first { $0.release.id == id } }

    /// Whether `stored` keeps something from being tried that is the newest now, so that it must not be forgotten.
    func isNeeded(_ stored: StoredRelease, for resolution: Resolution, templateHash: String) -> Bool {
        guard let failed = failed.first(where: { $0.name == stored.name }), let failure = failed.failure else {
            return false
        }
        let isCode = stored.release.code.digest == resolution.code.version?.digest
        let isModel = stored.release.model.digest == resolution.model.version?.version.digest
        // What is blamed, and no more: otherwise one image could keep a failure for each model that comes.
        switch failure.blame {
        case .code: return isCode
        case .model: return isModel
        case .pair: return isCode && isModel
        case .template: return stored.release.templateHash == templateHash
        }
    }

    /// Whether the pair of `release` or a half of it is not tried again. A template is blamed for what it lacks now, and
    /// the last good release has often the same.
    func blames(_ release: Release) -> Bool {
        entry(code: release.code.digest) != nil || entry(model: release.model.digest) != nil
            || entry(release: release.id) != nil
    }

    /// What the status lists.
    var entries: [QuarantineEntry] {
        failed.compactMap { stored in
            guard let failure = stored.failure else { return nil }
            var entry = QuarantineEntry()
            switch failure.blame {
            case .code:
                (entry.half, entry.version, entry.digest) = (.code, stored.release.code.tag, stored.release.code.digest)
            case .model:
                (entry.half, entry.version, entry.digest) = (
                    .model, stored.release.model.version, stored.release.model.digest
                )
            case .pair:
                entry.half = .pair
                entry.version = "\(stored.release.code.tag) + \(stored.release.model.version)"
                entry.digest = stored.release.id
            // A template is a matter of the spec, said by Stalled.
            case .template: return nil
            }
            (entry.reason, entry.message, entry.at) = (failure.reason, failure.message, failure.at)
            return entry
        }
    }
}
