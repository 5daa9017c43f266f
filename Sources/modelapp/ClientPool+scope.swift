import AsyncHTTPTransport

extension ClientPool {
    /// Lends a pool to `body` and closes its connections afterwards, also where `body` throws.
    static func with<Value>(_ body: (ClientPool) async throws -> Value) async throws -> Value {
        let pool = ClientPool()
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(pool))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }
}
