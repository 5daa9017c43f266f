public import Logging
public import ServiceLifecycle

/// Answers Prometheus at `/metrics`.
public struct MetricsServer: ServiceLifecycle.Service {
    private let server: PageServer

    /// A server that has not started. `onListening` is told the port.
    public init(
        _ address: ListenAddress,
        registry: MetricsRegistry,
        logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        server = PageServer(
            address: address,
            option: "--metrics-address",
            logger: logger,
            onListening: onListening
        ) { path, _ in
            path == "/metrics" ? Page(type: MetricsRegistry.contentType, registry.text) : nil
        }
    }

    /// Serves until graceful shutdown. Throws `ListenError`.
    public func run() async throws { try await server.run() }
}
