import Hummingbird
public import Logging
public import ServiceLifecycle

/// Answers the probes of the kubelet: `/livez` while the process works, `/readyz` once it can do its work.
public struct ProbeServer: ServiceLifecycle.Service {
    /// Where to listen.
    public struct Address: Sendable, Hashable {
        /// The interface; empty for all.
        public var host: String
        /// The port.
        public var port: Int

        /// An address of its parts.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// Parses `:8081`, `127.0.0.1:8081` or `[::1]:8081`; nil for anything else.
        public init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                return nil
            }
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = host.dropFirst().dropLast()
            } else if host.contains(":") {
                return nil
            }
            self.init(host: String(host), port: Int(port))
        }
    }

    private let address: Address
    private let problems: @Sendable () -> [String]
    private let logger: Logger

    /// A server that has not started. `problems` says why the process cannot do its work; empty if it can.
    public init(_ address: Address, logger: Logger, problems: @escaping @Sendable () -> [String]) {
        self.address = address
        self.problems = problems
        self.logger = logger
    }

    /// Serves until graceful shutdown.
    public func run() async throws {
        let problems = problems
        let router = Router()
        router.get("/livez") { _, _ in "ok\n" }
        router.get("/readyz") { _, _ -> EditedResponse<String> in
            let found = problems()
            return EditedResponse(
                status: found.isEmpty ? .ok : .serviceUnavailable,
                response: found.isEmpty ? "ok\n" : found.map { $0 + "\n" }.joined()
            )
        }
        let host = address.host.isEmpty ? "0.0.0.0" : address.host
        let application = Application(
            router: router,
            configuration: .init(address: .hostname(host, port: address.port), serverName: "modelapp"),
            logger: logger
        )
        try await application.runService(gracefulShutdownSignals: [])
    }
}
