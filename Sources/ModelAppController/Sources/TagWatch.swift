import ContainerRegistry
import Artifacts
import ModelAppAPI
import Selection

/// Remembers since when tags are there, where their registry tells no times: `minAge` counts from then.
///
/// What is remembered lies in the status and so outlives the operator; losing it costs another `minAge`. It holds only
/// tags that wait for their age, the first seen first, so that those that are kept out by its bound get their turn.
struct TagWatch {
    /// The most tags that are remembered.
    static let limit = 32

    private let known: [String: UnixMilliseconds]
    private let now: UnixMilliseconds
    private var waiting: [String: TagSighting] = [:]

    init(_ sightings: [TagSighting], now: UnixMilliseconds) {
        var known: [String: UnixMilliseconds] = [:]
        for sighting in sightings {
            // A time to come would hold a tag back for as long as it is wrong.
            guard let time = try? Timestamp(rfc3339: sighting.firstSeenAt).milliseconds, time <= now else { continue }
            known[Self.key(sighting.tag, sighting.digest)] = time
        }
        self.known = known
        self.now = now
    }

    private static func key(_ tag: String, _ digest: String?) -> String { digest.map { "\(tag)@\($0)" } ?? tag }

    /// When the tag, or the tag with these bits, was first seen: now where it was not yet.
    func firstSeen(_ tag: String, digest: String? = nil) -> UnixMilliseconds { known[Self.key(tag, digest)] ?? now }

    /// Notes which tags wait for their age by this watch.
    mutating func note(_ outcome: SelectionOutcome, _ times: [String: Timestamp?]) {
        for rejected in outcome.rejected {
            guard case .tooYoung = rejected.reason, times[rejected.name].flatMap({ $0 }) == nil else { continue }
            note(rejected.name, digest: nil, at: firstSeen(rejected.name))
        }
    }

    /// Notes that a tag waits for its age.
    mutating func note(_ tag: String, digest: String?, at time: UnixMilliseconds) {
        var sighting = TagSighting()
        sighting.tag = tag
        sighting.digest = digest
        sighting.firstSeenAt = Timestamp(microseconds: time * 1000).rfc3339
        waiting[Self.key(tag, digest)] = sighting
    }

    /// What to remember.
    var sightings: [TagSighting] {
        let sorted = waiting.values.sorted {
            ($0.firstSeenAt, $0.tag, $0.digest ?? "") < ($1.firstSeenAt, $1.tag, $1.digest ?? "")
        }
        return Array(sorted.prefix(Self.limit))
    }
}
