import Artifacts

/// How one release stands. The transitions are in `ReleaseLifecycle`.
public enum ReleaseState: String, Sendable, Hashable, CaseIterable {
    /// Nothing of it is in the cluster.
    case absent = "Absent"
    /// It is the newest, and a gate or a hold keeps it from starting.
    case waiting = "Waiting"
    /// It is noted and about to be applied: a crash or a conflict came between the two.
    case noted = "Noted"
    /// Its pods are on the way.
    case progressing = "Progressing"
    /// It runs, on every pod since it was brought into place.
    case running = "Running"
    /// It ran on every pod, and another is in its place.
    case past = "Past"
    /// It failed, and is in place still.
    case failed = "Failed"
    /// It failed, and another is in its place.
    case rolledBack = "RolledBack"
    /// It never ran on every pod, and another is in its place.
    case superseded = "Superseded"

    /// What the history in the status says of it.
    var result: String {
        switch self {
        case .running, .past: "Converged"
        case .absent, .waiting, .noted, .progressing: "Progressing"
        case .failed, .rolledBack, .superseded: rawValue
        }
    }
}

extension StoredRelease {
    /// How it stands.
    /// - Parameters:
    ///   - isInPlace: whether the Deployment carries it.
    ///   - isLatest: whether none was noted after it.
    public func state(isInPlace: Bool, isLatest: Bool) -> ReleaseState {
        if convergedAt != nil { return isInPlace ? .running : .past }
        if failure != nil { return isInPlace ? .failed : .rolledBack }
        return isInPlace ? .progressing : isLatest ? .noted : .superseded
    }
}

extension StoredRelease {
    /// How long it took from its start until every pod ran it; nil where it did not come to that.
    public var tookSeconds: Int64? {
        // One that was put back converged before it was started last.
        guard cause != "Rollback", !isPutBackByHand, let end = convergedAt.flatMap({ try? Timestamp(rfc3339: $0) }),
            let start = try? Timestamp(rfc3339: startedAt)
        else { return nil }
        return max((end - start).components.seconds, 0)
    }
}

/// One line of the history, from a ControllerRevision: nothing of it is in the status alone.
public struct ReleaseRecord: Sendable, Hashable {
    /// The release.
    public let stored: StoredRelease
    /// How it stands.
    public let state: ReleaseState
    /// Whether the Deployment carries it.
    public let isInPlace: Bool

    /// How it ended, in the words of `status.history`.
    public var result: String { state.result }
}

extension Observation {
    /// All releases that are kept, the one that was brought into place last in front.
    public var history: [ReleaseRecord] {
        let (applied, top) = (applied?.name, newestFirst.first?.name)
        return everyNewestFirst.map { stored in
            let isInPlace = stored.name == applied
            let state = stored.state(isInPlace: isInPlace, isLatest: stored.name == top)
            return ReleaseRecord(stored: stored, state: state, isInPlace: isInPlace)
        }
    }

    /// The releases whose failure counts, the latest in front: what is blamed for them is not tried again.
    public var quarantined: [StoredRelease] { Quarantine(self).failed }
}
