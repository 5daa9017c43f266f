import DevCluster
import HTTPTransport
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Answers from a closure.
struct ClosureService: LocalService {
    let answer: @Sendable (HTTPRequest, HTTPBodyChunks) async -> LocalResponse

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        await answer(request, body)
    }
}

/// A body that sends some chunks and then nothing, until it is cancelled.
final class EndlessBody: Sendable {
    private let chunks: [[UInt8]]
    private let clock = TestClock()
    private let ended = Mutex<(isOver: Bool, waiter: CheckedContinuation<Void, Never>?)>((false, nil))

    init(_ chunks: [[UInt8]]) { self.chunks = chunks }

    var body: HTTPBodyChunks {
        HTTPBodyChunks {
            var rest = self.chunks[...]
            return {
                if let next = rest.popFirst() { return next }
                do {
                    try await self.clock.sleep(until: self.clock.now + .seconds(1), tolerance: nil)
                } catch {
                    let waiter = self.ended.withLock { state in
                        state.isOver = true
                        return state.waiter
                    }
                    waiter?.resume()
                    throw error
                }
                return nil
            }
        }
    }

    /// Returns once the reader has read all chunks and waits for more.
    func waitUntilSilent() async { await clock.waitForSleepers() }

    /// Returns once the reader has left.
    func waitUntilCancelled() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = ended.withLock { state in
                state.waiter = continuation
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct InProcessTransportTests {
    private let get = HTTPRequest(method: .get, scheme: "http", authority: "peer.test", path: "/")

    @Test func requestBodyReachesTheServiceWithItsLength() async throws {
        let echo = ClosureService { request, body in
            let bytes = (try? await body.collect(upTo: 1000)) ?? []
            return LocalResponse(.ok, [.eTag: request.headerFields[.contentLength] ?? "none"], bytes)
        }
        let answer = try await Caller(echo).send(.put, "/", [:], Array("hello".utf8))
        #expect(answer.text == "hello")
        #expect(answer["ETag"] == "5")
        #expect(answer["Content-Length"] == "5")
    }

    @Test func answerToHeadHasNoBody() async throws {
        let service = ClosureService { _, _ in LocalResponse(.ok, [:], [1, 2, 3]) }
        let answer = try await Caller(service).send(.head, "/")
        #expect(answer.body.isEmpty)
        #expect(answer["Content-Length"] == "3")
    }

    @Test func readerThatLeavesCancelsTheStream() async throws {
        let endless = EndlessBody([[1]])
        let service = ClosureService { _, _ in LocalResponse(HTTPResponse(status: .ok), streaming: endless.body) }
        let transport = InProcessTransport(to: service)
        let first = try await transport.withResponse(to: get, body: nil, timeouts: .call) { _, chunks in
            var iterator = chunks.makeAsyncIterator()
            return try await iterator.next()
        }
        #expect(first == [1])
        await endless.waitUntilCancelled()
    }

    @Test func silentBodyEndsWithIdle() async throws {
        let clock = TestClock()
        let endless = EndlessBody([[1]])
        let service = ClosureService { _, _ in LocalResponse(HTTPResponse(status: .ok), streaming: endless.body) }
        let transport = InProcessTransport(to: service, time: clock.timeSource())
        let timeouts = HTTPTimeouts(head: .seconds(1000), idleRead: .seconds(30))
        async let code = transport.withResponse(to: get, body: nil, timeouts: timeouts) {
            _,
            chunks -> HTTPTransportError.Code? in
            do {
                for try await _ in chunks {}
                return nil
            } catch let error as HTTPTransportError {
                return error.code
            }
        }
        // Whatever sleeps first may be the wait for the head; the wait for the body is 30 s long.
        while clock.nextDeadline.map({ $0 - clock.now > .seconds(30) }) ?? true { await Task.yield() }
        clock.advance(by: .seconds(29))
        #expect(clock.sleeperCount > 0)
        clock.advance(by: .seconds(1))
        #expect(try await code == .idle)
        await endless.waitUntilCancelled()
    }

    @Test func serviceThatDoesNotAnswerEndsWithTimeout() async throws {
        let clock = TestClock()
        let waiting = TestClock()
        let service = ClosureService { _, _ in
            try? await waiting.sleep(until: waiting.now + .seconds(1), tolerance: nil)
            return LocalResponse(.ok)
        }
        let transport = InProcessTransport(to: service, time: clock.timeSource())
        async let code = failure { try await transport.withResponse(to: get, body: nil, timeouts: .call) { _, _ in } }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(30))
        #expect(await code == .timeout)
    }

    @Test func brokenBodyEndsWithClosed() async throws {
        struct Broken: Error {}
        let service = ClosureService { _, _ in
            LocalResponse(HTTPResponse(status: .ok), streaming: HTTPBodyChunks { return { throw Broken() } })
        }
        let transport = InProcessTransport(to: service)
        let code = await failure {
            try await transport.withResponse(to: get, body: nil, timeouts: .call) { _, chunks in
                for try await _ in chunks {}
            }
        }
        #expect(code == .closed)
    }

    @Test func producerWaitsForASlowReader() async throws {
        let produced = Atomic<Int>(0)
        let service = ClosureService { _, _ in
            let body = HTTPBodyChunks {
                return { [UInt8(truncatingIfNeeded: produced.add(1, ordering: .relaxed).newValue)] }
            }
            return LocalResponse(HTTPResponse(status: .ok), streaming: body)
        }
        let transport = InProcessTransport(to: service)
        try await transport.withResponse(to: get, body: nil, timeouts: .call) { _, chunks in
            var iterator = chunks.makeAsyncIterator()
            for number in 1...100 {
                let chunk = try await iterator.next()
                #expect(chunk == [UInt8(number)])
                #expect(produced.load(ordering: .relaxed) <= number + 1)
            }
        }
    }

    private func failure(_ body: () async throws -> Void) async -> HTTPTransportError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? HTTPTransportError)?.code
        }
    }
}
