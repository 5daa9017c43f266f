import Artifacts
import CloudIdentity
import HTTPTransport

/// Which hosts may see credentials.
///
/// A spec names an endpoint and a Secret; whoever can write the first must not thereby read the second. Credentials go
/// over `https` to the provider's own hosts, and to hosts that the Secret's owner or the operator's flags name
/// (annotation `modelapp.dev/hosts`, `--allow-endpoint`), there also over `http`.
public struct EndpointPolicy: Sendable, Hashable {
    /// Further hosts, each `host` or `host:port`, lower case.
    public var allowed: Set<String>

    /// The provider's own hosts and `allowed`.
    public init(allowed: some Sequence<String> = []) {
        self.allowed = Set(allowed.map { $0.lowercased() })
    }

    /// The provider's own hosts only.
    public static let providersOnly = EndpointPolicy()

    /// Throws `endpointRefused` where `url` may not see credentials.
    func check(_ url: HTTPURL, isProvidersOwn: (String) -> Bool) throws(ObjectStoreError) {
        if allowed.contains(url.host) || allowed.contains(url.authority) { return }
        let port = url.port ?? (url.scheme == "https" ? 443 : 80)
        if allowed.contains("\(url.host):\(port)") || allowed.contains("[\(url.host)]:\(port)") { return }
        guard isProvidersOwn(url.host) else {
            throw ObjectStoreError(
                .endpointRefused,
                "credentials are not sent to \(url.origin.clipped): name the host in the Secret's annotation "
                    + "modelapp.dev/hosts or in --allow-endpoint"
            )
        }
        guard url.scheme == "https", url.port == nil else {
            throw ObjectStoreError(
                .endpointRefused,
                "credentials are not sent to \(url.origin.clipped): the provider is reached by https on port 443"
            )
        }
    }

    /// Azure's public, Chinese and US government clouds, and DNS zone endpoints.
    static func isAzureBlob(_ host: String) -> Bool {
        [
            ".blob.core.windows.net", ".blob.storage.azure.net", ".blob.core.chinacloudapi.cn",
            ".blob.core.usgovcloudapi.net",
        ].contains { host.hasSuffix($0) && host.utf8.count > $0.utf8.count }
    }

    /// S3's service endpoints: `s3.amazonaws.com`, `s3.REGION.amazonaws.com` and their dual-stack and FIPS forms. Other
    /// names under `amazonaws.com` belong to customers (EC2, load balancers, API Gateway).
    static func isS3(_ host: String) -> Bool {
        for suffix in [".amazonaws.com", ".amazonaws.com.cn"] where host.hasSuffix(suffix) {
            let labels = host.dropLast(suffix.count).split(separator: ".", omittingEmptySubsequences: false)
            guard let service = labels.first, service == "s3" || service.hasPrefix("s3-") else { return false }
            let rest = labels.dropFirst().filter { $0 != "dualstack" }
            return rest.count <= 1 && rest.allSatisfy { AWSRegion.isWellFormed(String($0)) }
        }
        return false
    }
}
