public import HTTPTransport

/// Which addresses may be contacted, decided after a name was resolved and before anything is sent.
///
/// The connection is made to an address that was checked, never to the name: a name that resolves differently the next
/// time (DNS rebinding) changes nothing. Through a proxy only addresses in URLs are checked, because names are resolved
/// by the proxy.
public struct AddressPolicy: Sendable {
    /// Says why `host`, which stands for these addresses, may not be contacted; nil if it may.
    let refusal: (@Sendable (_ host: String, _ addresses: [IPAddress]) -> String?)?
    /// Servers that are never contacted, by whatever name.
    private(set) var reserved: [ReservedServer] = []

    /// A policy of its decision.
    public init(_ refusal: @escaping @Sendable (_ host: String, _ addresses: [IPAddress]) -> String?) {
        self.refusal = refusal
    }

    private init() { refusal = nil }

    /// Every address, for endpoints that the operator's administrator named. Names are resolved while connecting, so
    /// that IPv6 and IPv4 are tried side by side.
    public static let any = AddressPolicy()

    /// Refuses what is reachable from the operator's node only: loopback, link-local and unspecified addresses,
    /// multicast, and the metadata services of clouds, also where an IPv6 address carries them. Private networks are
    /// allowed: registries and object stores live there.
    ///
    /// One refused address refuses the host: a name with a good and a bad address is an attack or a mistake.
    /// - Parameters:
    ///   - allowed: hosts, lower case, that may be contacted whatever they resolve to.
    ///   - denied: hosts that may not, even if they are allowed.
    public static func refusingLocal(
        except allowed: Set<String> = [],
        denied: [DeniedHosts] = []
    ) -> AddressPolicy {
        AddressPolicy { host, addresses in
            let name = DNSName.canonical(host)
            if let entry = denied.first(where: { $0.contains(name, addresses) }) {
                return "\(host) is denied by --deny-endpoint \(entry)"
            }
            if allowed.contains(host) || allowed.contains(name) { return nil }
            for address in addresses {
                guard let kind = kind(address) ?? address.embedded.flatMap(kind) else { continue }
                return
                    "\(host) is \(kind) address \(address), which endpoints of tenants may not be; where it is "
                    + "meant, --allow-endpoint \(host) allows it"
            }
            return nil
        }
    }

    /// The same policy, which also refuses `server`: also by another name, and on every port of its addresses, for behind
    /// them lie the servers beside it.
    /// - Parameters:
    ///   - what: what to call it in a refusal: `the API server of this cluster`.
    ///   - allowed: what an administrator named, `host` or `host:port`. The first allows the other ports of its addresses,
    ///     the second also the server itself.
    public func reserving(_ server: HTTPURL, as what: String, except allowed: [String] = []) -> AddressPolicy {
        var policy = self
        policy.reserved.append(ReservedServer(server, what, allowed: allowed))
        return policy
    }

    /// What makes an address local, with its article; nil for the others.
    private static func kind(_ address: IPAddress) -> String? {
        localRanges.first { $0.range.contains(address) }?.kind
    }

    private static let localRanges: [(range: IPAddress.Range, kind: String)] = [
        ("127.0.0.0/8", "the loopback"), ("::1", "the loopback"), ("0.0.0.0/8", "the unspecified"),
        ("::", "the unspecified"), ("169.254.0.0/16", "the link-local"), ("fe80::/10", "the link-local"),
        ("224.0.0.0/4", "the multicast"), ("ff00::/8", "the multicast"), ("255.255.255.255", "the broadcast"),
        // Metadata services outside the link-local range: Azure, Alibaba, Oracle, AWS over IPv6.
        ("168.63.129.16", "the metadata"), ("100.100.100.200", "the metadata"), ("192.0.0.192", "the metadata"),
        ("fd00:ec2::254", "the metadata"),
    ].compactMap { text, kind in IPAddress.Range(text).map { ($0, kind) } }
}
