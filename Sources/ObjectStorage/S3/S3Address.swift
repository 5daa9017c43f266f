import Artifacts
import HTTPTransport

/// Where a bucket's objects are: the rules of virtual-host and path style.
///
/// A custom endpoint gets path style, since its certificate and DNS seldom cover `bucket.host`; so does a bucket with
/// dots, which AWS's wildcard certificate does not cover; every other is `bucket.s3.REGION.amazonaws.com`.
struct S3Address: Sendable, Hashable {
    let bucket: String
    let endpoint: HTTPURL?

    init(bucket: String, endpoint: HTTPURL?) throws(ObjectStoreError) {
        let isName = bucket.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E
        }
        // Servers other than AWS allow what AWS allowed before 2018; path style keeps such a name out of the host.
        let isOldName = bucket.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || [0x2D, 0x2E, 0x5F].contains($0)
        }
        let isPlain = !bucket.hasPrefix(".") && !bucket.hasPrefix("-") && !bucket.hasSuffix(".")
        guard isPlain, !bucket.contains(".."),
            endpoint == nil
                ? isName && !bucket.hasSuffix("-") && (3...63).contains(bucket.utf8.count)
                : isOldName && (1...255).contains(bucket.utf8.count)
        else {
            throw ObjectStoreError(
                .configuration,
                "\"\(bucket.clipped)\" is no bucket name: 3 to 63 lower-case letters, digits, dots and hyphens"
            )
        }
        guard endpoint?.query == nil else {
            throw ObjectStoreError(.configuration, "the endpoint \(endpoint?.redacted ?? "") must not have a query")
        }
        self.bucket = bucket
        self.endpoint = endpoint
    }

    /// The URL of `key`, or of the bucket where it is nil.
    func url(region: String, key: String? = nil, query: String? = nil) -> HTTPURL {
        let object = HTTPURL.encode(key ?? "", keepingSlashes: true)
        if var url = endpoint {
            let base = url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path
            url.path = "\(base)/\(bucket)" + (key == nil ? "" : "/\(object)")
            url.query = query
            return url
        }
        let service = "s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
        if bucket.contains(".") {
            let path = "/\(bucket)" + (key == nil ? "" : "/\(object)")
            return HTTPURL(scheme: "https", host: service, path: path, query: query)
        }
        return HTTPURL(scheme: "https", host: "\(bucket).\(service)", path: "/\(object)", query: query)
    }
}
