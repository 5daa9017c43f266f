import HTTPTypes

/// An error as Azure Blob Storage writes it.
struct AzureBlobFailure: Error, Sendable {
    var status: HTTPResponse.Status
    var code: String
    var message: String
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, _ headers: HTTPFields = [:]) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    /// The answer that carries it.
    var response: LocalResponse {
        var headers = headers
        headers[.azureErrorCode] = code
        if status == .notModified { return LocalResponse(status, headers) }
        var xml = XMLText()
        xml.element("Error") { error in
            error.element("Code", code)
            error.element("Message", message)
        }
        return LocalResponse(status, headers, text: xml.text, type: "application/xml")
    }

    /// The failure that an error of the shelf or of an upload stands for.
    init(_ error: any Error) {
        switch error {
        case let failure as AzureBlobFailure: self = failure
        case BlobShelf.Failure.noContainer: self = .containerNotFound
        case BlobShelf.Failure.nameNotStorable:
            self = .init(.badRequest, "InvalidResourceName", "the folder cannot hold a blob of this name")
        case ReceivedContent.Failure.wrongLength:
            self = .init(.badRequest, "InvalidHeaderValue", "the body does not have the announced length")
        case ReceivedContent.Failure.tooLarge(let limit):
            self = .init(.contentTooLarge, "RequestBodyTooLarge", "the body is larger than \(limit) bytes")
        default: self = .init(.internalServerError, "InternalError", "\(error)")
        }
    }

    static let containerNotFound = AzureBlobFailure(
        .notFound,
        "ContainerNotFound",
        "The specified container does not exist."
    )
    static let blobNotFound = AzureBlobFailure(.notFound, "BlobNotFound", "The specified blob does not exist.")
    static let conditionNotMet = AzureBlobFailure(
        .preconditionFailed,
        "ConditionNotMet",
        "The condition specified using HTTP conditional header(s) is not met."
    )
    static func authenticationFailed(_ why: String) -> AzureBlobFailure {
        AzureBlobFailure(.forbidden, "AuthenticationFailed", "Server failed to authenticate the request: \(why)")
    }
    static let permissionMismatch = AzureBlobFailure(
        .forbidden,
        "AuthorizationPermissionMismatch",
        "This request is not authorized to perform this operation."
    )
    static func invalidQuery(_ why: String) -> AzureBlobFailure {
        AzureBlobFailure(.badRequest, "InvalidQueryParameterValue", why)
    }
    static let md5Mismatch = AzureBlobFailure(
        .badRequest,
        "Md5Mismatch",
        "The MD5 value specified in the request did not match the content."
    )
}

extension HTTPField.Name {
    static let azureErrorCode = known("x-ms-error-code")
    static let azureVersion = known("x-ms-version")
    static let azureDate = known("x-ms-date")
    static let azureRequestID = known("x-ms-request-id")
    static let azureClientRequestID = known("x-ms-client-request-id")
    static let azureRange = known("x-ms-range")
    static let azureRangeMD5 = known("x-ms-range-get-content-md5")
    static let azureBlobType = known("x-ms-blob-type")
    static let azureContentMD5 = known("x-ms-blob-content-md5")
    static let azureLeaseStatus = known("x-ms-lease-status")
    static let azureLeaseState = known("x-ms-lease-state")
    static let azureEncrypted = known("x-ms-server-encrypted")
    static let azureRequestEncrypted = known("x-ms-request-server-encrypted")
    static let azureCreationTime = known("x-ms-creation-time")
    static let azureStructuredBody = known("x-ms-structured-body")
    static let contentMD5 = known("Content-MD5")
}
