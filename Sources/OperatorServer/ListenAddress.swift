/// Where to listen.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// The interface; empty for all, by IPv6 and IPv4.
    public var host: String
    /// The port; 0 lets the kernel choose.
    public var port: Int

    /// An address of its parts.
    public init(host: String = "", port: Int) {
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

    /// The address as it is parsed.
    public var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
