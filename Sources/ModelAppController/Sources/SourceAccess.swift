public import HTTPTransport

/// The way to sources outside of the cluster.
public struct SourceAccess: Sendable {
    /// A transport that trusts what it is told to; asked once per scan, so it should be cheap.
    public var transport: @Sendable (TLSTrust) async throws -> any HTTPTransport
    /// Hosts that may see credentials besides the providers' own (`--allow-endpoint`).
    public var allowedEndpoints: [String]
    /// A number in 0..<1 for jitter.
    public var random: @Sendable () -> Double

    /// An access of its parts.
    public init(
        transport: @escaping @Sendable (TLSTrust) async throws -> any HTTPTransport,
        allowedEndpoints: [String] = [],
        random: @escaping @Sendable () -> Double
    ) {
        self.transport = transport
        self.allowedEndpoints = allowedEndpoints
        self.random = random
    }
}
