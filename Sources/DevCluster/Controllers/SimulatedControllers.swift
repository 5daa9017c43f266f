public import ServiceLifecycle

/// The simulated controllers of an embedded API server as a service: Deployments roll out, load balancers get an
/// address, objects go with their owners.
public struct SimulatedControllers: ServiceLifecycle.Service {
    private let api: DevAPIServer
    private let options: SimulationOptions

    /// Controllers over `api`.
    public init(_ api: DevAPIServer, options: SimulationOptions = SimulationOptions()) {
        self.api = api
        self.options = options
    }

    /// Works until shut down.
    public func run() async throws {
        let (api, options) = (api, options)
        do {
            try await cancelWhenGracefulShutdown { try await api.runControllers(options) }
        } catch is CancellationError {
            // Shutting down is how it ends.
        }
    }
}
