public import Logging
public import ServiceLifecycle

/// Answers the probes of the kubelet: `/livez` while the process works, `/readyz` while it can do its work.
public struct ProbeServer: ServiceLifecycle.Service {
    private let server: PageServer

    /// A server that has not started.
    /// - Parameters:
    ///   - live: what must be well for the process not to be restarted.
    ///   - ready: what must be well for it to do its work.
    ///   - onListening: told the port.
    public init(
        _ address: ListenAddress,
        live: [HealthCheck],
        ready: [HealthCheck],
        logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        let groups = [HealthChecks(path: "/livez", checks: live), HealthChecks(path: "/readyz", checks: ready)]
        server = PageServer(
            address: address,
            option: "--health-address",
            logger: logger,
            onListening: onListening
        ) { path, query in
            for group in groups {
                if let page = group.answer(path, query: query) { return page }
            }
            return nil
        }
    }

    /// Serves until graceful shutdown. Throws `ListenError`.
    public func run() async throws { try await server.run() }
}
