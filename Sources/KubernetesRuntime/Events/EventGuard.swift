/// Keeps a process that has much to say from flooding the server (E8; client-go `tools/record/events_cache.go`).
struct EventGuard: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Source: Hashable, Sendable {
        let regarding: ObjectReference
        let type: String
    }

    private struct Reason: Hashable, Sendable {
        let source: Source
        let reason: String
    }

    private struct Similar: Sendable {
        var notes: Set<Int> = []
        var last: Instant
    }

    static let burst = 25.0
    static let refill = Duration.seconds(300)
    static let maximumNotes = 10
    static let similarityWindow = Duration.seconds(600)

    private var buckets = RecentCache<Source, TokenBucket>(capacity: 4096)
    private var similar = RecentCache<Reason, Similar>(capacity: 4096)

    /// Whether one more request about the object may be sent: 25 at once, then one in five minutes.
    mutating func allowsRequest(_ event: Event, _ now: Instant) -> Bool {
        let source = Source(regarding: event.regarding, type: event.type)
        var bucket =
            buckets[source] ?? TokenBucket(perSecond: .seconds(1) / Self.refill, burst: Self.burst, now: now)
        defer { buckets[source] = bucket }
        return bucket.take(now)
    }

    /// Whether the note is one of more than ten different ones for one reason, within ten minutes of each other.
    mutating func isCombined(_ event: Event, _ now: Instant) -> Bool {
        let reason = Reason(source: Source(regarding: event.regarding, type: event.type), reason: event.reason)
        var group = similar[reason] ?? Similar(last: now)
        if now - group.last > Self.similarityWindow { group.notes = [] }
        group.last = now
        // Hashes: the notes themselves would be a megabyte for each hundred reasons.
        let note = event.note.hashValue
        let isNew = !group.notes.contains(note)
        let isFull = group.notes.count >= Self.maximumNotes
        if isNew, !isFull { group.notes.insert(note) }
        similar[reason] = group
        return isNew && isFull
    }
}
