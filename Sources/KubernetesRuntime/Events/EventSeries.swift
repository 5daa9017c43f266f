import Artifacts
import KubernetesAPI

/// Which events are written and when, without time or requests (client-go `tools/events/event_broadcaster.go`).
///
/// E3: the first of its kind is created, the second makes it a series, later ones are only counted. E4: running series
/// are written again now and then, and those that came to rest a last time.
struct EventSeries: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What has to be sent.
    enum Write: Sendable, Hashable {
        case create(Event)
        /// The event with its present series; only that is sent, the rest is for the case that the event is gone (E5).
        case patch(Event)

        var event: Event {
            switch self {
            case .create(let event), .patch(let event): event
            }
        }
    }

    /// What becomes of an event.
    enum Outcome: Sendable, Hashable {
        case write(Write)
        case counted
        /// E8: too many about one object.
        case dropped
    }

    /// E2: what makes two events the same. Not the note; not the reporter, who is the same for all of a recorder.
    private struct Key: Hashable, Sendable {
        let type: String
        let reason: String
        let action: String
        let regarding: ObjectReference
        let related: ObjectReference?
        let isCombined: Bool
    }

    private struct Entry: Sendable {
        var event: Event
        var lastSeen: Instant
        var writtenCount: Int64
    }

    static let refreshInterval = Duration.seconds(1800)
    static let finishInterval = Duration.seconds(360)

    private var entries = RecentCache<Key, Entry>(capacity: 4096)
    private var guardian = EventGuard()
    private var lastNanoseconds: UInt64 = 0

    var count: Int { entries.count }

    mutating func observe(_ given: Event, _ now: Instant, date: Timestamp) -> Outcome {
        var event = given
        let isCombined = guardian.isCombined(event, now)
        if isCombined {
            event.note = ("(combined from similar events): " + event.note).clipped(toBytes: 1024)
            event.related = nil
        }
        let key = Key(
            type: event.type,
            reason: event.reason,
            action: isCombined ? "" : event.action,
            regarding: event.regarding,
            related: event.related,
            isCombined: isCombined
        )
        guard var entry = entries[key] else {
            guard guardian.allowsRequest(event, now) else { return .dropped }
            event.metadata = ObjectMeta(name(for: event, date))
            event.eventTime = date.rfc3339Micro
            entries[key] = Entry(event: event, lastSeen: now, writtenCount: 1)
            return .write(.create(event))
        }
        var series = entry.event.series ?? Event.Series()
        series.count = min(max(series.count, 1), Int64(Int32.max) - 1) + 1
        series.lastObservedTime = date.rfc3339Micro
        let isSecond = entry.event.series == nil
        entry.event.series = series
        entry.lastSeen = now
        defer { entries[key] = entry }
        guard isSecond, guardian.allowsRequest(event, now) else { return .counted }
        entry.writtenCount = series.count
        return .write(.patch(entry.event))
    }

    /// E4, every 30 minutes: running series again, which also keeps them from expiring on the server.
    mutating func refresh() -> [Write] {
        var writes: [Write] = []
        for key in entries.keys {
            guard let entry = entries.peek(key), let series = entry.event.series else { continue }
            entries.update(key) { $0.writtenCount = series.count }
            writes.append(.patch(entry.event))
        }
        return writes
    }

    /// E4, every 6 minutes: what was not seen for 6 minutes is written for the last time, where that changes something,
    /// and forgotten.
    mutating func finish(_ now: Instant) -> [Write] {
        var writes: [Write] = []
        for key in entries.keys {
            guard let entry = entries.peek(key), now - entry.lastSeen > Self.finishInterval else { continue }
            entries[key] = nil
            if let series = entry.event.series, series.count > entry.writtenCount { writes.append(.patch(entry.event)) }
        }
        return writes
    }

    /// E1: the object's name and the time, which never repeats.
    private mutating func name(for event: Event, _ date: Timestamp) -> ObjectKey {
        let nanoseconds = UInt64(max(date.microseconds, 0)).multipliedReportingOverflow(by: 1000).partialValue
        lastNanoseconds = max(nanoseconds, lastNanoseconds &+ 1)
        // 253 bytes is the longest name; the end of a clipped one must not be a dot or a dash before the dot.
        var object = event.regarding.name.clipped(toBytes: 253 - 17)
        while object.hasSuffix(".") || object.hasSuffix("-") { object.removeLast() }
        let suffix = String(lastNanoseconds, radix: 16)
        let namespace = event.regarding.namespace.isEmpty ? "default" : event.regarding.namespace
        return ObjectKey(namespace: namespace, name: object.isEmpty ? suffix : "\(object).\(suffix)")
    }
}

extension String {
    /// The longest beginning of whole characters that fits.
    func clipped(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var text = ""
        var size = 0
        for character in self {
            size += character.utf8.count
            if size > limit { break }
            text.append(character)
        }
        return text
    }
}
