public import HTTPTransport

/// The way to what checks before traffic ask.
public struct CheckAccess: Sendable {
    /// To candidates' pods. Must refuse what is local to the operator's node: addresses are those of pods, and a pod that
    /// has its node's own is not asked, but nothing else keeps one from having them. Uses no proxy.
    public var pods: any HTTPTransport
    /// A Prometheus server; nil where the operator has none.
    public var prometheus: Prometheus?

    /// A server and the way to it.
    public struct Prometheus: Sendable {
        /// Below which `/api/v1/query` lies.
        public var url: HTTPURL
        /// The way to it; the operator's administrator named it, so any address will do.
        public var transport: any HTTPTransport

        /// A server of its parts.
        public init(url: HTTPURL, transport: any HTTPTransport) {
            self.url = url
            self.transport = transport
        }
    }

    /// An access of its parts.
    public init(pods: any HTTPTransport, prometheus: Prometheus? = nil) {
        self.pods = pods
        self.prometheus = prometheus
    }
}
