import Artifacts
import HTTPTransport
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct TokenCacheTests {
    private let clock = TestClock()
    private let key = TokenCache.Key(origin: "https://r.io", scope: "s", credential: .anonymous, purpose: .access)

    private func grant(_ value: String, seconds: Int64 = 100) -> TokenCache.Grant {
        TokenCache.Grant(SecretText(value), life: .seconds(seconds), since: clock.now, challenge: nil)
    }

    @Test func aGrantIsKeptForThreeQuartersOfItsLife() async throws {
        let cache = TokenCache(time: clock.timeSource())
        let fetches = Counter()
        func value() async throws -> String {
            try await cache.grant(for: key) { _ throws(RegistryError) in grant("t\(fetches.next())") }.value.value
        }
        #expect(try await value() == "t1")
        clock.advance(by: .seconds(74))
        #expect(try await value() == "t1")
        clock.advance(by: .seconds(1))
        #expect(try await value() == "t2")
        #expect(fetches.value == 2)
    }

    @Test func manyCallersMakeOneFetch() async throws {
        let cache = TokenCache(time: clock.timeSource())
        let fetches = Counter()
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 {
                group.addTask { [clock, key] in
                    try await cache.grant(for: key) { _ throws(RegistryError) in
                        fetches.next()
                        do { try await clock.timeSource().sleep(for: .seconds(1)) } catch {
                            throw RegistryError(.cancelled, "cancelled")
                        }
                        return TokenCache.Grant(SecretText("t"), life: .seconds(100), since: clock.now, challenge: nil)
                    }.value.value
                }
            }
            await clock.waitForSleepers()
            while cache.waiterCount(key) < 49, !Task.isCancelled { await Task.yield() }
            clock.advance(by: .seconds(1))
            for try await value in group { #expect(value == "t") }
        }
        #expect(fetches.value == 1)
    }

    @Test func aFailureIsSharedAndNotKept() async throws {
        let cache = TokenCache(time: clock.timeSource())
        let fetches = Counter()
        await withTaskGroup(of: RegistryError.Code?.self) { group in
            for _ in 0..<10 {
                group.addTask { [clock, key] in
                    await failure {
                        try await cache.grant(for: key) { _ throws(RegistryError) in
                            fetches.next()
                            do { try await clock.timeSource().sleep(for: .seconds(1)) } catch {
                                throw RegistryError(.cancelled, "cancelled")
                            }
                            throw RegistryError(.denied, "no")
                        }
                    }?.code
                }
            }
            await clock.waitForSleepers()
            while cache.waiterCount(key) < 9, !Task.isCancelled { await Task.yield() }
            clock.advance(by: .seconds(1))
            for await code in group { #expect(code == .denied) }
        }
        #expect(fetches.value == 1)
        let later = try await cache.grant(for: key) { _ throws(RegistryError) in grant("t") }
        #expect(later.value.value == "t")
    }

    @Test func whenTheFetcherIsCancelledAnotherTakesOver() async throws {
        let cache = TokenCache(time: clock.timeSource())
        let fetches = Counter()
        let fetch: @Sendable () async throws -> String = { [clock, key] in
            try await cache.grant(for: key) { _ throws(RegistryError) in
                let number = fetches.next()
                do { try await clock.timeSource().sleep(for: .seconds(1)) } catch {
                    throw RegistryError(.cancelled, "cancelled")
                }
                return TokenCache.Grant(SecretText("t\(number)"), life: .seconds(9), since: clock.now, challenge: nil)
            }.value.value
        }
        let first = Task { try await fetch() }
        await clock.waitForSleepers()
        async let second = fetch()
        while cache.waiterCount(key) < 1, !Task.isCancelled { await Task.yield() }
        first.cancel()
        #expect(await failure { try await first.value }?.code == .cancelled)
        await clock.waitForSleepers()
        clock.advance(by: .seconds(1))
        #expect(try await second == "t2")
    }

    @Test func aWaiterThatIsCancelledLeavesAtOnceAndAlone() async throws {
        let cache = TokenCache(time: clock.timeSource())
        let fetch: @Sendable () async throws -> String = { [clock, key] in
            try await cache.grant(for: key) { _ throws(RegistryError) in
                do { try await clock.timeSource().sleep(for: .seconds(1)) } catch {
                    throw RegistryError(.cancelled, "cancelled")
                }
                return TokenCache.Grant(SecretText("t"), life: .seconds(9), since: clock.now, challenge: nil)
            }.value.value
        }
        async let first = fetch()
        await clock.waitForSleepers()
        let second = Task { try await fetch() }
        while cache.waiterCount(key) < 1, !Task.isCancelled { await Task.yield() }
        second.cancel()
        #expect(await failure { try await second.value }?.code == .cancelled)
        #expect(cache.waiterCount(key) == 0)
        clock.advance(by: .seconds(1))
        #expect(try await first == "t")
    }

    @Test func aRefusedGrantIsReplacedOnceHoweverManyWereRefused() async throws {
        let cache = TokenCache(time: clock.timeSource())
        let fetches = Counter()
        func fresh(_ stale: UInt64?) async throws -> TokenCache.Grant {
            try await cache.grant(for: key, replacing: stale) { _ throws(RegistryError) in grant("t\(fetches.next())") }
        }
        let old = try await fresh(nil)
        let new = try await fresh(old.id)
        let same = try await fresh(old.id)
        #expect(new.value.value == "t2")
        #expect(same.id == new.id)
        #expect(fetches.value == 2)
    }

    @Test func anOldTokenServesWhileTheTokenServerIsAway() async throws {
        let cache = TokenCache(time: clock.timeSource())
        _ = try await cache.grant(for: key) { _ throws(RegistryError) in grant("old") }
        let attempts = Counter()
        func value() async throws -> String {
            try await cache.grant(for: key) { _ throws(RegistryError) in
                attempts.next()
                throw RegistryError(.unavailable, "away")
            }.value.value
        }
        clock.advance(by: .seconds(80))
        #expect(try await value() == "old")
        #expect(try await value() == "old")
        #expect(attempts.value == 1)
        clock.advance(by: .seconds(20))
        #expect(await failure { try await value() }?.code == .unavailable)
    }

    @Test func theCacheIsBoundedAndDropsWhatExpiredFirst() async throws {
        let cache = TokenCache(time: clock.timeSource())
        func fill(_ scope: String, seconds: Int64) async throws -> TokenCache.Key {
            var other = key
            other.scope = scope
            _ = try await cache.grant(for: other) { _ throws(RegistryError) in grant("t", seconds: seconds) }
            return other
        }
        let short = try await fill("short", seconds: 10)
        let long = try await fill("long", seconds: 10_000)
        for number in 2..<TokenCache.capacity { _ = try await fill("\(number)", seconds: 1000) }
        #expect(cache.known(short) != nil)
        clock.advance(by: .seconds(20))
        _ = try await fill("one more", seconds: 1000)
        #expect(cache.known(short) == nil)
        #expect(cache.known(long) != nil)
        let last = try await fill("too many", seconds: 1000)
        #expect(cache.known(long) == nil)
        #expect(cache.known(last) != nil)
    }
}
