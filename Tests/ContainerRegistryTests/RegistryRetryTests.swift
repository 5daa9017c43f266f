import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct RegistryRetryTests {
    private func run(
        _ world: TestRegistry,
        waits: [Duration]
    ) async throws -> [TagListing] {
        async let tags = world.client.tags(of: try reference("r.io/x"))
        for wait in waits {
            await world.clock.waitForSleepers()
            let deadline = try #require(world.clock.nextDeadline)
            #expect(deadline - world.clock.now == wait)
            world.clock.advanceToNextDeadline()
        }
        return try await tags
    }

    private func world(
        _ failures: Int,
        _ answer: @escaping @Sendable () throws -> FakeTransport.Answer
    ) -> TestRegistry {
        let count = Counter()
        return TestRegistry(retry: .read) { _, _ in
            count.next() <= failures ? try answer() : .json(#"{"tags":["1"]}"#)
        }
    }

    @Test func aFailingRegistryIsAskedThreeTimes() async throws {
        let heals = world(2) { .init(502, [:], "") }
        #expect(try await run(heals, waits: [.milliseconds(250), .milliseconds(500)]).count == 1)
        let stays = world(9) { .init(502, [:], "") }
        let error = await failure { try await run(stays, waits: [.milliseconds(250), .milliseconds(500)]) }
        #expect(error?.code == .unavailable)
        #expect(stays.log.count == 3)
    }

    @Test func retryAfterIsHonoured() async throws {
        let world = world(1) { .init(429, [.retryAfter: "3"], "") }
        #expect(try await run(world, waits: [.seconds(3)]).count == 1)
    }

    @Test func aRegistryThatAsksForMorePatienceIsNotAskedAgain() async throws {
        for value in ["3600", "Thu, 01 Jan 2026 01:00:00 GMT"] {
            let world = world(9) { .init(429, [.retryAfter: value], "") }
            let error = await failure { try await run(world, waits: []) }
            #expect(error?.code == .rateLimited)
            #expect(error?.retryAfter == .seconds(3600))
            #expect(error?.isTransient == true)
            #expect(world.log.count == 1)
        }
    }

    @Test func aLostConnectionIsTriedAgainAndAnUntrustedOneIsNot() async throws {
        let lost = world(1) { throw HTTPTransportError(.closed, "closed") }
        #expect(try await run(lost, waits: [.milliseconds(250)]).count == 1)
        let untrusted = world(9) { throw HTTPTransportError(.tls, "untrusted certificate") }
        let error = await failure { try await run(untrusted, waits: []) }
        #expect(error?.code == .transport)
        #expect(error?.isTransient == false)
        #expect((error?.underlying as? HTTPTransportError)?.code == .tls)
        #expect(untrusted.log.count == 1)
    }

    @Test func anAnswerThatDripsIsCutOff() async throws {
        let clock = TestClock()
        let transport = FakeTransport { _, _ in
            .init(
                200,
                [:],
                HTTPBodyChunks {
                    {
                        clock.advance(by: .seconds(29))
                        return [0x20]
                    }
                }
            )
        }
        let client = RegistryClient(transport: transport, time: clock.timeSource(), retry: .never, random: { 0 })
        let error = await failure { try await client.tags(of: try reference("r.io/x")) }
        #expect(error?.code == .transport)
        #expect((error?.underlying as? HTTPTransportError)?.code == .timeout)
        #expect(clock.elapsed == .seconds(145))
    }

    @Test func cancellationIsACode() async throws {
        let world = world(9) { .init(502, [:], "") }
        let task = Task { try await world.client.tags(of: try reference("r.io/x")) }
        await world.clock.waitForSleepers()
        task.cancel()
        #expect(await failure { try await task.value }?.code == .cancelled)
    }
}
