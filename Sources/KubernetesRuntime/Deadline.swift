import HTTPTransport

extension TimeSource {
    /// Runs `operation` until `limit` has passed; then it is cancelled, waited for, and nil is returned.
    ///
    /// Assumes that the operation ends when its task is cancelled. Rethrows what it throws.
    func withLimit<Value: Sendable>(
        _ limit: Duration,
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                try await sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
