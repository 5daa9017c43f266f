import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPBodyTests {
    @Test func aBodyIsCollectedWhole() async throws {
        #expect(try await HTTPBodyChunks(chunks: [[1], [], [2, 3]]).collect(upTo: 3) == [1, 2, 3])
        #expect(try await HTTPBodyChunks([]).collect(upTo: 0) == [])
    }

    @Test func aBodyAboveTheLimitIsRefusedBeforeItIsRead() async throws {
        let body = HTTPBodyChunks {
            var chunks = 0
            return {
                chunks += 1
                if chunks > 3 { Issue.record("read on after the limit was passed") }
                return [0, 0]
            }
        }
        let error = await #expect(throws: HTTPTransportError.self) { try await body.collect(upTo: 5) }
        #expect(error?.code == .bodyTooLarge)
    }

    @Test func bytesInMemoryCanBeReadAgain() async throws {
        let body = HTTPBodyChunks([1, 2])
        #expect(try await body.collect(upTo: 2) == [1, 2])
        #expect(try await body.collect(upTo: 2) == [1, 2])
    }

    @Test func theLengthOfABodyIsKnownBeforeItIsSent() {
        #expect(HTTPRequestBody.bytes([1, 2]).length == 2)
        #expect(HTTPRequestBody.stream(length: 1 << 40) { HTTPBodyChunks([]) }.length == 1 << 40)
    }

    @Test func aPrivateKeyIsNeverPrinted() {
        let identity = ClientIdentity(certificatePEM: [], keyPEM: Array("PRIVATE".utf8))
        #expect("\(identity)" == "<redacted>")
        #expect(String(reflecting: Optional(identity)).contains("redacted"))
    }
}
