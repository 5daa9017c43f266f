import CloudIdentity
import HTTPTransport
import HTTPTypes

/// An answer other than success, as far as it concerns us.
struct Refusal: Sendable {
    var response: HTTPResponse
    /// The service's error code, from its header or body.
    var code: String?
    /// Where S3 says the bucket is.
    var region: String?

    var status: Int { response.status.code }
    /// Whether S3 says that the key's newest version is a deletion.
    var isDeleteMarker: Bool { response.headerFields[.amzDeleteMarker] == "true" }

    /// Reads what there is to read.
    init(_ response: HTTPResponse, _ chunks: HTTPBodyChunks) async {
        self.response = response
        code = ErrorDocument.word(response.headerFields[.msErrorCode])
        region = response.headerFields[.amzBucketRegion].flatMap { AWSRegion.isWellFormed($0) ? $0 : nil }
        let document = await ErrorDocument.read(chunks)
        code = code ?? document.code
        region = region ?? document.region
    }

    /// `status code`, for a message.
    var summary: String { code.map { "\(status) \($0)" } ?? "\(status)" }

    /// The error for what is the same on every service.
    func error(at place: String) -> ObjectStoreError {
        func make(_ kind: ObjectStoreError.Code, _ advice: String) -> ObjectStoreError {
            ObjectStoreError(
                kind,
                "\(place): \(summary): \(advice)",
                retryAfter: HTTPRetry.retryAfter(response),
                serverCode: code
            )
        }
        switch status {
        case 300..<400: return make(.endpointRefused, "redirects are not followed; correct the endpoint or the region")
        case 401: return make(.unauthorized, "the credentials are missing or not accepted")
        case 403: return make(.denied, "the credentials do not allow this")
        case 412: return make(.preconditionFailed, "the bytes seen before were overwritten")
        case 416: return make(.rejected, "the range lies outside the object")
        case 429: return make(.throttled, "too many requests; scan less often")
        case 503: return make(.throttled, "the store asks for fewer requests; scan less often")
        case 500...: return make(.unavailable, "the store failed; it is tried again at the next scan")
        default: return make(.rejected, "the store refuses the request")
        }
    }
}

extension HTTPField.Name {
    static let amzBucketRegion = HTTPField.Name.known("x-amz-bucket-region")
    static let amzChecksumMode = HTTPField.Name.known("x-amz-checksum-mode")
    static let amzDeleteMarker = HTTPField.Name.known("x-amz-delete-marker")
    static let amzVersionID = HTTPField.Name.known("x-amz-version-id")
    static let msBlobMD5 = HTTPField.Name.known("x-ms-blob-content-md5")
    static let msDate = HTTPField.Name.known("x-ms-date")
    static let msErrorCode = HTTPField.Name.known("x-ms-error-code")
    static let msIsCurrentVersion = HTTPField.Name.known("x-ms-is-current-version")
    static let msRange = HTTPField.Name.known("x-ms-range")
    static let msResourceType = HTTPField.Name.known("x-ms-resource-type")
    static let msVersion = HTTPField.Name.known("x-ms-version")
    static let msVersionID = HTTPField.Name.known("x-ms-version-id")

    /// A name that is a literal of this file.
    static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no header name") }
        return name
    }
}
