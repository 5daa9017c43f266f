import Synchronization

/// Hands values from one producer to one consumer, one at a time: the producer waits until its value was taken, so
/// that back pressure reaches it.
final class Handover<Value: Sendable>: Sendable {
    private struct State {
        var offer: (value: Value, continuation: CheckedContinuation<Void, any Error>)?
        var receiver: CheckedContinuation<Value?, any Error>?
        var end: Result<Void, any Error>?
    }

    /// What a call to `send` has to do once the lock is free.
    private enum Sent {
        case cancel
        case wait
        case handTo(CheckedContinuation<Value?, any Error>)
    }

    /// What `takeIfReady` found.
    private enum Found {
        case nothing
        case end(Result<Void, any Error>)
        case offer(Value, CheckedContinuation<Void, any Error>)
    }

    /// What a call to `receive` has to do once the lock is free.
    private enum Received {
        case wait
        case resume(Result<Value?, any Error>, CheckedContinuation<Void, any Error>?)
    }

    private let state = Mutex(State())

    /// Offers `value` and returns once it was taken. Throws `CancellationError` where the task is cancelled first.
    func send(_ value: Value) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let outcome: Sent = state.withLock { state in
                    // The handler below runs after the flag is set, so a cancellation is seen here or there.
                    if Task.isCancelled { return .cancel }
                    if let receiver = state.receiver {
                        state.receiver = nil
                        return .handTo(receiver)
                    }
                    state.offer = (value, continuation)
                    return .wait
                }
                switch outcome {
                case .wait: break
                case .cancel: continuation.resume(throwing: CancellationError())
                case .handTo(let receiver):
                    receiver.resume(returning: value)
                    continuation.resume()
                }
            }
        } onCancel: {
            let offer = state.withLock { state in
                defer { state.offer = nil }
                return state.offer
            }
            offer?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Ends the sequence; a failure is thrown to the consumer after the last value.
    func finish(throwing error: (any Error)? = nil) {
        let receiver = state.withLock { state in
            guard state.end == nil else { return nil as CheckedContinuation<Value?, any Error>? }
            state.end = error.map { .failure($0) } ?? .success(())
            defer { state.receiver = nil }
            return state.receiver
        }
        if let error { receiver?.resume(throwing: error) } else { receiver?.resume(returning: nil) }
    }

    /// The next value if it, or the end, is there already; nil if the consumer would have to wait.
    func takeIfReady() throws -> Value?? {
        let found: Found = state.withLock { state in
            if let offer = state.offer {
                state.offer = nil
                return .offer(offer.value, offer.continuation)
            }
            return state.end.map { .end($0) } ?? .nothing
        }
        switch found {
        case .nothing: return nil
        case .end(let result):
            try result.get()
            return .some(nil)
        case .offer(let value, let continuation):
            continuation.resume()
            return .some(value)
        }
    }

    /// The next value, or nil at the end. Throws `CancellationError` where the task is cancelled first.
    func receive() async throws -> Value? {
        if let ready = try takeIfReady() { return ready }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value?, any Error>) in
                let outcome: Received = state.withLock { state in
                    if Task.isCancelled { return .resume(.failure(CancellationError()), nil) }
                    if let offer = state.offer {
                        state.offer = nil
                        return .resume(.success(offer.value), offer.continuation)
                    }
                    if let end = state.end { return .resume(end.map { nil }, nil) }
                    state.receiver = continuation
                    return .wait
                }
                if case .resume(let result, let producer) = outcome {
                    continuation.resume(with: result)
                    producer?.resume()
                }
            }
        } onCancel: {
            let receiver = state.withLock { state in
                defer { state.receiver = nil }
                return state.receiver
            }
            receiver?.resume(throwing: CancellationError())
        }
    }
}
