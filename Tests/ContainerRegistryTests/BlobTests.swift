import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct BlobTests {
    private struct Stop: Error {}

    private func collect(
        _ world: TestRegistry,
        _ digest: Digest,
        size: Int64? = nil,
        limit: Int64 = 1 << 20
    ) async throws -> [UInt8] {
        try await world.client.withBlob(try reference("r.io/x"), digest, size: size, limit: limit) { chunks in
            try await chunks.collect(upTo: 1 << 20)
        }
    }

    @Test func aBlobIsVerifiedHoweverItIsCut() async throws {
        let text = String(repeating: "model", count: 100)
        await checkProperty(
            cases: 100,
            generate: { random in (0..<20).map { _ in Int.random(in: 0...100, using: &random) } },
            fails: { cuts in
                var rest = Array(text.utf8)[...]
                var chunks: [[UInt8]] = []
                for cut in cuts {
                    chunks.append(Array(rest.prefix(cut)))
                    rest = rest.dropFirst(cut)
                }
                let all = chunks + [Array(rest)]
                let world = TestRegistry { _, _ in .init(200, [:], HTTPBodyChunks(chunks: all)) }
                let good = try? await collect(world, sha256(text), size: Int64(text.utf8.count))
                let bad = await failure { try await collect(world, sha256("other")) }
                return good == Array(text.utf8) && bad?.code == .digestMismatch ? nil : "\(cuts)"
            }
        )
    }

    @Test func sizeAndLimitEndTheReadingEarly() async throws {
        let world = TestRegistry { _, _ in .init(200, [:], "12345") }
        #expect(await failure { try await collect(world, sha256("12345"), size: 4) }?.code == .tooLarge)
        #expect(await failure { try await collect(world, sha256("12345"), size: 6) }?.code == .digestMismatch)
        #expect(await failure { try await collect(world, sha256("12345"), limit: 4) }?.code == .tooLarge)
        #expect(try await collect(world, sha256("12345"), size: 5, limit: 5) == Array("12345".utf8))
    }

    @Test func absenceIsNilInMemoryAndAnErrorInAStream() async throws {
        let world = TestRegistry { _, _ in .init(404, [:], "") }
        #expect(try await world.client.blob(try reference("r.io/x"), sha256("x"), limit: 10) == nil)
        #expect(await failure { try await collect(world, sha256("x")) }?.code == .notFound)
    }

    @Test func errorsOfTheConsumerComeThroughAndNothingRunsTwice() async throws {
        let world = TestRegistry(retry: .read) { _, _ in .init(200, [:], "12345") }
        let runs = Counter()
        await #expect(throws: Stop.self) {
            try await world.client.withBlob(try reference("r.io/x"), sha256("12345"), limit: 10) { _ in
                runs.next()
                throw Stop()
            }
        }
        // A consumer that talks to the network itself has errors of its own.
        await #expect(throws: HTTPTransportError.self) {
            try await world.client.withBlob(try reference("r.io/x"), sha256("12345"), limit: 10) { _ in
                runs.next()
                throw HTTPTransportError(.closed, "elsewhere")
            }
        }
        #expect(runs.value == 2)
    }

    @Test func aStreamThatBreaksOffIsNotStartedAgain() async throws {
        let world = TestRegistry(retry: .read) { _, _ in .init(200, [:], broken("12")) }
        let error = await failure { try await collect(world, sha256("12345")) }
        #expect(error?.code == .transport)
        #expect(error?.isTransient == true)
        #expect(world.log.count == 1)
    }

    @Test func aBlobInMemoryThatBreaksOffIsReadAgain() async throws {
        let count = Counter()
        let world = TestRegistry(retry: .read) { _, _ in
            count.next() == 1 ? .init(200, [:], broken("12")) : .init(200, [:], "12345")
        }
        async let blob = world.client.blob(try reference("r.io/x"), sha256("12345"), limit: 10)
        await world.clock.waitForSleepers()
        world.clock.advanceToNextDeadline()
        #expect(try await blob == Array("12345".utf8))
    }
}

private func broken(_ start: String) -> HTTPBodyChunks {
    HTTPBodyChunks {
        var chunks = [Array(start.utf8)][...]
        return {
            guard let chunk = chunks.popFirst() else { throw HTTPTransportError(.closed, "the connection ended") }
            return chunk
        }
    }
}
