import AsyncHTTPClient
public import HTTPTransport

/// An HTTP proxy, and the hosts that are reached without it. Prints without its password.
///
/// All requests go through a tunnel (`CONNECT`), so that the proxy sees neither credentials nor contents.
public struct ProxySettings: Sendable, Hashable, CustomStringConvertible {
    /// The proxy for `https` URLs, if any.
    public var https: Server?
    /// The proxy for `http` URLs, if any.
    public var http: Server?
    /// The hosts without a proxy: `NO_PROXY`'s entries.
    public var excluded: [String]

    /// Where a proxy is.
    public struct Server: Sendable, Hashable, CustomStringConvertible {
        /// The proxy's URL; only `http` proxies exist.
        public var url: HTTPURL
        /// The user, where the proxy asks for one.
        public var username: String?
        /// The user's password.
        public var password: String?

        /// A proxy at `url`.
        public init(_ url: HTTPURL, username: String? = nil, password: String? = nil) {
            self.url = url
            self.username = username
            self.password = password
        }

        /// Parses `[http://][user[:password]@]host[:port]`. Throws `invalidRequest` for what is not a usable proxy.
        public init(parsing text: String) throws(HTTPTransportError) {
            var rest = Substring(text)
            if rest.contains("://") {
                guard rest.lowercased().hasPrefix("http://") else {
                    throw HTTPTransportError(.invalidRequest, "only proxies with an http:// URL are supported")
                }
                rest = rest.dropFirst(7)
            }
            if let at = rest.lastIndex(of: "@") {
                let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                username = HTTPURL.decode(parts.first ?? "")
                password = parts.count > 1 ? HTTPURL.decode(parts[1]) : ""
                rest = rest[rest.index(after: at)...]
            }
            guard let url = HTTPURL("http://" + rest) else {
                throw HTTPTransportError(.invalidRequest, "the proxy's URL has not the form http://host:port")
            }
            self.url = url
        }

        /// The URL.
        public var description: String { url.origin }

        var configuration: HTTPClient.Configuration.Proxy {
            let authorization = username.map {
                HTTPClient.Authorization.basic(username: $0, password: password ?? "")
            }
            return .server(host: url.host, port: url.port ?? 80, authorization: authorization)
        }
    }

    /// Proxies of their parts.
    public init(https: Server? = nil, http: Server? = nil, excluded: [String] = []) {
        self.https = https
        self.http = http
        self.excluded = excluded
    }

    /// One proxy for everything.
    public init(_ url: HTTPURL) {
        self.init(https: Server(url), http: Server(url))
    }

    /// The proxies that an environment names in `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either case; nil where
    /// it names none. Lower case wins, as in curl; loopback is always direct.
    public init?(environment: [String: String]) throws(HTTPTransportError) {
        func value(_ name: String) -> String? {
            let text = environment[name.lowercased()] ?? environment[name] ?? ""
            return text.isEmpty ? nil : text
        }
        func server(_ name: String) throws(HTTPTransportError) -> Server? {
            guard let text = value(name) else { return nil }
            do throws(HTTPTransportError) {
                return try Server(parsing: text)
            } catch {
                throw HTTPTransportError(error.code, "\(name): \(error.message)")
            }
        }
        https = try server("HTTPS_PROXY")
        http = try server("HTTP_PROXY")
        excluded = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
        excluded += ["localhost", "127.0.0.0/8", "::1"]
        if https == nil, http == nil { return nil }
    }

    /// The proxy for a URL; nil where it is reached directly.
    public func server(for url: HTTPURL) -> Server? {
        guard let server = url.scheme == "https" ? https : http, !isExcluded(url) else { return nil }
        return server
    }

    /// `*`, a host, a domain with or without a leading dot (which covers its subdomains), an address, a range such as
    /// `10.0.0.0/8`, each with an optional port (golang.org/x/net/http/httpproxy).
    private func isExcluded(_ url: HTTPURL) -> Bool {
        let address = IPAddress(url.host)
        return excluded.contains { entry in
            if entry == "*" { return true }
            if let address, let range = IPAddress.Range(entry) { return range.contains(address) }
            guard let (host, port) = HTTPURL.split(authority: entry.hasPrefix("*.") ? String(entry.dropFirst()) : entry)
            else { return false }
            if let port, port != url.port ?? (url.scheme == "https" ? 443 : 80) { return false }
            let domain = host.hasPrefix(".") ? String(host.dropFirst()) : host
            return url.host == domain && !host.hasPrefix(".") || url.host.hasSuffix("." + domain)
        }
    }

    /// The servers, without credentials.
    public var description: String { [https, http].compactMap { $0?.description }.joined(separator: ", ") }
}
