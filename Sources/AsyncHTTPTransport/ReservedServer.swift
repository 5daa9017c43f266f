import HTTPTransport

/// A server that is never contacted for tenants, whatever name they have for it.
struct ReservedServer: Sendable {
    /// Its host, which may have to be resolved to compare addresses.
    let host: String
    private let port: Int
    private let what: String
    private let allowed: Set<String>

    init(_ server: HTTPURL, _ what: String, allowed: [String]) {
        host = DNSName.canonical(server.host)
        port = Self.port(server)
        self.what = what
        self.allowed = Set(allowed.map { $0.lowercased() })
    }

    /// Says why `url`, whose host stands for `addresses`, may not be contacted; nil if it may.
    /// - Parameter own: the server's addresses.
    func refusal(_ url: HTTPURL, _ addresses: [IPAddress], own: [IPAddress]) -> String? {
        let name = DNSName.canonical(url.host)
        let spellings = Set(addresses + addresses.compactMap(\.embedded))
        guard name == host || !spellings.isDisjoint(with: own + own.compactMap(\.embedded)) else { return nil }
        let number = Self.port(url)
        if ["\(url.host):\(number)", "\(name):\(number)", "[\(name)]:\(number)"].contains(where: allowed.contains) {
            return nil
        }
        let isAllowed = allowed.contains { entry in
            guard let host = HTTPURL.split(authority: entry)?.host ?? IPAddress(entry).map({ _ in entry }) else {
                return false
            }
            return DNSName.canonical(host) == name
        }
        if isAllowed, number != port { return nil }
        return
            "\(url.host) is \(what), which endpoints of tenants may not be; where it is meant, --allow-endpoint "
            + "\(url.host):\(number) allows it"
    }

    private static func port(_ url: HTTPURL) -> Int { url.port ?? (url.scheme == "https" ? 443 : 80) }
}
