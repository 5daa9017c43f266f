public import ModelAppAPI

/// Which pair is to run, where rules about pairs decide (api.md "State, event, action").
///
/// Pairs are tried newest code first, then newest model, down to what runs and never below it. `compatibility` and
/// `after` filter: the first pair that passes is taken, so that one which has to wait keeps nothing older from being
/// released. `approval` is a gate: it holds the pair that was taken, unless the one that was approved is another that
/// passes; then that one is taken, so that a stream of pushes cannot outrun the people who approve. Where a request ended
/// in vain, only what needs no consent, or has it, is taken until something newer comes.
struct PairChoice {
    let filters: PairFilters
    let quarantine: Quarantine
    /// What runs.
    let bottom: Pair?
    /// Whose consent is asked for.
    let approval: ApprovalGate

    /// The pair to release, or the newest with what keeps it where none may be released.
    /// - Parameters:
    ///   - codes: the images that count, the newest first.
    ///   - models: the versions that count, the newest first.
    func choose(_ codes: [CodeVersion], _ models: [ResolvedModel], templateHash: String) -> (Pair, [ReleaseHold])? {
        var newest: (Pair, [ReleaseHold])?
        var chosen: (pair: Pair, id: String)?
        var isBelowDropped = false
        let approved = approval.answer?.id
        for pair in pairs(codes, models) {
            if let bottom, pair.hasSameBits(as: bottom) { break }
            let id = pair.id(templateHash: templateHash)
            if quarantine.entry(release: id) != nil { continue }
            let expiry = approval.expiry(of: id)
            let holds = filters.holds(on: pair) + [expiry].compactMap { $0 }
            if newest == nil { newest = (pair, holds) }
            if expiry != nil { isBelowDropped = true }
            let isOpen = !approval.isNeeded(code: pair.code.digest, model: pair.model.version.digest) || id == approved
            guard holds.isEmpty, isOpen || !isBelowDropped else { continue }
            if chosen == nil || id == approved { chosen = (pair, id) }
            if approved == nil || chosen?.id == approved { break }
        }
        return chosen.map { ($0.pair, []) } ?? newest
    }

    private func pairs(_ codes: [CodeVersion], _ models: [ResolvedModel]) -> [Pair] {
        var codes = codes
        var models = models
        if let bottom {
            // What runs ends either list, wherever its source has it.
            codes = Array(codes.prefix { $0.digest != bottom.code.digest }) + [bottom.code]
            models = Array(models.prefix { $0.version.digest != bottom.model.version.digest }) + [bottom.model]
        }
        return codes.flatMap { code in models.map { Pair(code: code, model: $0) } }
    }
}

/// The rules that a pair has to meet before it counts.
struct PairFilters {
    let compatibility: CompatibilityFilter
    let after: AfterFilter

    /// What speaks against a pair; empty where it counts.
    func holds(on pair: Pair) -> [ReleaseHold] { after.holds(on: pair) + compatibility.holds(on: pair) }
}

extension Planner {
    /// The rules about pairs.
    var pairFilters: PairFilters {
        PairFilters(
            compatibility: CompatibilityFilter(rules: app.spec.compatibility, labels: resolution.imageLabels),
            after: AfterFilter(app: app, upstreams: observation.upstreams, now: now)
        )
    }

    /// The pair to release in place of `newest`, or `newest` itself with what keeps it and all others.
    func choice(newest: Pair, templateHash: String) -> (pair: Pair, holds: [ReleaseHold]) {
        let spec = app.spec
        guard spec.needsAlternatives else { return (newest, []) }
        let quarantine = Quarantine(observation)
        let bottom = observation.current.map { Pair(code: $0.release.code, model: resolved($0)) }
        var codes = [newest.code]
        var models = [newest.model]
        // A half that is pinned, or held by quarantine, has no others.
        if newest.code.digest == resolution.code.version?.digest { codes += resolution.olderCodes }
        if newest.model.version.digest == resolution.model.version?.version.digest { models += resolution.olderModels }
        let choice = PairChoice(
            filters: pairFilters,
            quarantine: quarantine,
            bottom: bottom,
            approval: approvalGate
        ).choose(
            codes.filter { quarantine.entry(code: $0.digest) == nil },
            models.filter { quarantine.entry(model: $0.version.digest) == nil },
            templateHash: templateHash
        )
        guard let (pair, holds) = choice else { return (newest, []) }
        // An edit of the template is not held by what it has nothing to do with.
        if !holds.isEmpty, let bottom, observation.current?.release.templateHash != templateHash { return (bottom, []) }
        return (pair, holds)
    }
}

extension ModelAppSpec {
    /// Whether older versions than the latest of each half matter: rules about pairs may pass one of them.
    public var needsAlternatives: Bool {
        !compatibility.isEmpty || !rollout.after.isEmpty || rollout.approval != nil
    }
}
