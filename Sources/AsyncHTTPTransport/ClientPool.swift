import AsyncHTTPClient
public import HTTPTransport
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// The HTTP clients behind all transports, shared by settings.
///
/// AsyncHTTPClient's read limit, trust, proxy and address overrides belong to a client, not to a request; so requests
/// that agree on them share one, and with it their connections. Guarantees: at most `limits.clients` idle clients are
/// kept, the least recently used ones are closed; a client in use is never closed but by `shutdown()`, which must be
/// called before the pool goes away.
public final class ClientPool: Sendable {
    /// Bounds on clients and connections.
    public struct Limits: Sendable, Hashable {
        /// How many clients are kept while nobody uses them.
        public var clients: Int
        /// The longest time to a connection, TLS included.
        public var connect: Duration
        /// The longest silence of a call; a request with a larger `idleRead` is a watch.
        public var callSilence: Duration
        /// The longest silence of a watch.
        public var watchSilence: Duration
        /// How many connections a client opens to one host.
        public var connectionsPerHost: Int
        /// How long an unused connection is kept: below the idle limits of common load balancers.
        public var idleConnection: Duration

        /// Limits of their parts.
        public init(
            clients: Int = 32,
            connect: Duration = .seconds(5),
            callSilence: Duration = .seconds(30),
            watchSilence: Duration = .seconds(295),
            connectionsPerHost: Int = 256,
            idleConnection: Duration = .seconds(45)
        ) {
            self.clients = clients
            self.connect = connect
            self.callSilence = callSilence
            self.watchSilence = watchSilence
            self.connectionsPerHost = connectionsPerHost
            self.idleConnection = idleConnection
        }
    }

    /// What requests of one client have in common.
    struct Key: Hashable {
        var settings: PreparedSettings
        var silence: Duration
        var proxy: ProxySettings.Server?
        /// The host in the URL, which is the name in TLS, and what is connected to in its place.
        var host: String?
        var target: String?
    }

    private struct Entry {
        let client: HTTPClient
        var users: Int
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var prepared: [TransportSettings: PreparedSettings] = [:]
        var uses: UInt64 = 0
        var isClosed = false
    }

    let limits: Limits
    let resolver: HostResolver
    private let state = Mutex(State())

    /// A pool without clients; they are made when needed.
    public convenience init(limits: Limits = Limits()) {
        self.init(limits: limits, resolver: .system)
    }

    init(limits: Limits, resolver: HostResolver) {
        self.limits = limits
        self.resolver = resolver
    }

    /// How many clients there are.
    var count: Int { state.withLock { $0.entries.count } }

    /// A transport with these settings. Throws `tls` where a certificate or key cannot be read, `invalidRequest` where
    /// the server's name cannot be one.
    public func transport(
        _ settings: TransportSettings = TransportSettings(),
        policy: AddressPolicy = .any
    ) throws(HTTPTransportError) -> AsyncHTTPTransport {
        AsyncHTTPTransport(pool: self, settings: try prepare(settings), policy: policy)
    }

    private func prepare(_ settings: TransportSettings) throws(HTTPTransportError) -> PreparedSettings {
        if let known = state.withLock({ $0.prepared[settings] }) { return known }
        let fresh = try PreparedSettings(settings)
        let capacity = limits.clients
        return state.withLock { state in
            if let known = state.prepared[settings] { return known }
            // Forgetting is harmless: transports that have settings keep them; equal ones made later are separate.
            if state.prepared.count >= capacity { state.prepared.removeAll() }
            state.prepared[settings] = fresh
            return fresh
        }
    }

    /// The client for `key`, in use until `release`.
    func acquire(_ key: Key) throws(HTTPTransportError) -> HTTPClient {
        let client: HTTPClient? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.uses &+= 1
            var entry = state.entries[key] ?? Entry(client: makeClient(key), users: 0, lastUse: 0)
            entry.users += 1
            entry.lastUse = state.uses
            state.entries[key] = entry
            return entry.client
        }
        guard let client else { throw HTTPTransportError(.closed, "the transport was shut down") }
        return client
    }

    /// Ends one use of the client for `key`, and closes clients beyond the capacity.
    func release(_ key: Key) {
        let capacity = limits.clients
        let evicted: [HTTPClient] = state.withLock { state in
            state.entries[key]?.users -= 1
            var evicted: [HTTPClient] = []
            while state.entries.count > capacity {
                let idle = state.entries.filter { $0.value.users == 0 }
                guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
                state.entries[oldest.key] = nil
                evicted.append(oldest.value.client)
            }
            return evicted
        }
        for client in evicted { let _: EventLoopFuture<Void> = client.shutdown() }
    }

    /// Closes all connections. Exchanges under way fail with `closed`, later ones too.
    public func shutdown() async {
        let clients = state.withLock { state in
            state.isClosed = true
            let clients = state.entries.values.map(\.client)
            state.entries = [:]
            state.prepared = [:]
            return clients
        }
        for client in clients {
            // The only failure is that the client is closed already.
            try? await client.shutdown()
        }
    }

    private func makeClient(_ key: Key) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = key.settings.tls
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        // A dead HTTP/2 connection would be handed to every request, and nothing pings it.
        configuration.httpVersion = .http1Only
        configuration.timeout = HTTPClient.Configuration.Timeout(
            connect: TimeAmount(limits.connect),
            read: TimeAmount(key.silence),
            write: .seconds(60)
        )
        configuration.connectionPool.idleTimeout = TimeAmount(limits.idleConnection)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limits.connectionsPerHost
        // A refused connection or an unknown CA is reported at once; who wants to wait retries above.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.proxy = key.proxy?.configuration
        if let host = key.host, let target = key.target { configuration.dnsOverride = [host: target] }
        configuration.http1_1ConnectionDebugInitializer = { channel in KeepAlive.apply(to: channel) }
        return HTTPClient(configuration: configuration)
    }
}

/// Settings whose certificates were read; equal only to itself, so that keys need not compare certificates.
final class PreparedSettings: Sendable, Hashable {
    let settings: TransportSettings
    let tls: TLSConfiguration

    init(_ settings: TransportSettings) throws(HTTPTransportError) {
        self.settings = settings
        tls = try settings.tlsConfiguration()
        guard let name = settings.serverName else { return }
        guard IPAddress(name) == nil, HTTPURL.split(authority: name)?.host == name.lowercased() else {
            throw HTTPTransportError(.invalidRequest, "the TLS server name must be a DNS name")
        }
    }

    static func == (left: PreparedSettings, right: PreparedSettings) -> Bool { left === right }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
