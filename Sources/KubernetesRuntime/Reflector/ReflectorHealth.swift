public import KubernetesAPI

/// How a store's connection to the server fares: what readiness is made of.
public struct ReflectorHealth: Sendable, Hashable {
    /// A series of requests that failed.
    public struct Failure: Sendable, Hashable {
        /// The last error.
        public var message: String
        /// Whether the credential may not list or watch: waiting does not help.
        public var isForbidden: Bool
        /// When the first of the series failed.
        public var since: ContinuousClock.Instant
        /// How many failed.
        public var count: Int
    }

    /// What is stored.
    public var resource: APIResource
    /// Whether the whole collection was read once.
    public var isSynced: Bool
    /// What is wrong now; nil while requests succeed.
    public var failure: Failure?

    /// Why the store is not fit for use, naming the resource; nil where it is fit.
    ///
    /// A failure of a store that was filled once counts after `tolerance`, since stale objects are still of use; one of
    /// permission counts at once (W19).
    public func problem(now: ContinuousClock.Instant, tolerance: Duration = .seconds(60)) -> String? {
        guard isSynced else { return "\(resource): not read yet" + (failure.map { ": \($0.message)" } ?? "") }
        guard let failure, failure.isForbidden || now - failure.since >= tolerance else { return nil }
        return "\(resource): \(failure.message)"
    }
}
