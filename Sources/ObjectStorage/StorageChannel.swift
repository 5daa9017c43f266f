public import HTTPTransport
import HTTPTypes

/// What every store needs to talk to its service: the network, the time, and how long and how often to try.
///
/// The transport must deliver bodies as they are stored: without decompressing them, without following redirects.
public struct StorageChannel: Sendable {
    /// The network.
    public var transport: any HTTPTransport
    /// The date that requests are signed with, and the clock for waits between attempts.
    public var time: TimeSource
    /// A number in 0..<1 for each wait, so that many clients do not come back at once.
    public var jitter: @Sendable () -> Double
    /// When a request is sent again.
    public var retry: HTTPRetry
    /// How long one exchange may take and be silent.
    public var timeouts: HTTPTimeouts

    /// A channel of its parts.
    public init(
        transport: any HTTPTransport,
        time: TimeSource,
        retry: HTTPRetry = .read,
        timeouts: HTTPTimeouts = .call,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.transport = transport
        self.time = time
        self.retry = retry
        self.timeouts = timeouts
        self.jitter = jitter
    }
}

/// What a store makes of a refusal.
enum Verdict<Value: Sendable>: Sendable {
    /// It is an answer after all: a head of an absent object.
    case value(Value)
    /// Send once more at once, changed: S3 named another region.
    case again
    /// It failed.
    case error(ObjectStoreError)
}

extension StorageChannel {
    private enum Outcome<Value: Sendable>: Sendable {
        case value(Value)
        case refused(Refusal)
    }

    /// Sends a request until it succeeds, is refused for good or the policy gives up.
    ///
    /// - Parameters:
    ///   - place: what the request is about, for messages.
    ///   - repeatable: whether `consume` may run again after a failure inside it. If not, its errors pass unchanged.
    ///   - request: makes the request, signed with the current date; called for each attempt.
    ///   - judge: decides about an answer outside 200..<300 that the policy does not repeat. May answer `.again` once.
    func exchange<Value: Sendable>(
        at place: String,
        repeatable: Bool,
        request: () async throws(ObjectStoreError) -> HTTPRequest,
        judge: (Refusal) -> Verdict<Value>,
        consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var attempt = 1
        while true {
            guard !Task.isCancelled else { throw ObjectStoreError.cancelled(at: place) }
            let request = try await request()
            var isConsuming = false
            let outcome: Outcome<Value>
            do {
                outcome = try await transport.withResponse(to: request, body: nil, timeouts: timeouts) {
                    response,
                    chunks in
                    // A stream is as long as its object; an answer in memory is not.
                    let bounded = chunks.within(HTTPBodyChunks.maximumAnswerTime, time)
                    guard (200..<300).contains(response.status.code) else {
                        return .refused(await Refusal(response, bounded))
                    }
                    isConsuming = true
                    return .value(try await consume(response, repeatable ? bounded : chunks))
                }
            } catch {
                if isConsuming, !repeatable { throw error }
                guard let failure = error as? HTTPTransportError,
                    let delay = retry.delay(afterAttempt: attempt, failure, jitter: jitter())
                else { throw ObjectStoreError(any: error, at: place) }
                try await pause(delay, at: place)
                attempt += 1
                continue
            }
            switch outcome {
            case .value(let value): return value
            case .refused(let refusal):
                if let delay = retry.delay(afterAttempt: attempt, refusal.response, jitter: jitter()) {
                    try await pause(delay, at: place)
                    attempt += 1
                    continue
                }
                switch judge(refusal) {
                case .value(let value): return value
                case .again: continue
                case .error(let error): throw error
                }
            }
        }
    }

    private func pause(_ delay: Duration, at place: String) async throws(ObjectStoreError) {
        do { try await time.sleep(for: delay) } catch { throw ObjectStoreError.cancelled(at: place) }
    }
}

extension ObjectStoreError {
    static func cancelled(at place: String) -> ObjectStoreError {
        ObjectStoreError(.cancelled, "\(place): cancelled")
    }

    /// The error that stands for whatever a transport or a body stream threw.
    init(any error: any Error, at place: String) {
        switch error {
        case let error as ObjectStoreError: self = error
        case is CancellationError: self = .cancelled(at: place)
        case let error as HTTPTransportError where error.code == .refusedAddress:
            self.init(.endpointRefused, "\(place): \(error.message)", underlying: error)
        case let error as HTTPTransportError where error.code == .bodyTooLarge:
            self.init(.tooLarge, "\(place): \(error.message)", underlying: error)
        case let error as HTTPTransportError:
            self.init(.transport, "\(place): \(error.message)", underlying: error)
        default: self.init(.transport, "\(place): the exchange failed", underlying: error)
        }
    }
}
