import HTTPTransport
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import ObjectStorage

/// What reads guarantee on any store, shown on S3.
@Suite struct ReadTests {
    private func store(
        _ transport: any HTTPTransport,
        clock: TestClock = TestClock(),
        retry: HTTPRetry = .never
    ) throws -> S3Store {
        try S3Store(bucket: "models", credential: .anonymous, channel: channel(transport, clock: clock, retry: retry))
    }

    private func answer(
        _ status: Int = 200,
        length: String? = "10",
        range: String? = nil,
        chunks: [[UInt8]]
    ) -> FakeTransport.Answer {
        var fields = headers(["ETag": "\"e\"", "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT"])
        fields[.contentLength] = length
        fields[.contentRange] = range
        return .init(status, fields, HTTPBodyChunks(chunks: chunks))
    }

    @Test func theAnnouncedBytesArriveWhateverTheChunks() async throws {
        let bytes = Array(UInt8(0)..<10)
        for size in 1...10 {
            let chunks = stride(from: 0, to: 10, by: size).map { Array(bytes[$0..<min($0 + size, 10)]) } + [[]]
            #expect(try await store(Answers([answer(chunks: chunks)]).transport).content("k") == bytes)
        }
        let empty = try await store(Answers([answer(length: "0", chunks: [])]).transport).content("k")
        #expect(empty.isEmpty)
    }

    @Test func aBodyThatEndsEarlyNeverLooksWhole() async throws {
        for count in 0..<10 {
            let transport = Answers([answer(chunks: [[UInt8](repeating: 1, count: count)])]).transport
            let error = await expectError(.transport) { _ = try await store(transport).content("k") }
            #expect(error?.message == "s3://models/k: ended after \(count) of 10 bytes")
        }
    }

    @Test func aBodyThatGoesOnIsCut() async throws {
        let transport = Answers([answer(chunks: [[UInt8](repeating: 1, count: 10), [2]])]).transport
        await expectError(.malformedAnswer) { _ = try await store(transport).content("k") }
    }

    @Test(arguments: [nil, "-1", "x", "99999999999999999999"])
    func aBodyOfUnknownLengthIsRefused(_ length: String?) async throws {
        let transport = Answers([answer(length: length, chunks: [[1]])]).transport
        await expectError(.malformedAnswer) { _ = try await store(transport).content("k") }
    }

    @Test func aRangeIsAskedForAndChecked() async throws {
        let good = Answers([answer(206, length: "3", range: "bytes 2-4/10", chunks: [[2, 3, 4]])]).transport
        #expect(try await store(good).content("k", range: 2..<5) == [2, 3, 4])
        #expect(good.exchanges.first?.request.headerFields[.range] == "bytes=2-4")
        let atTheEnd = Answers([answer(206, length: "2", range: "bytes 8-9/10", chunks: [[8, 9]])]).transport
        #expect(try await store(atTheEnd).content("k", range: 8..<100) == [8, 9])
    }

    @Test(
        arguments: [
            (200, "10", nil), (206, "3", nil), (206, "3", "bytes 0-2/10"), (206, "3", "bytes 2-5/10"),
            (206, "2", "bytes 2-3/10"),
            (206, "4", "bytes 2-4/10"), (206, "3", "bytes 2-4/4"), (206, "3", "bytes */10"), (206, "3", "bytes 4-2/10"),
            (206, "3", "items 2-4/10"), (206, "3", "bytes -2-4/10"),
            (206, "3", "bytes 2-9223372036854775807/9223372036854775807"),
        ] as [(Int, String, String?)]
    )
    func anAnswerWithAnotherRangeIsRefused(_ status: Int, _ length: String, _ range: String?) async throws {
        let transport = Answers([answer(status, length: length, range: range, chunks: [[2, 3, 4]])]).transport
        await expectError(.malformedAnswer) { _ = try await store(transport).content("k", range: 2..<5) }
    }

    @Test func aPartialAnswerIsNotTakenForTheWhole() async throws {
        let transport = Answers([answer(206, length: "3", range: "bytes 0-2/10", chunks: [[0, 1, 2]])]).transport
        await expectError(.malformedAnswer) { _ = try await store(transport).content("k") }
    }

    @Test func malformedRangesAndKeysAreNotSent() async throws {
        let transport = Answers([answer(chunks: [])]).transport
        await expectError(.configuration) { _ = try await store(transport).content("k", range: 3..<3) }
        await expectError(.configuration) { _ = try await store(transport).content("k", range: -1..<3) }
        await expectError(.configuration) { _ = try await store(transport).content("") }
        await expectError(.configuration) { _ = try await store(transport).head(String(repeating: "k", count: 1025)) }
        #expect(transport.exchanges.isEmpty)
    }

    @Test func aRangeOutsideTheObjectIsRejected() async throws {
        await expectError(.rejected) {
            _ = try await store(Answers([.init(416, [:], "")]).transport).content("k", range: 10..<11)
        }
    }

