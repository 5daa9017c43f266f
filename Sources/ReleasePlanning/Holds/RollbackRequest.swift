import KubernetesAPI
import ModelAppAPI

/// The annotation `modelapp.dev/rollback`: puts back one release in place of another, once.
///
/// `FROM TO`, two release ids, and anything behind another blank, so that the same can be asked for again. It names the
/// release that runs, so that a request which comes late undoes nothing that nobody has seen.
public struct RollbackRequest: Sendable, Hashable {
    /// The annotation as it is written.
    public let text: String
    /// The id of the release that runs.
    public let from: String
    /// The id of the release that shall run.
    public let target: String

    /// Nil where the annotation does not have two ids.
    public init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count >= 2 else { return nil }
        self.text = text
        from = String(words[0])
        target = String(words[1])
    }

    /// A request to put `target` back in place of `from`.
    /// - Parameter mark: what tells it from an earlier one with the same releases.
    public init(from: String, target: String, mark: String) {
        (self.from, self.target) = (from, target)
        text = "\(from) \(target) \(mark)"
    }

    /// Why a release cannot be put back.
    public struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        /// For people.
        public let description: String

        /// A refusal for this reason.
        public init(description: String) { self.description = description }
    }

    /// The release that is put back where nobody names one: the last that ran everywhere before `current`, and whose bytes
    /// can be had again. Where that one was put back by hand itself, what it took the place of is no choice.
    /// - Parameter latestModel: the digest of the model that the store has now, nil where that is not known.
    public static func defaultTarget(
        _ releases: [StoredRelease],
        before current: StoredRelease,
        latestModel: String?
    ) throws(Refusal) -> StoredRelease {
        let left = current.isPutBackByHand ? current.hold?.from : nil
        let earlier = releases.filter { $0.number < current.number && $0.release.id != left }
            .sorted { $0.number > $1.number }
        var refusal = Refusal(description: "no release ran before \(current.release.id)")
        for release in earlier {
            do throws(Refusal) {
                try check(release, in: current, latestModel: latestModel)
                return release
            } catch {
                // What is said is about the one that would have been the first choice.
                if release.convergedAt != nil, !refusal.description.contains("bytes") { refusal = error }
            }
        }
        throw refusal
    }

    /// Refuses what cannot be put back in place of `current`.
    public static func check(
        _ target: StoredRelease,
        in current: StoredRelease,
        latestModel: String?
    ) throws(Refusal) {
        let release = target.release
        if release.id == current.release.id { throw Refusal(description: "release \(release.id) runs already") }
        guard target.convergedAt != nil else {
            let why = target.failure.map { ": \($0.reason): \($0.message)" } ?? ""
            throw Refusal(description: "release \(release.id) never ran on all pods\(why)")
        }
        guard release.restorable || release.model.digest == latestModel else {
            throw Refusal(
                description: "the bytes of model \(release.model.version) of release \(release.id) were overwritten in "
                    + "place; versions in folders, a store that keeps versions or delivery.mode Baked keep them"
            )
        }
    }
}
