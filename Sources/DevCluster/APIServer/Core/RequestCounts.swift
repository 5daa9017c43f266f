/// How often what was asked for; for tests such as "a converged fleet is not written to".
public struct RequestCounts: Sendable, Hashable {
    /// A kind of request.
    public struct Kind: Sendable, Hashable {
        /// `get`, `list`, `watch`, `create`, `update`, `patch`, `apply`, `delete` or `deletecollection`.
        public var verb: String
        /// `plural`, or `plural.group`.
        public var resource: String
        /// `status`, for instance; empty for the object itself.
        public var subresource: String
    }

    /// The requests that reached the objects, failed ones too. Dry runs do not count.
    public private(set) var counts: [Kind: Int] = [:]

    mutating func add(_ kind: Kind) { counts[kind, default: 0] += 1 }

    /// How many requests of a verb there were, for one resource or for all.
    public func count(_ verb: String, _ resource: String? = nil, subresource: String? = nil) -> Int {
        counts.reduce(0) { sum, entry in
            let isWanted =
                entry.key.verb == verb && (resource ?? entry.key.resource) == entry.key.resource
                && (subresource ?? entry.key.subresource) == entry.key.subresource
            return isWanted ? sum + entry.value : sum
        }
    }

    /// How many requests asked for a change of something, other than an event or a lease.
    public var writes: Int {
        counts.reduce(0) { sum, entry in
            let isRead = ["get", "list", "watch"].contains(entry.key.verb)
            let isNoise = ["events", "events.events.k8s.io", "leases.coordination.k8s.io"].contains(entry.key.resource)
            return isRead || isNoise ? sum : sum + entry.value
        }
    }
}
