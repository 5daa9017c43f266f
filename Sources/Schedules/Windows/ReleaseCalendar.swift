public import Artifacts

/// When releases may start: in any of the windows, and in none of the blackouts. Without windows, always.
public struct ReleaseCalendar: Sendable, Hashable {
    private let windows: [RecurringWindow]
    private let blackouts: [DayRange]

    /// A calendar of its parts.
    public init(windows: [RecurringWindow] = [], blackouts: [DayRange] = []) {
        (self.windows, self.blackouts) = (windows, blackouts)
    }

    /// Whether a release may start, and if not, why and until when.
    public enum State: Sendable, Hashable {
        /// It may.
        case open
        /// It may not before the instant; nil where no window opens for years.
        case closed(Obstacle, until: Timestamp?)
    }

    /// What forbids a release.
    public enum Obstacle: Sendable, Hashable {
        /// A blackout, by name.
        case blackout(String)
        /// No window is open.
        case noWindow
    }

    /// Whether a release may start at `instant`.
    public func state(at instant: Timestamp) -> State {
        if let blackout = blackouts.first(where: { $0.contains(instant) }) {
            return .closed(.blackout(blackout.name), until: opening(after: instant))
        }
        return isOpen(instant) ? .open : .closed(.noWindow, until: opening(after: instant))
    }

    private func isOpen(_ instant: Timestamp) -> Bool {
        windows.isEmpty || windows.contains { $0.closing(of: instant) != nil }
    }

    /// The first instant at or after `instant` at which a release may start.
    private func opening(after instant: Timestamp) -> Timestamp? {
        var cursor = instant
        // Each round leaves a blackout or reaches an opening; blackouts are few, openings in one of them at most its days.
        for _ in 0...2 * blackouts.count + 1 {
            while let blackout = blackouts.first(where: { $0.contains(cursor) }) { cursor = blackout.end }
            if isOpen(cursor) { return cursor }
            guard let next = windows.compactMap({ $0.opening(after: cursor) }).min() else { return nil }
            cursor = next
        }
        return nil
    }
}
