import HTTPTransport
import HTTPTypes
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPRetryTests {
    private func response(_ code: Int, retryAfter: String? = nil) -> HTTPResponse {
        var response = HTTPResponse(status: .init(code: code))
        response.headerFields[.retryAfter] = retryAfter
        return response
    }

    @Test(arguments: [200, 201, 304, 307, 400, 401, 403, 404, 409, 412, 416, 422, 501, 505])
    func anAnswerThatWillNotChangeStands(code: Int) {
        #expect(HTTPRetry.read.delay(afterAttempt: 1, response(code, retryAfter: "1"), jitter: 0) == nil)
    }

    @Test(arguments: [429, 500, 502, 503, 504])
    func aPassingFailureIsTriedAgainWhereTheRequestMayBe(code: Int) {
        #expect(HTTPRetry.read.delay(afterAttempt: 1, response(code), jitter: 0) == .milliseconds(250))
        #expect(HTTPRetry.read.delay(afterAttempt: 2, response(code), jitter: 0) == .milliseconds(500))
        #expect(HTTPRetry.read.delay(afterAttempt: 3, response(code), jitter: 0) == nil)
        #expect(HTTPRetry.never.delay(afterAttempt: 1, response(code), jitter: 0) == nil)
    }

    @Test func aRequestThatMayNotBeRepeatedIsOnlyTriedWhereTheServerDidNotTakeIt() {
        let once = HTTPRetry(attempts: 3, base: .seconds(1), cap: .seconds(8), repeatsServerErrors: false)
        #expect(once.delay(afterAttempt: 1, response(500), jitter: 0) == nil)
        #expect(once.delay(afterAttempt: 1, response(503), jitter: 0) == nil)
        #expect(once.delay(afterAttempt: 1, response(503, retryAfter: "2"), jitter: 0) == .seconds(2))
        #expect(once.delay(afterAttempt: 1, response(429), jitter: 0) == .seconds(1))
        #expect(once.delay(afterAttempt: 1, HTTPTransportError(.closed, ""), jitter: 0) == nil)
    }

    @Test func theServersWaitCountsUpToTheCap() {
        #expect(HTTPRetry.read.delay(afterAttempt: 1, response(429, retryAfter: "3"), jitter: 0.5) == .seconds(3))
        #expect(HTTPRetry.read.delay(afterAttempt: 1, response(503, retryAfter: "3600"), jitter: 0) == .seconds(5))
        #expect(HTTPRetry.read.delay(afterAttempt: 1, response(503, retryAfter: "0"), jitter: 0) == .zero)
    }

    @Test(arguments: ["", "-1", "+1", "1.5", "x", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT"])
    func aWaitThatIsNoNumberOfSecondsCountsAsNone(text: String) {
        #expect(HTTPRetry.retryAfter(response(429, retryAfter: text)) == nil)
        #expect(HTTPRetry.read.delay(afterAttempt: 1, response(429, retryAfter: text), jitter: 0) == .milliseconds(250))
    }

    @Test func noServerMakesUsWaitForMoreThanADay() {
        #expect(HTTPRetry.retryAfter(response(429, retryAfter: "9223372036854775807")) == .seconds(86_400))
    }

    @Test func jitterStretchesTheWaitByUpToItsDouble() {
        let retry = HTTPRetry(attempts: .max, base: .seconds(1), cap: .seconds(8), repeatsServerErrors: true)
        let waits = (1...6).map { retry.delay(afterAttempt: $0, response(500), jitter: 0) }
        #expect(waits == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(8), .seconds(8)])
        #expect(retry.delay(afterAttempt: 9, response(500), jitter: 0.5) == .seconds(12))
        #expect(retry.delay(afterAttempt: 9, response(500), jitter: 7) == .seconds(16))
        #expect(retry.delay(afterAttempt: 9, response(500), jitter: -7) == .seconds(8))
        #expect(retry.delay(afterAttempt: 100_000, response(500), jitter: 0) == .seconds(8))
    }

    @Test func onlyFailuresThatPassAreTriedAgain() {
        for code in [HTTPTransportError.Code.connect, .timeout, .idle, .closed] {
            #expect(
                HTTPRetry.read.delay(afterAttempt: 1, HTTPTransportError(code, ""), jitter: 0) == .milliseconds(250)
            )
        }
        for code in [HTTPTransportError.Code.tls, .bodyTooLarge, .refusedAddress, .invalidRequest] {
            #expect(HTTPRetry.read.delay(afterAttempt: 1, HTTPTransportError(code, ""), jitter: 0) == nil)
        }
        #expect(HTTPRetry.read.delay(afterAttempt: 3, HTTPTransportError(.closed, ""), jitter: 0) == nil)
    }
}
