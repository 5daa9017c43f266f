public import HTTPTransport
import Synchronization

/// Credentials that live for a while: kept, renewed after three quarters of their life, fetched once for all who ask.
///
/// Guarantees: of any number of callers that need one credential, one fetches it and the others get its outcome; a
/// caller that is cancelled leaves without disturbing the rest, and if it was the one that fetched, another takes over.
/// While a credential lives, a cloud that is away for a moment is not noticed. A failure is not kept.
///
/// A state machine inside a `Mutex` and not an actor, because a waiter of an actor could not be woken by cancellation
/// without an unstructured task. After every wait the state is read again.
public final class CredentialCache<Key: Hashable & Sendable, Value: Hashable & Sendable>: Sendable {
    /// A credential and how long it is good.
    public struct Grant: Sendable {
        let value: Value
        let renewAt: ContinuousClock.Instant
        let expiresAt: ContinuousClock.Instant

        /// A credential that is good for `life` from `start`, the instant before it was asked for.
        public init(_ value: Value, life: Duration, since start: ContinuousClock.Instant) {
            self.init(value, renewAt: start + life * 3 / 4, expiresAt: start + life)
        }

        init(_ value: Value, renewAt: ContinuousClock.Instant, expiresAt: ContinuousClock.Instant) {
            self.value = value
            self.renewAt = renewAt
            self.expiresAt = expiresAt
        }
    }

    private enum Outcome: Sendable {
        case granted(Value)
        case failed(IdentityError)
        /// Look again: whoever was fetching gave up.
        case again
        case cancelled
    }

    private enum Claim {
        case have(Value)
        case fetch(previous: Grant?)
        case wait
    }

    private struct State {
        var grants: [Key: Grant] = [:]
        var flights: [Key: [UInt64: CheckedContinuation<Outcome, Never>]] = [:]
        var nextID: UInt64 = 0
    }

    private let state = Mutex(State())
    private let time: TimeSource
    private let capacity: Int

    /// An empty cache of at most `capacity` credentials.
    public init(time: TimeSource, capacity: Int = 4096) {
        self.time = time
        self.capacity = capacity
    }

    /// The credential for `key`.
    /// - Parameters:
    ///   - refused: a value that a service just refused; another is fetched even if this one should still live.
    ///   - fetch: gets a new one. Runs in the calling task, at most once at a time for a key.
    public func value(
        for key: Key,
        refused: Value? = nil,
        _ fetch: () async throws(IdentityError) -> Grant
    ) async throws(IdentityError) -> Value {
        while true {
            let now = time.now
            let claim: Claim = state.withLock { state in
                let present = state.grants[key]
                if let present, present.value != refused, now < present.renewAt { return .have(present.value) }
                if state.flights[key] != nil { return .wait }
                state.flights[key] = [:]
                return .fetch(previous: present)
            }
            switch claim {
            case .have(let value): return value
            case .fetch(let previous): return try await fly(key, previous, refused, fetch)
            case .wait:
                switch await wait(for: key) {
                case .granted(let value): return value
                case .failed(let error): throw error
                case .again: continue
                case .cancelled: throw IdentityError(.cancelled, "cancelled while waiting for a credential")
                }
            }
        }
    }

    /// How many callers wait for the credential of `key`; for tests.
    package func waiterCount(_ key: Key) -> Int { state.withLock { $0.flights[key]?.count ?? 0 } }

    private func fly(
        _ key: Key,
        _ previous: Grant?,
        _ refused: Value?,
        _ fetch: () async throws(IdentityError) -> Grant
    ) async throws(IdentityError) -> Value {
        do throws(IdentityError) {
            return land(key, try await fetch())
        } catch {
            let now = time.now
            if error.isTransient, let previous, previous.value != refused, now < previous.expiresAt {
                let pause = min(.seconds(30), (previous.expiresAt - now) / 2)
                return land(key, Grant(previous.value, renewAt: now + pause, expiresAt: previous.expiresAt))
            }
            let waiters = state.withLock { state in
                if error.code == .refused { state.grants[key] = nil }
                return state.flights.removeValue(forKey: key) ?? [:]
            }
            // A transport may report the end of a cancelled task as a failure of its own.
            let gaveUp = error.code == .cancelled || Task.isCancelled
            for waiter in waiters.values { waiter.resume(returning: gaveUp ? .again : .failed(error)) }
            throw error
        }
    }

    private func land(_ key: Key, _ grant: Grant) -> Value {
        let now = time.now
        let waiters = state.withLock { state in
            if state.grants.count >= capacity, state.grants[key] == nil {
                state.grants = state.grants.filter { $0.value.expiresAt > now }
                // All of them alive: they are fetched again, which is cheaper than to keep an order.
                if state.grants.count >= capacity { state.grants.removeAll() }
            }
            state.grants[key] = grant
            return state.flights.removeValue(forKey: key) ?? [:]
        }
        for waiter in waiters.values { waiter.resume(returning: .granted(grant.value)) }
        return grant.value
    }

    private func wait(for key: Key) async -> Outcome {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
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
}
