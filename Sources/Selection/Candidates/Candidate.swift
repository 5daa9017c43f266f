/// One of the things to choose from: an image tag, or a version of a model.
public struct Candidate: Sendable, Hashable {
    /// The name as it is listed: a tag (`1.9.0`), or the path segments of a model version with their final slash
    /// (`41/`). Filters and patterns see this name.
    public var name: String
    /// When it was pushed or uploaded, by the source's clock; nil where the source does not say.
    public var time: UnixMilliseconds?
    /// When a scan first saw it, by our clock; stands in for `time` where `minAge` is concerned.
    public var firstSeen: UnixMilliseconds?
    /// When it says that it was built; stands in for `time` where the policy is newest. It says nothing of its age: what
    /// was built long ago may have been pushed just now.
    public var built: UnixMilliseconds?

    /// A candidate as listed.
    public init(
        name: String,
        time: UnixMilliseconds? = nil,
        firstSeen: UnixMilliseconds? = nil,
        built: UnixMilliseconds? = nil
    ) {
        self.name = name
        self.time = time
        self.firstSeen = firstSeen
        self.built = built
    }

    /// The name without a final slash: what a person writes in `pin` and `skip`, and what the status shows.
    public var label: String { name.hasSuffix("/") ? String(name.dropLast()) : name }
}

/// The version that runs, as far as selection is concerned.
public struct RunningVersion: Sendable, Hashable {
    /// Its name, as it was listed.
    public var name: String
    /// Its time by the source's clock, kept from when it was chosen; a listing that still has it overrides this.
    public var time: UnixMilliseconds?
    /// When it says that it was built, where that stands in for its time.
    public var built: UnixMilliseconds?
    /// How many complete listings in a row, this one included, did not have it. Only looked at when it is absent.
    public var missingScans: Int

    /// What runs.
    public init(
        name: String,
        time: UnixMilliseconds? = nil,
        built: UnixMilliseconds? = nil,
        missingScans: Int = 1
    ) {
        self.name = name
        self.time = time
        self.built = built
        self.missingScans = missingScans
    }
}

/// Which names count, and which part of a name is the value that is compared.
public struct CandidateFilter: Sendable, Hashable {
    /// What a name must match, anywhere in it unless anchored.
    public var match: Pattern
    /// What to compare instead of the whole name.
    public var extract: Template?

    /// Compiles a filter. An empty `extract` is none. Throws code `.pattern` or `.template`.
    public init(match: String, extract: String? = nil) throws(SelectionError) {
        self.match = try Pattern(match)
        if let extract, !extract.isEmpty {
            self.extract = try Template(extract, for: self.match)
        }
    }
}
