public import HTTPTypes

/// When a failed request is sent again (client-go `rest/with_retry.go`: only what the server asked for, bounded).
public struct HTTPRetry: Sendable, Hashable {
    /// How many times a request is sent at the most.
    public var attempts: Int
    /// The wait before the second attempt where the server names none; doubled for each further one.
    public var base: Duration
    /// The longest wait, also where the server asks for more; a wait that the server did not name is stretched by jitter
    /// on top.
    public var cap: Duration
    /// Whether 500, 502, 503 and 504 without `Retry-After` and transport failures are tried again. Only for requests
    /// that may be repeated.
    public var repeatsServerErrors: Bool

    /// A policy of its parts.
    public init(attempts: Int, base: Duration, cap: Duration, repeatsServerErrors: Bool) {
        self.attempts = attempts
        self.base = base
        self.cap = cap
        self.repeatsServerErrors = repeatsServerErrors
    }

    /// For reads from a registry or a blob store: three attempts, 250 ms apart and doubling, at most 5 s.
    public static let read = HTTPRetry(
        attempts: 3,
        base: .milliseconds(250),
        cap: .seconds(5),
        repeatsServerErrors: true
    )
    /// Sends once.
    public static let never = HTTPRetry(attempts: 1, base: .zero, cap: .zero, repeatsServerErrors: false)

    /// How long to wait before attempt `attempt + 1` (counted from 1), or nil if the answer stands.
    /// - Parameter jitter: a number in 0..<1; the wait is stretched by up to that share.
    public func delay(afterAttempt attempt: Int, _ response: HTTPResponse, jitter: Double) -> Duration? {
        guard attempt < attempts else { return nil }
        let code = response.status.code
        if code == 429 || code == 503, let wait = HTTPRetry.retryAfter(response) { return min(wait, cap) }
        guard code == 429 || (repeatsServerErrors && [500, 502, 503, 504].contains(code)) else { return nil }
        return backoff(afterAttempt: attempt, jitter: jitter)
    }

    /// The same after a transport failure. An untrusted certificate or a refused address does not change by waiting.
    public func delay(afterAttempt attempt: Int, _ error: HTTPTransportError, jitter: Double) -> Duration? {
        let passing: [HTTPTransportError.Code] = [.connect, .timeout, .idle, .closed]
        guard attempt < attempts, repeatsServerErrors, passing.contains(error.code) else { return nil }
        return backoff(afterAttempt: attempt, jitter: jitter)
    }

    private func backoff(afterAttempt attempt: Int, jitter: Double) -> Duration {
        var wait = base
        for _ in 1..<max(attempt, 1) where wait < cap { wait *= 2 }
        return min(wait, cap) * (1 + min(max(jitter, 0), 1))
    }

    /// The `Retry-After` header in seconds; nil where it is missing or a date.
    public static func retryAfter(_ response: HTTPResponse) -> Duration? {
        guard let text = response.headerFields[.retryAfter], text.utf8.allSatisfy({ (48...57).contains($0) }),
            let seconds = Int64(text)
        else { return nil }
        return .seconds(min(seconds, 86_400))
    }
}
