import HTTPTransport
import TestSupport
import Testing

@testable import CloudIdentity

@Suite(.timeLimit(.minutes(1))) struct CredentialCacheTests {
    private let clock = TestClock()
    private let cache: CredentialCache<String, String>
    private let time: TimeSource

    init() {
        time = clock.timeSource()
        cache = CredentialCache(time: time)
    }

    private func ask(
        _ counter: Counter,
        refused: String? = nil,
        life: Duration = .seconds(100),
        failing: IdentityError? = nil
    ) async throws(IdentityError) -> String {
        try await cache.value(for: "key", refused: refused) { () throws(IdentityError) in
            let number = counter.next()
            if let failing { throw failing }
            return .init("token \(number)", life: life, since: time.now)
        }
    }

    @Test func aCredentialIsKeptForThreeQuartersOfItsLife() async throws {
        let counter = Counter()
        #expect(try await ask(counter) == "token 1")
        clock.advance(by: .milliseconds(74_999))
        #expect(try await ask(counter) == "token 1")
        clock.advance(by: .milliseconds(1))
        #expect(try await ask(counter) == "token 2")
    }

    @Test func aThousandAskersCauseOneRequest() async throws {
        let counter = Counter()
        let gate = TestClock()
        let values = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    try await cache.value(for: "key") { () throws(IdentityError) in
                        let number = counter.next()
                        do { try await gate.sleep(until: gate.now + .seconds(1), tolerance: nil) } catch {
                            throw IdentityError(.cancelled, "cancelled")
                        }
                        return .init("token \(number)", life: .seconds(100), since: time.now)
                    }
                }
            }
            await gate.waitForSleepers()
            while cache.waiterCount("key") < 999 { await Task.yield() }
            gate.advance(by: .seconds(1))
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(values == ["token 1"])
        #expect(counter.value == 1)
    }

    @Test func aRefusedCredentialIsReplacedOnceForAll() async throws {
        let counter = Counter()
        #expect(try await ask(counter) == "token 1")
        #expect(try await ask(counter, refused: "token 1") == "token 2")
        // Whoever still has the old one gets the new one, not a third.
        #expect(try await ask(counter, refused: "token 1") == "token 2")
        #expect(counter.value == 2)
    }

    @Test func aCloudThatIsAwayIsNotNoticedWhileTheCredentialLives() async throws {
        let counter = Counter()
        let away = IdentityError(.unavailable, "away")
        _ = try await ask(counter)
        clock.advance(by: .seconds(80))
        #expect(try await ask(counter, failing: away) == "token 1")
        // The next attempt waits for half of what is left.
        #expect(try await ask(counter, failing: away) == "token 1")
        #expect(counter.value == 2)
        clock.advance(by: .seconds(20))
        #expect(await failure { _ = try await ask(counter, failing: away) }?.message == "away")
        // Nor is a refused one given out again.
        #expect(try await ask(counter) == "token 4")
        #expect(await failure { _ = try await ask(counter, refused: "token 4", failing: away) }?.message == "away")
    }

    @Test func aFailureIsNotKept() async throws {
        let counter = Counter()
        let refused = IdentityError(.refused, "no")
        #expect(await failure { _ = try await ask(counter, failing: refused) }?.code == .refused)
        #expect(try await ask(counter) == "token 2")
    }

    @Test func whenTheAskerIsCancelledAnotherTakesOver() async throws {
        let counter = Counter()
        let gate = TestClock()
        let cache = cache
        let fetch: @Sendable () async throws(IdentityError) -> CredentialCache<String, String>.Grant = {
            () throws(IdentityError) in
            let number = counter.next()
            do { try await gate.sleep(until: gate.now + .seconds(1), tolerance: nil) } catch {
                throw IdentityError(.cancelled, "cancelled")
            }
            return .init("token \(number)", life: .seconds(100), since: gate.now)
        }
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask {
                await withTaskGroup(of: Void.self) { inner in
                    inner.addTask { _ = await failure { _ = try await cache.value(for: "key", fetch) } }
                    await gate.waitForSleepers()
                    while cache.waiterCount("key") < 1 { await Task.yield() }
                    inner.cancelAll()
                }
                return ""
            }
            await gate.waitForSleepers()
            group.addTask { try await cache.value(for: "key", fetch) }
            _ = try await group.next()
            await gate.waitForSleepers()
            gate.advance(by: .seconds(1))
            #expect(try await group.next() == "token 2")
        }
    }
}
