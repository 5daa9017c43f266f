import Artifacts
public import HTTPTransport
import HTTPTypes

/// What every identity needs to talk to its cloud: the network, the time, and chance for waits and identifiers.
///
/// The transport must be allowed to contact what it is given to: token servers, and for the operator's own identity the
/// metadata service, which endpoints of tenants may not be.
public struct IdentityChannel: Sendable {
    /// The network.
    public var transport: any HTTPTransport
    /// When credentials are renewed, and the date of signatures.
    public var time: TimeSource
    /// A number in 0..<1.
    public var random: @Sendable () -> Double

    /// A channel of its parts.
    public init(transport: any HTTPTransport, time: TimeSource, random: @escaping @Sendable () -> Double) {
        self.transport = transport
        self.time = time
        self.random = random
    }
}

/// An answer, read whole: token servers answer briefly.
struct IdentityAnswer: Sendable {
    var status: Int
    var response: HTTPResponse
    var body: [UInt8]
}

extension IdentityChannel {
    /// The largest answer that is read.
    static let maximumBytes = 1 << 20
    /// How long one exchange may take and be silent.
    static let timeouts = HTTPTimeouts(head: .seconds(15), idleRead: .seconds(15))
    /// The same for services on the node itself: where there is none, nothing answers.
    static let localTimeouts = HTTPTimeouts(head: .seconds(3), idleRead: .seconds(3))

    /// Sends a request until its answer stands. No redirect is followed: requests carry credentials.
    /// - Parameters:
    ///   - about: what is asked, for messages: `Entra ID (login.microsoftonline.com)`.
    ///   - retry: how long to wait before the next attempt after an answer, or nil if it stands.
    func send(
        _ request: HTTPRequest,
        body: [UInt8]? = nil,
        about subject: String,
        timeouts: HTTPTimeouts = IdentityChannel.timeouts,
        retry: IdentityRetry = .tokenServer
    ) async throws(IdentityError) -> IdentityAnswer {
        var request = request
        request.headerFields[.userAgent] = "modelapp"
        request.headerFields[.accept] = request.headerFields[.accept] ?? "application/json"
        var attempt = 1
        while true {
            let wait: Duration
            do {
                let answer = try await transport.withResponse(
                    to: request,
                    body: body.map { .bytes($0) },
                    timeouts: timeouts
                ) { response, chunks in
                    IdentityAnswer(
                        status: response.status.code,
                        response: response,
                        body: try await chunks.collect(upTo: IdentityChannel.maximumBytes)
                    )
                }
                guard let after = retry.delay(afterAttempt: attempt, answer.response, jitter: random()) else {
                    return answer
                }
                wait = after
            } catch let error as HTTPTransportError {
                guard let after = retry.delay(afterAttempt: attempt, error, jitter: random()) else {
                    throw IdentityError(.unavailable, "\(subject): \(error.message)")
                }
                wait = after
            } catch is CancellationError {
                throw IdentityError(.cancelled, "\(subject): cancelled")
            } catch {
                throw IdentityError(.unavailable, "\(subject): the exchange failed")
            }
            do { try await time.sleep(for: wait) } catch { throw IdentityError(.cancelled, "\(subject): cancelled") }
            attempt += 1
        }
    }

    /// The error for a status that is no success and has no better explanation.
    func failure(_ answer: IdentityAnswer, about subject: String, _ explanation: String) -> IdentityError {
        let code: IdentityError.Code =
            switch answer.status {
            case 429: .throttled
            case 500...: .unavailable
            case 300..<400: .malformedAnswer
            default: .refused
            }
        let text =
            switch answer.status {
            case 429: "it asks to slow down"
            case 500...: "it fails"
            case 300..<400: "it redirects, which is not followed with credentials"
            default: explanation
            }
        return IdentityError(
            code,
            "\(subject): \(text) (\(answer.status))",
            retryAfter: HTTPRetry.retryAfter(answer.response)
        )
    }

    /// A name that no other request has had, for nonces and session identifiers; not secret.
    func identifier() -> String {
        (0..<4).map { _ in
            let digits = String(UInt32(random() * 4_294_967_296), radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }
}

/// When a request for a credential is sent again.
struct IdentityRetry: Sendable {
    private var ordinary: HTTPRetry
    /// Statuses besides 429 and server errors, with how often they are tried again.
    private var passing: [Int: Int]

    /// Token servers: three attempts for throttling, server errors and the network.
    static let tokenServer = IdentityRetry(ordinary: .read, passing: [:])
    /// Azure's metadata service: 404 and 410 pass while it is updated, 410 for up to 70 seconds (Microsoft Learn, "How
    /// to use managed identities on a VM to acquire an access token", retry guidance).
    static let azureMetadata = IdentityRetry(
        ordinary: HTTPRetry(attempts: 5, base: .milliseconds(800), cap: .seconds(16), repeatsServerErrors: true),
        passing: [404: 5, 410: 8]
    )

    func delay(afterAttempt attempt: Int, _ response: HTTPResponse, jitter: Double) -> Duration? {
        // A server that asks for more patience than there is, is not asked again sooner: its answer stands.
        if let asked = HTTPRetry.retryAfter(response), asked > ordinary.cap { return nil }
        guard let limit = passing[response.status.code] else {
            return ordinary.delay(afterAttempt: attempt, response, jitter: jitter)
        }
        guard attempt < limit else { return nil }
        var wait = Duration.milliseconds(800)
        for _ in 1..<max(attempt, 1) where wait < .seconds(26) { wait *= 2 }
        return wait
    }

    /// Only the network's own failures on the way to a token server are tried again. Whether there is a metadata service
    /// is told by the first attempt.
    func delay(afterAttempt attempt: Int, _ error: HTTPTransportError, jitter: Double) -> Duration? {
        passing.isEmpty ? ordinary.delay(afterAttempt: attempt, error, jitter: jitter) : nil
    }
}
