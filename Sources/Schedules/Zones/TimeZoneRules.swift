import Artifacts

/// How far the clocks of a place are ahead of UTC, at any time.
///
/// A value: made of the bytes of a TZif file (RFC 8536), it reads nothing by itself and needs no ICU.
public struct TimeZoneRules: Sendable, Hashable {
    /// A change of the offset.
    struct Transition: Sendable, Hashable {
        /// Seconds since 1970-01-01T00:00:00Z.
        let at: Int64
        /// Seconds ahead of UTC from then on.
        let offset: Int64
    }

    private let initialOffset: Int64
    private let transitions: [Transition]
    private let afterwards: RecurringTimeZone?

    /// Universal time.
    public static let utc = TimeZoneRules(initialOffset: 0, transitions: [], afterwards: nil)

    /// `transitions` ascend; `afterwards` counts from the last of them.
    init(initialOffset: Int64, transitions: [Transition], afterwards: RecurringTimeZone?) {
        self.initialOffset = initialOffset
        self.transitions = transitions
        self.afterwards = afterwards
    }

    /// Seconds ahead of UTC at `seconds` after the epoch.
    public func offset(at seconds: Int64) -> Int64 {
        if let afterwards, seconds >= transitions.last?.at ?? .min { return afterwards.offset(at: seconds) }
        let count = transitions.partition(before: seconds)
        return count == 0 ? initialOffset : transitions[count - 1].offset
    }

    /// The local date at `instant`, as days since 1970-01-01.
    func localDay(at instant: Timestamp) -> Int64 {
        (instant.seconds + offset(at: instant.seconds)).floored(by: 86_400)
    }

    /// The instant at which the clocks show `local`, in seconds since 1970-01-01T00:00:00 by those clocks: the first where
    /// they show it twice, the end of the gap where they never do.
    func instant(ofLocal local: Int64) -> Timestamp {
        // No clock is more than 26 hours from UTC (RFC 8536 suggests -24:59:59...25:59:59).
        let reach: Int64 = 26 * 3600
        var offset = offset(at: local - reach)
        for change in changes(from: local - reach, to: local + reach) {
            // The clocks show `local` before the change, or skip it by the change.
            if local - offset < change.at { break }
            if local - change.offset < change.at { return Timestamp(seconds: change.at) }
            offset = change.offset
        }
        return Timestamp(seconds: local - offset)
    }

    /// The changes in `start < at <= end`, ascending.
    private func changes(from start: Int64, to end: Int64) -> [Transition] {
        var changes = transitions[transitions.partition(before: start)..<transitions.partition(before: end)]
            .map(\.self)
        if let afterwards, end > transitions.last?.at ?? .min {
            changes += afterwards.changes(from: max(start, transitions.last?.at ?? .min), to: end)
        }
        return changes
    }
}

extension [TimeZoneRules.Transition] {
    /// How many lie at or before `seconds`.
    fileprivate func partition(before seconds: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Int64 {
    /// Division that rounds down, also for negative numbers.
    func floored(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
