import Crypto

/// Remembers which deliveries were acted on, so that the same one, sent again, is not.
///
/// Every payload that is read has an id and a time of its own, or is signed with one: equal bytes are one delivery.
/// Keeps at most `limit` of them and forgets the oldest first.
public struct ReplayWindow: Sendable {
    private let length: Duration
    private let limit: Int
    private var times: [[UInt8]: ContinuousClock.Instant] = [:]
    private var order: [(digest: [UInt8], at: ContinuousClock.Instant)] = []
    private var first = 0

    /// A window that has seen nothing.
    public init(length: Duration = .seconds(600), limit: Int = 10_000) {
        self.length = length
        self.limit = max(limit, 1)
    }

    /// What a delivery is remembered by.
    /// - Parameter parts: what makes it up; the Secret among it, so that one sender cannot use up another's.
    public static func digest(of parts: [[UInt8]]) -> [UInt8] {
        var hash = SHA256()
        for part in parts { hash.update(data: Array(SHA256.hash(data: part))) }
        return Array(hash.finalize())
    }

    /// Whether a delivery was acted on within the window.
    public func contains(_ digest: [UInt8], now: ContinuousClock.Instant) -> Bool {
        times[digest].map { now - $0 < length } ?? false
    }

    /// Notes that a delivery was acted on.
    public mutating func insert(_ digest: [UInt8], now: ContinuousClock.Instant) {
        forget(now)
        guard times[digest] == nil else { return }
        times[digest] = now
        order.append((digest, now))
    }

    private mutating func forget(_ now: ContinuousClock.Instant) {
        while first < order.count, order.count - first >= limit || now - order[first].at >= length {
            times[order[first].digest] = nil
            first += 1
        }
        if first > limit {
            order.removeFirst(first)
            first = 0
        }
    }
}
