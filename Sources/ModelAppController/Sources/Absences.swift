import KubernetesAPI
import Synchronization

/// Counts the listings in a row that lack the version that runs, so that one incomplete listing downgrades nobody.
///
/// Kept in memory: an operator that starts anew counts anew, which only delays a downgrade.
final class Absences: Sendable {
    private struct Count {
        var name: String
        var listing: ContinuousClock.Instant
        var listings: Int
    }

    private let counts = Mutex<[ObjectKey: Count]>([:])

    /// How many listings in a row, this one included, lack `name`; 0 where this one has it. The same listing counts
    /// once, however often it is looked at.
    func count(of name: String, for app: ObjectKey, isListed: Bool, listing: ContinuousClock.Instant) -> Int {
        counts.withLock { counts in
            guard !isListed else {
                counts[app] = nil
                return 0
            }
            var count = counts[app] ?? Count(name: name, listing: listing, listings: 1)
            if count.name != name { count = Count(name: name, listing: listing, listings: 1) }
            if count.listing != listing {
                count.listing = listing
                count.listings = min(count.listings + 1, 1000)
            }
            // Of ModelApps that are gone a count may stay behind; starting over costs a listing each.
            if counts.count > 20_000 { counts.removeAll() }
            counts[app] = count
            return count.listings
        }
    }
}
