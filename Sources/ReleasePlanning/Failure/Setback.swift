import ModelAppAPI

/// That the newest pair is not what should run, because it or a part of it failed.
struct Setback {
    /// What failed.
    let failed: StoredRelease
    /// What ran before and shall run again, or go on running; nil where nothing ever did.
    let good: StoredRelease?
    /// Whether the newest image is not tried again.
    let holdsCode: Bool
    /// Whether the newest model is not tried again.
    let holdsModel: Bool
    /// Whether the pair or the pod template is not tried again, so that no part of it moves.
    let holdsAll: Bool
    /// All that failed.
    let quarantine: Quarantine

    /// Whether the release called `id` runs because the one that failed was undone; false for one that was made of its
    /// innocent half since.
    func putBack(_ id: String) -> Bool {
        guard good?.release.id == id else { return false }
        // A pod template that failed as a candidate never ran, and stalls the ModelApp all the same.
        if failed.isCandidate { return failed.failure?.blame == .template }
        return good?.cause == "Rollback" && good?.number ?? 0 > failed.number
    }
}

extension Setback {
    /// What ran before and is put back: the last release whose bytes can be had again. Where there is none, the last: its
    /// pods may still run, and one that starts anew waits and takes no other bytes.
    private static func good(
        _ observation: Observation,
        _ quarantine: Quarantine,
        latestModel: String
    ) -> StoredRelease? {
        // One that somebody put back may hold what is blamed: it is not what the other half moves on with.
        let earlier = observation.newestFirst.filter { $0.convergedAt != nil && !quarantine.blames($0.release) }
        return earlier.first { $0.release.restorable || $0.release.model.digest == latestModel } ?? earlier.first
    }

    /// What failed of the newest pair and the present template; nil if nothing did.
    init?(_ observation: Observation, _ resolution: Resolution, templateHash hash: String) {
        let quarantine = Quarantine(observation)
        guard !quarantine.failed.isEmpty else { return nil }
        let current = observation.current?.release
        guard let code = resolution.code.version?.digest ?? current?.code.digest,
            let model = resolution.model.version?.version.digest ?? current?.model.digest
        else { return nil }
        let id = Release.id(codeDigest: code, modelDigest: model, templateHash: hash)
        let byCode = quarantine.entry(code: code)
        let byModel = quarantine.entry(model: model)
        let byAll = quarantine.entry(template: hash) ?? quarantine.entry(release: id)
        guard let failed = byCode ?? byModel ?? byAll else { return nil }
        self.init(
            failed: failed,
            good: Self.good(observation, quarantine, latestModel: model),
            holdsCode: byCode != nil,
            holdsModel: byModel != nil,
            holdsAll: byCode == nil && byModel == nil,
            quarantine: quarantine
        )
    }
}