    @Test func smallObjectsAreReadWholeOrNotAtAll() async throws {
        let transport = Answers([answer(chunks: [Array(0..<10)])]).transport
        let (info, bytes) = try await store(transport).bytes(of: "k", upTo: 10)
        #expect(bytes == Array(0..<10) && info.size == 10 && info.etag == "e")
        let error = await expectError(.tooLarge) { _ = try await store(transport).bytes(of: "k", upTo: 9) }
        #expect(error?.message == "s3://models/k has 10 bytes, more than the 9 that are read here")
    }

    @Test func theConsumersErrorPassesUnchanged() async throws {
        struct Mine: Error {}
        let transport = Answers([answer(chunks: [Array(0..<10)])]).transport
        await #expect(throws: Mine.self) {
            try await store(transport, retry: .read).read("k", range: nil, condition: .none) { _, _ in throw Mine() }
        }
        #expect(transport.exchanges.count == 1)
    }

    @Test func aBusyStoreIsAskedAgainAfterTheWaitItNames() async throws {
        let clock = TestClock()
        let transport = Answers([
            .init(503, headers(["Retry-After": "2"]), ""), .init(500, [:], ""), answer(chunks: [Array(0..<10)]),
        ]).transport
        let store = try store(transport, clock: clock, retry: .read)
        async let content = store.content("k")
        await clock.waitForSleepers()
        clock.advance(by: .milliseconds(1999))
        #expect(transport.exchanges.count == 1)
        clock.advance(by: .milliseconds(1))
        await clock.waitForSleepers()
        clock.advanceToNextDeadline()
        #expect(try await content == Array(0..<10))
        #expect(transport.exchanges.count == 3)
    }

    @Test func aStoreThatStaysBusyIsThrottledAndSaysForHowLong() async throws {
        let transport = Answers([.init(429, headers(["Retry-After": "7"]), "")]).transport
        let error = await expectError(.throttled) { _ = try await store(transport).content("k") }
        #expect(error?.retryAfter == .seconds(7))
        #expect(error?.isTransient == true)
    }

    @Test func aBrokenPageIsFetchedAgainAndCountedOnce() async throws {
        let clock = TestClock()
        let whole = Array(Page.s3(["a", "b"]).utf8)
        let turn = Mutex(0)
        let transport = FakeTransport { _, _ in
            let first = turn.withLock { turn in
                turn += 1
                return turn == 1
            }
            guard first else { return .init(200, [:], HTTPBodyChunks(whole)) }
            return .init(
                200,
                [:],
                HTTPBodyChunks {
                    var isSent = false
                    return {
                        if isSent { throw HTTPTransportError(.closed, "the connection ended") }
                        isSent = true
                        return Array(whole.prefix(300))
                    }
                }
            )
        }
        let store = try store(transport, clock: clock, retry: .read)
        async let keys = store.keys()
        await clock.waitForSleepers()
        clock.advanceToNextDeadline()
        #expect(try await keys == ["a", "b"])
    }

    @Test func aReadIsNotRepeatedOnceBytesWereSeen() async throws {
        let transport = FakeTransport { _, _ in
            let fields = headers(["Content-Length": "10", "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT"])
            return .init(200, fields, HTTPBodyChunks { { throw HTTPTransportError(.closed, "the connection ended") } })
        }
        let error = await expectError(.transport) { _ = try await store(transport, retry: .read).content("k") }
        #expect(error?.message == "s3://models/k: the connection ended")
        #expect(transport.exchanges.count == 1)
    }

    @Test func whatTheNetworkDidKeepsItsKind() async throws {
        func failing(_ code: HTTPTransportError.Code) -> FakeTransport {
            FakeTransport { _, _ in throw HTTPTransportError(code, "it did") }
        }
        await expectError(.transport) { _ = try await store(failing(.connect)).head("k") }
        await expectError(.transport) { _ = try await store(failing(.tls), retry: .read).head("k") }
        await expectError(.endpointRefused) { _ = try await store(failing(.refusedAddress), retry: .read).head("k") }
        let cancelled = FakeTransport { _, _ in throw CancellationError() }
        await expectError(.cancelled) { _ = try await store(cancelled).head("k") }
    }

    @Test func cancellationEndsTheWaitBetweenAttempts() async throws {
        let clock = TestClock()
        let transport = Answers([.init(503, [:], "")]).transport
        let store = try store(transport, clock: clock, retry: .read)
        let task = Task { try await store.head("k") }
        await clock.waitForSleepers()
        task.cancel()
        await expectError(.cancelled) { _ = try await task.value }
        #expect(transport.exchanges.count == 1)
    }

    @Test func entityTagsLoseAndGainTheirQuotes() {
        #expect(EntityTag.bare("\"a\"") == "a")
        #expect(EntityTag.bare("a") == "a")
        #expect(EntityTag.bare("W/\"a\"") == "W/\"a\"")
        #expect(EntityTag.bare("\"\"") == nil)
        #expect(EntityTag.bare("\"") == "\"")
        #expect(EntityTag.bare("") == nil)
        #expect(EntityTag.quoted("a-2") == "\"a-2\"")
        #expect(EntityTag.quoted("W/\"a\"") == "W/\"a\"")
    }
}
