import Artifacts
public import KubernetesAPI
public import ModelAppAPI

/// What a ModelApp has run, as one that waits for it sees it.
public struct Upstream: Sendable, Hashable {
    /// A pair that ran everywhere, from when to when.
    struct Run: Sendable, Hashable {
        var code: String
        var model: String
        var from: Timestamp
        /// Nil where it still runs.
        var until: Timestamp?
    }

    /// The ModelApp.
    public var key: ObjectKey
    /// Namespaces besides its own whose ModelApps may wait for it.
    var allowed: [String]
    /// What it waits for itself.
    public var after: [ObjectKey]
    /// What it has run.
    var runs: [Run]

    /// What `app` has run by the releases that it keeps. The status is a view, and not asked.
    public init(_ app: ModelApp, releases: [StoredRelease]) {
        key = app.key
        allowed = app.spec.allowAfterFrom
        after = app.afterKeys
        let ordered = releases.sorted { $0.number < $1.number }
        runs = ordered.indices.compactMap { index in
            let stored = ordered[index]
            guard stored.failure == nil, let from = stored.convergedAt.flatMap({ try? Timestamp(rfc3339: $0) }) else {
                return nil
            }
            let next = ordered[(index + 1)...].first { $0.convergedAt != nil || $0.failure != nil }
            return Run(
                code: stored.release.code.digest,
                model: stored.release.model.digest,
                from: from,
                until: next.flatMap { try? Timestamp(rfc3339: $0.startedAt) }
            )
        }
    }

    /// Whether ModelApps of a namespace may wait for it.
    public func allows(_ namespace: String) -> Bool { namespace == key.namespace || allowed.contains(namespace) }
}

/// Whether the ModelApps of `rollout.after` have run a pair for long enough.
struct AfterFilter {
    let app: ModelApp
    let upstreams: [Upstream]
    let now: Timestamp

    /// What speaks against a pair; empty where nothing does.
    func holds(on pair: Pair) -> [ReleaseHold] { app.spec.rollout.after.compactMap { hold(on: pair, by: $0) } }

    private func hold(on pair: Pair, by rule: AfterRule) -> ReleaseHold? {
        let key = app.key(of: rule)
        let subject = "spec.rollout.after[\(rule.name)]"
        guard let upstream = upstreams.first(where: { $0.key == key }), upstream.allows(app.metadata.namespace) else {
            // Whether it is missing or closed to us is not ours to know.
            let message =
                "\(subject): there is no ModelApp \(key) that names namespace \(app.metadata.namespace) in "
                + "spec.allowAfterFrom"
            return ReleaseHold(gate: "After", message: message, until: nil)
        }
        let period = rule.period?.duration ?? .zero
        let runs = upstream.runs.filter { $0.code == pair.code.digest && $0.model == pair.model.version.digest }
        if runs.contains(where: { ($0.until ?? now) - $0.from >= period }) { return nil }
        guard let present = runs.first(where: { $0.until == nil }) else {
            return ReleaseHold(gate: "After", message: "\(subject): \(key) does not run \(pair.text)", until: nil)
        }
        let end = present.from + period
        let message =
            "\(subject): \(key) has run \(pair.text) since \(present.from.rfc3339), and shall for \(period.goText)"
        return ReleaseHold(gate: "After", message: message, until: end)
    }

    /// The first rule by which the ModelApp waits for itself in the end. Only rules that are allowed count: others hold
    /// by themselves.
    func cyclicRule() -> AfterRule? {
        app.spec.rollout.after.first { rule in
            var seen: Set<ObjectKey> = []
            var rest = [app.key(of: rule)]
            var asker = app.metadata.namespace
            while let key = rest.popLast() {
                if key == app.key { return true }
                guard seen.insert(key).inserted, let upstream = upstreams.first(where: { $0.key == key }),
                    upstream.allows(asker)
                else { continue }
                asker = key.namespace
                rest += upstream.after
            }
            return false
        }
    }
}

extension ModelApp {
    /// The ModelApp that a rule names.
    func key(of rule: AfterRule) -> ObjectKey {
        ObjectKey(namespace: rule.modelApp.namespace ?? metadata.namespace, name: rule.modelApp.name)
    }

    /// The ModelApps that have to run a pair before this one.
    public var afterKeys: [ObjectKey] { spec.rollout.after.map { key(of: $0) } }
}
