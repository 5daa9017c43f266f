/// What a spec says about choosing one half of a release.
public struct SelectionRules: Sendable, Hashable {
    /// What to do when the running version is gone from its source.
    public enum OnMissing: Sendable, Hashable {
        /// Keep it, and take only what is newer.
        case keep
        /// Take an older one, once the absence is confirmed.
        case downgrade
    }

    /// The patterns that `exclude` has by default: signatures, attestations and bills of material that tools push as
    /// tags next to an image (cosign, OCI referrers' fallback tags).
    public static let defaultExclude = [#"\.(sig|att|sbom)$"#, "^sha256-"]

    /// How many complete listings in a row must lack the running version before `downgrade` takes an older one:
    /// registries are known to list incompletely for a moment.
    public static let confirmationsBeforeDowngrade = 2

    /// How candidates are ordered.
    public var policy: SelectionPolicy
    /// Which names count; nil for all.
    public var filter: CandidateFilter?
    /// Names that match any of these do not count.
    public var exclude: [Pattern]
    /// How old a candidate must be.
    public var minimumAge: Milliseconds
    /// Candidates that do not count, each by its name, its label or its extracted value.
    public var skip: Set<String>
    /// The candidate to hold, by its name, its label or its extracted value.
    public var pin: String?
    /// What to do when the running version is gone.
    public var onMissing: OnMissing

    /// Rules of known parts.
    public init(
        policy: SelectionPolicy,
        filter: CandidateFilter? = nil,
        exclude: [Pattern] = [],
        minimumAge: Milliseconds = 0,
        skip: Set<String> = [],
        pin: String? = nil,
        onMissing: OnMissing = .keep
    ) {
        self.policy = policy
        self.filter = filter
        self.exclude = exclude
        self.minimumAge = minimumAge
        self.skip = skip
        self.pin = pin
        self.onMissing = onMissing
    }

    /// Decides which candidates count and in which order.
    ///
    /// - A candidate that is listed twice counts once, with the newer time.
    /// - For each candidate the first reason in this order is reported: pin, exclude, filter, policy, skip,
    ///   what is known of it (`obstacles`), `minAge`, and last the running version.
    /// - `pin` beats everything that the spec, the age or a quarantine says, and the running version too; what
    ///   cannot be fetched (any other obstacle) still does not count.
    /// - The age counts from `time`, else from `firstSeen`, else from `now`. The running version is old enough.
    /// - `newest` goes by `time`, else by `built`.
    /// - Candidates that the policy regards as equal are ordered by time (an unknown one last), then by length, then
    ///   by bytes, the greater first, and reported as ties.
    /// - Nothing older than what runs counts, unless the spec rejects what runs or `onMissing` allows it.
    ///
    /// `obstacles` holds, by name, what was learned about candidates by looking at them. Work: one pass and one sort.
    public func select(
        from candidates: some Sequence<Candidate>,
        running: RunningVersion? = nil,
        obstacles: [String: Rejection] = [:],
        now: UnixMilliseconds
    ) -> SelectionOutcome {
        var selector = Selector(rules: self, running: running, obstacles: obstacles, now: now)
        return selector.select(from: Selector.withoutDuplicates(candidates))
    }
}
