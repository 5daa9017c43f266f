public import KubernetesAPI

extension Array where Element == Condition {
    /// The conditions that say something else than before, or are new: what events are made of (E9). A different
    /// message or generation alone is no news.
    public func changes(since old: [Condition]) -> [Condition] {
        filter { new in
            !old.contains { $0.type == new.type && $0.status == new.status && $0.reason == new.reason }
        }
    }
}
