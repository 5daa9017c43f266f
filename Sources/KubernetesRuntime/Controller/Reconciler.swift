/// Brings the world of one key in step with what is wanted of it.
///
/// Level-based (controller-runtime `reconcile.go`): a key says what to look at, never what happened. A key whose object
/// is gone is reconciled with success.
public protocol Reconciler<Key>: Sendable {
    /// What names the work.
    associatedtype Key: Hashable & Sendable
    /// Looks at the key's world and acts. Never runs twice at once for one key.
    func reconcile(_ key: Key) async throws(ReconcileError) -> ReconcileResult
}

/// What comes after a reconcile that succeeded.
public struct ReconcileResult: Sendable, Hashable {
    /// Look again after this time even if nothing changes; nil waits for a change.
    public var requeueAfter: Duration?

    /// A result of its part.
    public init(requeueAfter: Duration? = nil) { self.requeueAfter = requeueAfter }

    /// Done until something changes.
    public static let awaitChange = ReconcileResult()
    /// Done, but to be looked at again after `delay`.
    public static func requeue(after delay: Duration) -> ReconcileResult { ReconcileResult(requeueAfter: delay) }
}

/// A reconcile that failed.
public struct ReconcileError: Error, Sendable, CustomStringConvertible {
    /// What is done about it.
    public enum Disposition: Sendable, Hashable {
        /// Again after the key's backoff, and not before `after` where the failure named a time.
        case retry(after: Duration?)
        /// Not until the object changes: for errors of its specification only. What depends on the outside is looked at
        /// again, by a result with `requeueAfter`.
        case terminal
    }

    /// What is done about it.
    public var disposition: Disposition
    /// One CamelCase word for programs.
    public var reason: String
    /// What happened, for people.
    public var message: String
    /// The cause.
    public var underlying: (any Error)?

    /// An error of its parts.
    public init(
        _ disposition: Disposition,
        reason: String,
        message: String,
        underlying: (any Error)? = nil
    ) {
        self.disposition = disposition
        self.reason = reason
        self.message = message
        self.underlying = underlying
    }

    /// Reason and message.
    public var description: String { "\(reason): \(message)" }
}
