import Artifacts
import HTTPTransport

/// Where the API of a registry answers, and what its answers may refer to.
struct RegistryEndpoint: Sendable, Hashable {
    /// The registry as references name it: `docker.io`.
    let name: String
    /// The root of the API.
    let url: HTTPURL
    let options: RegistryHostOptions

    /// The endpoint of a registry given as `host` or `host:port`; Docker Hub answers under another name.
    init(registry: String, options: RegistryHostOptions) throws(RegistryError) {
        let scheme = options.plainHTTP ? "http" : "https"
        let authority = registry == "docker.io" || registry == "index.docker.io" ? "registry-1.docker.io" : registry
        guard let url = HTTPURL("\(scheme)://\(authority)/"), url.path == "/", url.query == nil else {
            throw RegistryError(.rejected, "\"\(registry.clipped)\" is not the host of a registry")
        }
        name = registry
        self.url = url
        self.options = options
    }

    /// Whether the registry has Azure's own endpoints.
    var isAzure: Bool {
        switch options.kind {
        case .azure: true
        case .distribution: false
        case .automatic: RegistryEndpoint.azureSuffixes.contains { url.host.hasSuffix($0) }
        }
    }

    /// Azure's public cloud and the sovereign ones.
    private static let azureSuffixes = [".azurecr.io", ".azurecr.cn", ".azurecr.us"]

    /// A URL of the registry; `path` is encoded already.
    func url(path: String, query: String? = nil) -> HTTPURL {
        HTTPURL(scheme: url.scheme, host: url.host, port: url.port, path: path, query: query)
    }

    func isSameOrigin(_ other: HTTPURL) -> Bool { other.origin == url.origin }

    /// Refuses a place named by the registry that a client must not be sent to.
    func check(reference target: HTTPURL, as what: String) throws(RegistryError) {
        if target.host == url.host || options.trustedHosts.contains(target.host) { return }
        let scope = HostScope(host: target.host)
        switch scope {
        case .name, .publicAddress: return
        case .loopback where scope == HostScope(host: url.host): return
        case .privateNetwork where scope == HostScope(host: url.host): return
        case .loopback, .privateNetwork, .reserved:
            throw RegistryError(
                .insecure,
                "\(name): its \(what) leads to the address \(target.host), which is not followed"
            )
        }
    }

    /// The URL of a token server, checked: credentials go over TLS, or in the clear only to the host that was
    /// configured for it.
    func realm(_ text: String) throws(RegistryError) -> HTTPURL {
        guard let realm = HTTPURL(text) else {
            throw RegistryError(.malformedAnswer, "\(name): its challenge names a token server that is not a URL")
        }
        try check(reference: realm, as: "token server")
        if realm.scheme == "https" { return realm }
        let bothLoopback = HostScope(host: realm.host) == .loopback && HostScope(host: url.host) == .loopback
        guard options.plainHTTP, realm.host == url.host || bothLoopback else {
            throw RegistryError(
                .insecure,
                "\(name): its token server \(realm.redacted) does not use https, so no credentials go there"
            )
        }
        return realm
    }

    /// Where a redirect leads, checked.
    func redirect(from source: HTTPURL, to location: String?) throws(RegistryError) -> HTTPURL {
        guard let location, let target = source.resolving(location) else {
            throw RegistryError(.malformedAnswer, "\(name): a redirect without a usable location")
        }
        guard source.scheme == "http" || target.scheme == "https" else {
            throw RegistryError(.insecure, "\(name): a redirect from https to http at \(target.host) is not followed")
        }
        try check(reference: target, as: "redirect")
        return target
    }

    /// The next page of a listing. Only its path and query count: behind a proxy registries name themselves with
    /// another scheme or port, and a credential must not leave this origin.
    func nextPage(after current: HTTPURL, link: String) throws(RegistryError) -> HTTPURL {
        guard let target = current.resolving(link) else {
            throw RegistryError(.malformedAnswer, "\(name): the link to the next page of tags is malformed")
        }
        guard target.host == url.host else {
            throw RegistryError(.insecure, "\(name): the next page of tags is on another host, \(target.host)")
        }
        return url(path: target.path, query: target.query)
    }
}
