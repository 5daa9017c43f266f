public import ServiceLifecycle

/// Several services as one: they start together, and the first failure ends the others.
public struct ServiceBundle: ServiceLifecycle.Service {
    private let services: [any ServiceLifecycle.Service]

    /// A bundle that does nothing before `run`.
    public init(_ services: [any ServiceLifecycle.Service]) { self.services = services }

    /// Returns when all have ended. Throws the first error, after the others were cancelled and have ended.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            try await group.waitForAll()
        }
    }
}
