import KubernetesAPI
import ModelAppAPI

/// Which half of a failed pair is guilty: each new half is tried with the old other one, as a candidate without traffic.
///
/// The new code with the old model goes first. Where it passes, the new model is tried with the old code all the same: if
/// that fails the model is guilty, and if it passes only the two together fail, and the pair stays in quarantine. Either
/// way the new code with the old model is released. Where it fails the code is guilty by its own failure, and the new
/// model is next by the usual rules. What is tried has passed every filter, and waits for its gates as any pair does.
extension Planner {
    /// The pair to go on with after both halves of a release were new and it failed; nil for what ran before.
    func trial(after setback: Setback, templateHash: String) -> Pair? {
        guard app.spec.target.adopt == nil, let good = setback.good, let failure = setback.failed.failure,
            failure.blame == .pair
        else { return nil }
        let bad = setback.failed.release
        guard bad.code.digest != good.release.code.digest, bad.model.digest != good.release.model.digest else {
            return nil
        }
        let newCode = Pair(code: bad.code, model: resolved(good))
        let newModel = Pair(code: good.release.code, model: resolved(setback.failed))
        let trials = [newCode, newModel].filter { pair in
            quarantineEntry(of: pair, templateHash: templateHash) == nil && pairFilters.holds(on: pair).isEmpty
        }
        let applied = observation.applied?.release.id
        // One of them is being rolled out.
        if let started = trials.first(where: { $0.id(templateHash: templateHash) == applied }) { return started }
        guard applied == good.release.id, RolloutProgress(observation.deployment, release: applied).isComplete else {
            return nil
        }
        let open = trials.first { pair in
            let stored = observation.stored(pair.id(templateHash: templateHash))
            return stored?.verification?.phase != .passed && stored?.convergedAt == nil
        }
        return open ?? trials.first
    }

    /// Whether a half of `release` is new in a pair that failed, so that it has to show by itself that it is not guilty.
    func isSuspect(_ release: Release) -> Bool {
        // Where nothing ever ran there is nothing to protect; beside an adopted Deployment no candidate can stand.
        guard app.spec.target.adopt == nil, let good = observation.lastConverged?.release else { return false }
        return Quarantine(observation).failed.contains { stored in
            guard stored.failure?.blame == .pair, stored.release.id != release.id else { return false }
            let code = stored.release.code.digest
            let model = stored.release.model.digest
            return code == release.code.digest && code != good.code.digest
                || model == release.model.digest && model != good.model.digest
        }
    }

    private func quarantineEntry(of pair: Pair, templateHash: String) -> StoredRelease? {
        let quarantine = Quarantine(observation)
        return quarantine.entry(code: pair.code.digest) ?? quarantine.entry(model: pair.model.version.digest)
            ?? quarantine.entry(release: pair.id(templateHash: templateHash))
    }
}
