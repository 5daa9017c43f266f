import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// An address could not be listened on.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    /// What happened, with the address and the option that set it.
    public let description: String
}

/// Listens on an address and has requests answered.
///
/// A client that is silent for a minute is cut off, and no more than 256 are served at a time, so that nobody can use up
/// the files of the process.
struct Listener: Sendable {
    let address: ListenAddress
    /// The option that set the address, for messages.
    let option: String
    let logger: Logger
    /// Told the port.
    let onListening: @Sendable (Int) -> Void

    /// Serves until graceful shutdown. Throws `ListenError`.
    func serve(_ respond: @escaping @Sendable (Request) async throws -> Response) async throws {
        let responder = CallbackResponder { (request: Request, _: BasicRequestContext) in try await respond(request) }
        // `::` takes IPv4 too; a kernel without IPv6 has no such address.
        let hosts = address.host.isEmpty ? ["::", "0.0.0.0"] : [address.host]
        for (index, host) in hosts.enumerated() {
            var quiet = logger
            quiet.logLevel = max(logger.logLevel, .warning)
            let application = Application(
                responder: responder,
                server: .http1(configuration: .init(idleTimeout: .seconds(60))),
                configuration: .init(
                    address: .hostname(host, port: address.port),
                    serverName: "modelapp",
                    availableConnectionsDelegate: MaximumAvailableConnections(256)
                ),
                onServerRunning: { channel in
                    let port = channel.localAddress?.port ?? address.port
                    logger.info(
                        "listening",
                        metadata: ["option": "\(option)", "address": "\(host)", "port": "\(port)"]
                    )
                    onListening(port)
                },
                logger: quiet
            )
            do {
                return try await application.run()
            } catch let error as IOError {
                let isLast = index == hosts.count - 1
                if !isLast, error.errnoCode == EAFNOSUPPORT || error.errnoCode == EADDRNOTAVAIL { continue }
                throw ListenError(description: "\(option): cannot listen on \(address): \(error)")
            }
        }
    }
}
