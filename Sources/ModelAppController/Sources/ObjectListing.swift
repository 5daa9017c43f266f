import Selection

/// What a listing found, and the moment from which it speaks.
///
/// A listing says nothing of what was uploaded after it began, so it is judged as of its start and by the store's
/// clock, however long it is kept: a version has settled only on a listing that began when it had.
struct ObjectListing<Content: Sendable>: Sendable {
    /// What was found.
    var content: Content
    /// When it was asked for, by the store's clock: not later than it truly was.
    var startedAt: UnixMilliseconds
    /// By how much the store's clock is ahead of ours.
    var ahead: Milliseconds

    /// What stores whose times count whole seconds may hide: an object written at 10.9 is listed as of 10.
    static var granularity: Milliseconds { 1000 }

    /// The moment as of which completeness is judged.
    var judgedAt: UnixMilliseconds { startedAt - Self.granularity }

    /// `instant` of the store's clock on ours, when a listing that begins then can show it as past.
    func local(_ instant: UnixMilliseconds) -> UnixMilliseconds {
        let (sum, overflow) = instant.addingReportingOverflow(Self.granularity - ahead)
        return overflow ? instant : sum
    }

    /// Whether something that settled when this listing began must have settled now, so that another is worth while.
    func isOverdue(_ settlesAt: UnixMilliseconds?, now: UnixMilliseconds) -> Bool {
        guard let settlesAt else { return false }
        return local(settlesAt) <= now
    }
}
