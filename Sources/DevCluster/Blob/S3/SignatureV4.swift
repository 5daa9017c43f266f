import Artifacts
import Crypto
import HTTPTransport
import HTTPTypes

/// AWS Signature Version 4 as a verifier computes it (Amazon S3 API: Authenticating Requests). Pure.
struct SignatureV4: Sendable {
    /// `20260131/eu-central-1/s3/aws4_request`.
    let scope: String
    /// `20260131T020000Z`.
    let date: String
    private let key: SymmetricKey

    static let algorithm = "AWS4-HMAC-SHA256"

    init(secret: String, date: String, region: String, service: String) {
        let day = String(date.prefix(8))
        scope = "\(day)/\(region)/\(service)/aws4_request"
        self.date = date
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in [day, region, service, "aws4_request"] {
            key = SymmetricKey(data: Array(HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key)))
        }
        self.key = key
    }

    /// The signature of a request.
    /// - Parameters:
    ///   - signedHeaders: the names that are signed, in lower case, in the order given.
    ///   - payload: the hash of the body, or what stands for it.
    func signature(
        of request: HTTPRequest,
        _ target: RequestTarget,
        signedHeaders: [String],
        payload: String
    ) -> String {
        let path = HTTPURL.decode(target.rawPath).map { HTTPURL.encode($0, keepingSlashes: true) } ?? target.rawPath
        let signed = target.query.filter { $0.name != "X-Amz-Signature" }
        let encoded = signed.map { (name: HTTPURL.encode($0.name), value: HTTPURL.encode($0.value)) }
        let sorted = encoded.sorted { $0.name == $1.name ? $0.value < $1.value : $0.name < $1.name }
        let query = sorted.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let headers = signedHeaders.map { "\($0):\(SignatureV4.value(of: $0, in: request))\n" }.joined()
        let canonical = [
            request.method.rawValue, path, query, headers, signedHeaders.joined(separator: ";"), payload,
        ].joined(separator: "\n")
        return sign([SignatureV4.algorithm, date, scope, SignatureV4.hash(canonical)])
    }

    /// The signature of one chunk of a body, which covers the one before it.
    func signature(ofChunk hash: String, after previous: String) -> String {
        sign(["AWS4-HMAC-SHA256-PAYLOAD", date, scope, previous, SignatureV4.hash(""), hash])
    }

    /// The signature of the fields that follow a body in chunks.
    func signature(ofTrailer fields: String, after previous: String) -> String {
        sign(["AWS4-HMAC-SHA256-TRAILER", date, scope, previous, SignatureV4.hash(fields)])
    }

    private func sign(_ lines: [String]) -> String {
        Array(HMAC<SHA256>.authenticationCode(for: Array(lines.joined(separator: "\n").utf8), using: key)).hexadecimal
    }

    static func hash(_ text: String) -> String { Array(SHA256.hash(data: Array(text.utf8))).hexadecimal }

    /// A header's value as it is signed: without spaces at the ends, and one space where there are several.
    private static func value(of name: String, in request: HTTPRequest) -> String {
        if name == "host" { return request.authority ?? "" }
        let values = request.headerFields.filter { $0.name.canonicalName == name }.map(\.value)
        return values.map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: ",")
    }

    /// The instant that `20260131T020000Z` names; nil where it is malformed.
    static func instant(_ text: String) -> Timestamp? {
        let digits = Array(text)
        guard digits.count == 16, digits[8] == "T", digits[15] == "Z" else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return try? Timestamp(
            rfc3339: "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
        )
    }
}
