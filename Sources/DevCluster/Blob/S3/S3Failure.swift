import HTTPTypes

/// An error as S3 writes it.
struct S3Failure: Error, Sendable {
    var status: HTTPResponse.Status
    var code: String
    var message: String
    var headers: HTTPFields = [:]
    /// Further elements of the error document.
    var details: [(name: String, value: String)] = []

    init(
        _ status: HTTPResponse.Status,
        _ code: String,
        _ message: String,
        _ headers: HTTPFields = [:],
        details: [(name: String, value: String)] = []
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.details = details
    }

    /// The answer that carries it.
    func response(resource: String) -> LocalResponse {
        if status == .notModified { return LocalResponse(status, headers) }
        var xml = XMLText()
        xml.element("Error") { error in
            error.element("Code", code)
            error.element("Message", message)
            for (name, value) in details { error.element(name, value) }
            error.element("Resource", resource)
        }
        return LocalResponse(status, headers, text: xml.text, type: "application/xml")
    }

    /// The failure that an error of the shelf or of an upload stands for.
    init(_ error: any Error) {
        switch error {
        case let failure as S3Failure: self = failure
        case BlobShelf.Failure.noContainer: self = .noSuchBucket
        case BlobShelf.Failure.containerNotEmpty:
            self = .init(.conflict, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
        case BlobShelf.Failure.nameNotStorable:
            self = .invalidArgument("the folder cannot hold an object of this name")
        case ReceivedContent.Failure.wrongLength:
            self = .init(.badRequest, "IncompleteBody", "The body does not have the announced length.")
        case ReceivedContent.Failure.tooLarge(let limit):
            self = .init(.badRequest, "EntityTooLarge", "The body is larger than \(limit) bytes.")
        default: self = .init(.internalServerError, "InternalError", "\(error)")
        }
    }

    static let noSuchBucket = S3Failure(.notFound, "NoSuchBucket", "The specified bucket does not exist")
    static let noSuchKey = S3Failure(.notFound, "NoSuchKey", "The specified key does not exist.")
    static let noSuchUpload = S3Failure(.notFound, "NoSuchUpload", "The specified upload does not exist.")
    static let preconditionFailed = S3Failure(
        .preconditionFailed,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold"
    )
    static let malformedXML = S3Failure(.badRequest, "MalformedXML", "The XML you provided was not well-formed.")
    static func invalidArgument(_ why: String) -> S3Failure { S3Failure(.badRequest, "InvalidArgument", why) }
    static func notImplemented(_ what: String) -> S3Failure {
        S3Failure(.notImplemented, "NotImplemented", "not emulated: \(what)")
    }
    static func accessDenied(_ why: String) -> S3Failure { S3Failure(.forbidden, "AccessDenied", why) }
    static func badDigest(_ what: String) -> S3Failure {
        S3Failure(.badRequest, "BadDigest", "The \(what) you specified did not match what we received.")
    }
}

extension HTTPField.Name {
    static let amzDate = known("x-amz-date")
    static let amzContentSHA256 = known("x-amz-content-sha256")
    static let amzSecurityToken = known("x-amz-security-token")
    static let amzDecodedLength = known("x-amz-decoded-content-length")
    static let amzTrailer = known("x-amz-trailer")
    static let amzVersionID = known("x-amz-version-id")
    static let amzDeleteMarker = known("x-amz-delete-marker")
    static let amzRequestID = known("x-amz-request-id")
    static let amzBucketRegion = known("x-amz-bucket-region")
    static let amzCopySource = known("x-amz-copy-source")
    static let amzChecksumMode = known("x-amz-checksum-mode")
    static let amzChecksumType = known("x-amz-checksum-type")
    static let amzChecksumAlgorithm = known("x-amz-checksum-algorithm")
}
