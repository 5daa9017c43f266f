import Artifacts
import HTTPTransport
import HTTPTypes

/// A transport with the retry policy applied; every request of this module goes through it.
struct RetryingTransport: Sendable {
    let transport: any HTTPTransport
    let time: TimeSource
    let retry: HTTPRetry
    let userAgent: String
    /// A number in 0..<1.
    let random: @Sendable () -> Double

    private enum Step<Value: Sendable>: Sendable {
        case done(Value)
        case again(after: Duration)
    }

    /// Sends a request until its answer stands and lends that answer to `consume`.
    ///
    /// Throws `RegistryError` for the network and whatever `consume` throws. With `repeatable` a body that breaks off
    /// while `consume` reads it is asked for again; without, `consume` runs once. Without `retried` the request is sent
    /// once, whatever becomes of it.
    func send<Value: Sendable>(
        _ request: HTTPRequest,
        body: HTTPRequestBody? = nil,
        about subject: String,
        repeatable: Bool = true,
        timeouts: HTTPTimeouts = .call,
        retried: Bool = true,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var request = request
        request.headerFields[.userAgent] = userAgent
        let retry = retried ? retry : .never
        var attempt = 1
        while true {
            var isConsumed = false
            let wait: Duration
            do {
                let step: Step<Value> = try await transport.withResponse(to: request, body: body, timeouts: timeouts) {
                    response,
                    chunks in
                    if let wait = delay(attempt, response, retry) { return .again(after: wait) }
                    isConsumed = true
                    // A stream is as long as its consumer wants; an answer is not.
                    let lent = repeatable ? chunks.within(HTTPBodyChunks.maximumAnswerTime, time) : chunks
                    return .done(try await consume(response, lent))
                }
                switch step {
                case .done(let value): return value
                case .again(let after): wait = after
                }
            } catch let error as HTTPTransportError {
                if isConsumed, !repeatable { throw error }
                guard let after = retry.delay(afterAttempt: attempt, error, jitter: random()) else {
                    throw RegistryError(transport: error, about: subject)
                }
                wait = after
            }
            try await time.sleep(for: wait)
            attempt += 1
        }
    }

    /// The wait before the next attempt. A registry that asks for more patience than the policy has is not asked again
    /// sooner: its answer stands.
    private func delay(_ attempt: Int, _ response: HTTPResponse, _ retry: HTTPRetry) -> Duration? {
        if let asked = retryAfter(response), asked > retry.cap { return nil }
        return retry.delay(afterAttempt: attempt, response, jitter: random())
    }

    /// `Retry-After`, in seconds or as a date.
    func retryAfter(_ response: HTTPResponse) -> Duration? {
        if let seconds = HTTPRetry.retryAfter(response) { return seconds }
        guard let text = response.headerFields[.retryAfter], let date = Timestamp(httpDate: text) else { return nil }
        return max(.zero, min(date - time.date(), .seconds(86_400)))
    }
}
