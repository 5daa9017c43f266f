import Artifacts
import HTTPTransport
import Synchronization

/// What registries were shown that they accepted, by registry, scope and credential, and who is fetching what.
///
/// Guarantees: of any number of callers that need one grant, one fetches it and the others get its outcome; a caller
/// that is cancelled leaves without disturbing the rest, and if it was the one that fetched, another takes over.
/// A state machine inside a `Mutex` and not an actor, because a waiter of an actor could not be woken by cancellation
/// without an unstructured task. After every wait the state is read again.
final class TokenCache: Sendable {
    /// What a grant is for.
    struct Key: Sendable, Hashable {
        /// `access` tokens go to the registry; an `azureRefresh` token buys them.
        enum Purpose: Sendable, Hashable { case access, azureRefresh }
        var origin: String
        var scope: String
        var credential: RegistryCredential
        var purpose: Purpose
    }

    /// Something that a registry accepts, until it expires.
    struct Grant: Sendable {
        /// The value of the `Authorization` header; the bare token for `azureRefresh`.
        var value: SecretText
        /// Whom to ask for the next one without another challenge.
        var challenge: BearerChallenge?
        var renewAt: ContinuousClock.Instant
        var expiresAt: ContinuousClock.Instant
        /// Tells this grant from its successors; assigned by the cache.
        var id: UInt64 = 0

        /// A grant that is renewed when three quarters of its life have passed.
        init(_ value: SecretText, life: Duration, since start: ContinuousClock.Instant, challenge: BearerChallenge?) {
            self.value = value
            self.challenge = challenge
            renewAt = start + life * 3 / 4
            expiresAt = start + life
        }
    }

    /// How many grants are kept.
    static let capacity = 4096

    private enum Outcome: Sendable {
        case granted(Grant)
        case failed(RegistryError)
        /// Look again: whoever was fetching gave up.
        case again
        case cancelled
    }

    private struct Winner: Hashable {
        var origin: String
        var repository: String
    }

    private struct State {
        var grants: [Key: Grant] = [:]
        var flights: [Key: [UInt64: CheckedContinuation<Outcome, Never>]] = [:]
        var winners: [Winner: RegistryCredential] = [:]
        var nextID: UInt64 = 1

        mutating func newID() -> UInt64 {
            nextID += 1
            return nextID
        }

        mutating func store(_ grant: Grant, for key: Key, now: ContinuousClock.Instant) -> Grant {
            var grant = grant
            if grant.id == 0 { grant.id = newID() }
            if grants.count >= TokenCache.capacity, grants[key] == nil {
                grants = grants.filter { $0.value.expiresAt > now }
                // All of them alive: they are fetched again, which is cheaper than to keep an order.
                if grants.count >= TokenCache.capacity { grants.removeAll() }
            }
            grants[key] = grant
            return grant
        }
    }

    private enum Claim {
        case have(Grant)
        case fetch(previous: Grant?)
        case wait
    }

    private let state = Mutex(State())
    private let time: TimeSource

    init(time: TimeSource) { self.time = time }

    /// The grant under `key`, whatever its age: an expired one still knows its token server.
    func known(_ key: Key) -> Grant? { state.withLock { $0.grants[key] } }

    /// A grant that is not due and is not `stale`; `fetch` makes it where there is none.
    /// - Parameters:
    ///   - stale: the grant that the registry just refused.
    ///   - fetch: gets the grant that is replaced. Runs in the calling task, at most once at a time for a key.
    func grant(
        for key: Key,
        replacing stale: UInt64? = nil,
        _ fetch: (Grant?) async throws(RegistryError) -> Grant
    ) async throws(RegistryError) -> Grant {
        while true {
            let now = time.now
            let claim: Claim = state.withLock { state in
                let present = state.grants[key]
                if let present, present.id != stale, now < present.renewAt { return .have(present) }
                if state.flights[key] != nil { return .wait }
                state.flights[key] = [:]
                return .fetch(previous: present)
            }
            switch claim {
            case .have(let grant): return grant
            case .fetch(let previous): return try await fly(key, previous, stale, fetch)
            case .wait:
                switch await wait(for: key) {
                case .granted(let grant): return grant
                case .failed(let error): throw error
                case .again: continue
                case .cancelled: throw RegistryError(.cancelled, "\(key.origin): cancelled while waiting for a token")
                }
            }
        }
    }

    private func fly(
        _ key: Key,
        _ previous: Grant?,
        _ stale: UInt64?,
        _ fetch: (Grant?) async throws(RegistryError) -> Grant
    ) async throws(RegistryError) -> Grant {
        do throws(RegistryError) {
            let fresh = try await fetch(previous)
            return land(key, fresh)
        } catch {
            let now = time.now
            // A token server that is away for a moment does no harm while the old token lives.
            if error.isTransient, var previous, previous.id != stale, now < previous.expiresAt {
                previous.renewAt = now + min(.seconds(30), (previous.expiresAt - now) / 2)
                return land(key, previous)
            }
            let waiters = state.withLock { state in
                // What it stood on may have changed, a moved token server for instance: start over with a challenge.
                if !error.isTransient, error.code != .cancelled { state.grants[key] = nil }
                return state.flights.removeValue(forKey: key) ?? [:]
            }
            // A transport may report the end of a cancelled task as a failure of its own.
            let gaveUp = error.code == .cancelled || Task.isCancelled
            for waiter in waiters.values { waiter.resume(returning: gaveUp ? .again : .failed(error)) }
            throw error
        }
    }

    private func land(_ key: Key, _ grant: Grant) -> Grant {
        let now = time.now
        let (stored, waiters) = state.withLock { state in
            (state.store(grant, for: key, now: now), state.flights.removeValue(forKey: key) ?? [:])
        }
        for waiter in waiters.values { waiter.resume(returning: .granted(stored)) }
        return stored
    }

    private func wait(for key: Key) async -> Outcome {
        let id = state.withLock { $0.newID() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                // The flag is set before the handler runs: either it is seen here, or the handler finds the waiter.
                let outcome: Outcome? = state.withLock { state in
                    if Task.isCancelled { return .cancelled }
                    guard state.flights[key] != nil else { return .again }
                    state.flights[key]?[id] = continuation
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            state.withLock { $0.flights[key]?.removeValue(forKey: id) }?.resume(returning: .cancelled)
        }
    }

    /// How many callers wait for the grant under `key`; for tests.
    func waiterCount(_ key: Key) -> Int { state.withLock { $0.flights[key]?.count ?? 0 } }

    /// Puts the credential that worked last time first.
    func order(_ candidates: [RegistryCredential], origin: String, repository: String) -> [RegistryCredential] {
        let key = Winner(origin: origin, repository: repository)
        guard let winner = state.withLock({ $0.winners[key] }), candidates.contains(winner) else { return candidates }
        return [winner] + candidates.filter { $0 != winner }
    }

    /// Remembers the credential that worked.
    func remember(_ credential: RegistryCredential, origin: String, repository: String) {
        state.withLock { state in
            if state.winners.count >= TokenCache.capacity { state.winners.removeAll() }
            state.winners[Winner(origin: origin, repository: repository)] = credential
        }
    }
}
