public import HTTPTransport
import ServiceLifecycle

extension TimeSource {
    /// Runs `operation`, which has to see a graceful shutdown by itself; `limit` after one began it is cancelled, and
    /// waited for.
    ///
    /// Cancels `operation` alone: who called can still clean up, which a cancelled task cannot. True where `operation`
    /// ended by itself. Rethrows what it throws, except after it was cancelled here.
    @discardableResult
    public func withShutdownLimit(
        _ limit: Duration,
        _ operation: @escaping @Sendable () async throws -> Void
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await operation()
                return true
            }
            group.addTask {
                try await gracefulShutdown()
                try await sleep(for: limit)
                return false
            }
            // Leaving the group waits for the rest.
            defer { group.cancelAll() }
            return try await group.next() ?? true
        }
    }
}
