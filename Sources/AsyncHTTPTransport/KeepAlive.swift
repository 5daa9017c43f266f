import NIOCore
#if canImport(Glibc)
import Glibc
#endif

/// Notices a dead peer: keep-alive probes while nothing is sent, a bound on unacknowledged data otherwise.
///
/// A black-holed watch ends within 30 s (15 s of silence and three probes 5 s apart), an unanswered request within 30 s.
/// A proxy that still acknowledges is left to the read limit.
enum KeepAlive {
    /// Seconds of silence before the first probe.
    static let idle: SocketOptionValue = 15
    /// Seconds between probes.
    static let interval: SocketOptionValue = 5
    /// How many unanswered probes end the connection.
    static let probes: SocketOptionValue = 3
    /// Milliseconds that sent data may stay unacknowledged.
    static let userTimeout: SocketOptionValue = 30_000

    /// The options by name, as `setsockopt` takes them.
    static var options: [(level: NIOBSDSocket.OptionLevel, name: NIOBSDSocket.Option, value: SocketOptionValue)] {
        var options: [(NIOBSDSocket.OptionLevel, NIOBSDSocket.Option, SocketOptionValue)] = [
            (.socket, .so_keepalive, 1)
        ]
        #if canImport(Glibc)
        options += [
            (.tcp, NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE), idle),
            (.tcp, NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL), interval),
            (.tcp, NIOBSDSocket.Option(rawValue: TCP_KEEPCNT), probes),
            (.tcp, NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT), userTimeout),
        ]
        #endif
        return options
    }

    /// Sets the options on an open connection.
    static func apply(to channel: any Channel) -> EventLoopFuture<Void> {
        let results = options.map { option -> EventLoopFuture<Void> in
            let key = ChannelOptions.Types.SocketOption(level: option.level, name: option.name)
            return channel.setOption(key, value: option.value)
        }
        return EventLoopFuture.andAllSucceed(results, on: channel.eventLoop)
    }
}
