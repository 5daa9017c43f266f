public import ServiceLifecycle

/// A service that runs only while this process leads.
public struct LeaderElected: ServiceLifecycle.Service {
    private let elector: LeaderElector
    private let service: any ServiceLifecycle.Service

    /// A service that does nothing before `run`.
    public init(_ elector: LeaderElector, _ service: any ServiceLifecycle.Service) {
        self.elector = elector
        self.service = service
    }

    /// Waits for the lease, runs the service, and gives the lease up once the service has ended. Throws
    /// `LeaderElectionError` as `LeaderElector.withLeadership` does; the process should end then.
    public func run() async throws {
        let service = service
        try await elector.withLeadership { try await service.run() }
    }
}
