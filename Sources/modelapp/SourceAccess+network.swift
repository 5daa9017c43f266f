import ArgumentParser
import AsyncHTTPTransport
import HTTPTransport
import ModelAppController

extension SourceAccess {
    /// Sources over the network. Local addresses and the API server are refused unless the command line allows them: what
    /// a ModelApp names is hostile.
    /// - Parameter server: the API server; nil where there is none.
    static func network(
        pool: ClientPool,
        allowing hosts: [String],
        denying denied: [DeniedHosts] = [],
        server: HTTPURL? = nil,
        clouds: CloudAccess?
    ) -> SourceAccess {
        var policy = AddressPolicy.refusingLocal(except: names(ofHosts: hosts), denied: denied)
        if let server { policy = policy.reserving(server, as: "the API server of this cluster", except: hosts) }
        let settled = policy
        return SourceAccess(
            transport: { trust in try pool.transport(TransportSettings(trust: trust), policy: settled) },
            allowedEndpoints: hosts,
            clouds: clouds,
            random: Chance.unit
        )
    }

    /// The hosts without their ports, as addresses are checked by. Which port of one may see credentials is decided
    /// where they are sent.
    static func names(ofHosts hosts: [String]) -> Set<String> {
        Set(hosts.map { (HTTPURL.split(authority: $0)?.host ?? $0).lowercased() })
    }
}

extension CheckAccess {
    /// Checks over the network. Pods' own addresses are asked, no local ones, and none through a proxy.
    static func network(pool: ClientPool, prometheus: String?) throws -> CheckAccess {
        let pods = try pool.transport(TransportSettings(), policy: .refusingLocal())
        var server: Prometheus?
        if let prometheus {
            guard let url = HTTPURL(prometheus) else {
                throw ValidationError(
                    "--prometheus-url must be like http://prometheus.monitoring:9090, not \"\(prometheus)\""
                )
            }
            server = Prometheus(url: url, transport: try pool.transport(TransportSettings(), policy: .any))
        }
        return CheckAccess(pods: pods, prometheus: server)
    }
}
