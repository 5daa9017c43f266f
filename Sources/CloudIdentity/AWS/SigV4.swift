public import Artifacts
import Crypto
import FoundationEssentials
public import HTTPTransport
public import HTTPTypes

/// AWS Signature Version 4 in the `Authorization` header (AWS General Reference, "Signature Version 4 signing process").
///
/// Pure: the same input gives the same signature. The path is signed as it stands, which is S3's rule; other services
/// normalise it and encode it twice.
public struct SigV4: Sendable {
    /// What the signature says about the body.
    public enum Payload: Sendable, Hashable {
        /// There is none.
        case empty
        /// These bytes.
        case bytes([UInt8])
        /// Nothing (`UNSIGNED-PAYLOAD`): S3 only, over TLS only.
        case unsigned

        /// The value of `x-amz-content-sha256` and the last line of the canonical request.
        public var hash: String {
            switch self {
            case .empty: SigV4.hexDigest([])
            case .bytes(let bytes): SigV4.hexDigest(bytes)
            case .unsigned: "UNSIGNED-PAYLOAD"
            }
        }
    }

    /// Who signs.
    public var key: AWSAccessKey
    /// The region the service is in.
    public var region: String
    /// The service's signing name.
    public var service: String

    /// A signer for one service in one region.
    public init(key: AWSAccessKey, region: String, service: String = "s3") {
        self.key = key
        self.region = region
        self.service = service
    }

    /// The headers of `request` with `x-amz-date`, `x-amz-security-token` where there is one, for S3
    /// `x-amz-content-sha256`, and `Authorization`. Every header of the request and `host` is signed.
    public func signed(
        _ method: HTTPRequest.Method,
        _ url: HTTPURL,
        _ headers: HTTPFields,
        payload: Payload = .empty,
        at date: Timestamp
    ) -> HTTPFields {
        var headers = headers
        headers[.amzDate] = SigV4.compact(date)
        if service == "s3" { headers[.amzContentHash] = payload.hash }
        if let token = key.sessionToken { headers[.amzSecurityToken] = token.value }
        let canonical = canonicalRequest(method, url, headers, payload)
        let toSign = stringToSign(canonical.text, at: date)
        let signature = SigV4.hmac(signingKey(at: date), toSign).hexadecimal
        headers[.authorization] =
            "AWS4-HMAC-SHA256 Credential=\(key.id)/\(scope(at: date)), "
            + "SignedHeaders=\(canonical.signedHeaders), Signature=\(signature)"
        return headers
    }

    func canonicalRequest(
        _ method: HTTPRequest.Method,
        _ url: HTTPURL,
        _ headers: HTTPFields,
        _ payload: Payload
    ) -> (text: String, signedHeaders: String) {
        var values: [String: String] = ["host": url.authority]
        for field in headers where field.name != .authorization {
            let value = SigV4.collapsed(field.value)
            let name = field.name.canonicalName
            values[name] = values[name].map { $0 + "," + value } ?? value
        }
        let names = values.keys.sorted()
        let lines = names.map { "\($0):\(values[$0] ?? "")\n" }.joined()
        let signedHeaders = names.joined(separator: ";")
        let text = """
            \(method.rawValue)
            \(url.path)
            \(SigV4.canonicalQuery(url.query))
            \(lines)
            \(signedHeaders)
            \(payload.hash)
            """
        return (text, signedHeaders)
    }

    func stringToSign(_ canonicalRequest: String, at date: Timestamp) -> String {
        "AWS4-HMAC-SHA256\n\(SigV4.compact(date))\n\(scope(at: date))\n\(SigV4.hexDigest(Array(canonicalRequest.utf8)))"
    }

    private func scope(at date: Timestamp) -> String {
        "\(SigV4.compact(date).prefix(8))/\(region)/\(service)/aws4_request"
    }

    private func signingKey(at date: Timestamp) -> [UInt8] {
        let secret = Array("AWS4\(key.secret.value)".utf8)
        let day = SigV4.hmac(secret, String(SigV4.compact(date).prefix(8)))
        return SigV4.hmac(SigV4.hmac(SigV4.hmac(day, region), service), "aws4_request")
    }

    /// Pairs sorted by encoded name and value, each encoded anew, so that any spelling of a query gives one form.
    static func canonicalQuery(_ query: String?) -> String {
        guard let query, !query.isEmpty else { return "" }
        let pairs = query.split(separator: "&").map { pair -> (String, String) in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            func encoded(_ part: Substring) -> String { HTTPURL.encode(HTTPURL.decode(part) ?? String(part)) }
            return (encoded(parts.first ?? ""), parts.count == 2 ? encoded(parts[1]) : "")
        }
        return pairs.sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// The value without outer spaces, runs of inner ones as one.
    static func collapsed(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }

    /// `20150830T123600Z`.
    static func compact(_ date: Timestamp) -> String {
        String(date.rfc3339.filter { $0 != "-" && $0 != ":" })
    }

    static func hexDigest(_ bytes: [UInt8]) -> String { Array(SHA256.hash(data: bytes)).hexadecimal }

    private static func hmac(_ key: [UInt8], _ text: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }
}

extension HTTPField.Name {
    static let amzDate = HTTPField.Name.known("x-amz-date")
    static let amzContentHash = HTTPField.Name.known("x-amz-content-sha256")
    static let amzSecurityToken = HTTPField.Name.known("x-amz-security-token")

    /// A name that is a literal of this module.
    static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no header name") }
        return name
    }
}
