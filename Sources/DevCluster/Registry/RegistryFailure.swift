import HTTPTypes
import JSON

/// An error as the distribution specification writes it.
struct RegistryFailure: Error, Sendable {
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
        let body: JSONValue = [
            "errors": [["code": .string(code), "message": .string(message), "detail": .null]]
        ]
        return LocalResponse(status, headers, text: body.canonicalText, type: "application/json")
    }

    static func nameInvalid(_ name: String) -> RegistryFailure {
        RegistryFailure(.badRequest, "NAME_INVALID", "invalid repository name: \(name)")
    }
    static func nameUnknown(_ name: String) -> RegistryFailure {
        RegistryFailure(.notFound, "NAME_UNKNOWN", "repository name not known to registry: \(name)")
    }
    static func manifestUnknown(_ reference: String) -> RegistryFailure {
        RegistryFailure(.notFound, "MANIFEST_UNKNOWN", "manifest unknown: \(reference)")
    }
    static func manifestInvalid(_ why: String) -> RegistryFailure {
        RegistryFailure(.badRequest, "MANIFEST_INVALID", "manifest invalid: \(why)")
    }
    static func blobUnknown(_ digest: String) -> RegistryFailure {
        RegistryFailure(.notFound, "BLOB_UNKNOWN", "blob unknown to registry: \(digest)")
    }
    static func uploadUnknown(_ id: String) -> RegistryFailure {
        RegistryFailure(.notFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry: \(id)")
    }
    static func digestInvalid(_ why: String) -> RegistryFailure {
        RegistryFailure(.badRequest, "DIGEST_INVALID", why)
    }
    static let unsupported = RegistryFailure(
        .methodNotAllowed,
        "UNSUPPORTED",
        "the operation is unsupported"
    )
    static let notFound = RegistryFailure(.notFound, "NOT_FOUND", "no such path")
    static func paginationInvalid(_ text: String) -> RegistryFailure {
        RegistryFailure(.badRequest, "PAGINATION_NUMBER_INVALID", "not a number of results: \(text)")
    }
}
