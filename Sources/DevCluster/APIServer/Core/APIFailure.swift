import JSON

/// A refusal of the API server (`metav1.Status`, apimachinery `api/errors`).
struct APIFailure: Error, Sendable, Hashable {
    /// One thing that is wrong.
    struct Cause: Sendable, Hashable {
        var reason: String
        var message: String
        var field = ""
    }

    var code: Int
    var reason: String
    var message: String
    var name = ""
    var group = ""
    /// The plural for most failures, the kind for those of validation.
    var kind = ""
    var causes: [Cause] = []
    var retryAfterSeconds: Int?
    /// A continue token that goes on from now, for a list that cannot be finished as it began.
    var continueToken: String?

    /// The status document.
    var json: JSONValue {
        var details: [String: JSONValue] = [:]
        if !name.isEmpty { details["name"] = .string(name) }
        if !group.isEmpty { details["group"] = .string(group) }
        if !kind.isEmpty { details["kind"] = .string(kind) }
        if !causes.isEmpty {
            details["causes"] = .array(
                causes.map { cause in
                    var json: JSONValue = ["reason": .string(cause.reason), "message": .string(cause.message)]
                    if !cause.field.isEmpty { json["field"] = .string(cause.field) }
                    return json
                }
            )
        }
        if let retryAfterSeconds { details["retryAfterSeconds"] = .integer(Int64(retryAfterSeconds)) }
        var metadata: JSONValue = .object([:])
        if let continueToken { metadata["continue"] = .string(continueToken) }
        var status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": .string(message), "reason": .string(reason), "code": .integer(Int64(code)),
        ]
        if !details.isEmpty { status["details"] = .object(details) }
        return status
    }
}

extension APIFailure {
    static let unauthorized = APIFailure(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static let unknownPath = APIFailure(
        code: 404,
        reason: "NotFound",
        message: "the server could not find the requested resource"
    )

    static func badRequest(_ message: String) -> APIFailure {
        APIFailure(code: 400, reason: "BadRequest", message: message)
    }

    static func notFound(_ resource: ResourceName, _ name: String) -> APIFailure {
        APIFailure(
            code: 404,
            reason: "NotFound",
            message: "\(resource) \"\(name)\" not found",
            name: name,
            group: resource.group,
            kind: resource.plural
        )
    }

    static func alreadyExists(_ resource: ResourceName, _ name: String) -> APIFailure {
        APIFailure(
            code: 409,
            reason: "AlreadyExists",
            message: "\(resource) \"\(name)\" already exists",
            name: name,
            group: resource.group,
            kind: resource.plural
        )
    }

    static func conflict(_ resource: ResourceName, _ name: String, _ why: String) -> APIFailure {
        APIFailure(
            code: 409,
            reason: "Conflict",
            message: "Operation cannot be fulfilled on \(resource) \"\(name)\": \(why)",
            name: name,
            group: resource.group,
            kind: resource.plural
        )
    }

    static let modified = "the object has been modified; please apply your changes to the latest version and try again"

    static func forbidden(_ resource: ResourceName, _ name: String, _ why: String) -> APIFailure {
        APIFailure(
            code: 403,
            reason: "Forbidden",
            message: "\(resource) \"\(name)\" is forbidden: \(why)",
            name: name,
            group: resource.group,
            kind: resource.plural
        )
    }

    static func invalid(_ kind: String, group: String, _ name: String, _ problems: [FieldIssue]) -> APIFailure {
        let qualified = group.isEmpty ? kind : "\(kind).\(group)"
        let texts = problems.map(\.description)
        let list = texts.count == 1 ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
        return APIFailure(
            code: 422,
            reason: "Invalid",
            message: "\(qualified) \"\(name)\" is invalid: \(list)",
            name: name,
            group: group,
            kind: kind,
            causes: problems.map { Cause(reason: $0.kind.rawValue, message: $0.message, field: $0.field) }
        )
    }

    static func expired(_ message: String, continueToken: String? = nil) -> APIFailure {
        APIFailure(code: 410, reason: "Expired", message: message, continueToken: continueToken)
    }

    static func tooLargeResourceVersion(_ wanted: Int64, present: Int64) -> APIFailure {
        APIFailure(
            code: 504,
            reason: "Timeout",
            message: "Timeout: Too large resource version: \(wanted), current: \(present)",
            causes: [Cause(reason: "ResourceVersionTooLarge", message: "Too large resource version")],
            retryAfterSeconds: 1
        )
    }

    static func unsupportedMediaType(_ type: String, accepted: [String]) -> APIFailure {
        APIFailure(
            code: 415,
            reason: "UnsupportedMediaType",
            message: "the body of the request was in an unknown format - accepted media types include: "
                + accepted.joined(separator: ", ")
        )
    }

    static let notAcceptable = APIFailure(
        code: 406,
        reason: "NotAcceptable",
        message: "only the following media types are accepted: application/json"
    )

    /// Something asked of the inside of a pod.
    static func simulatedPod(_ subresource: String) -> APIFailure {
        APIFailure(
            code: 501,
            reason: "NotImplemented",
            message:
                "the pods of this development server are simulated: no container runs in them, so \"\(subresource)\" "
                + "has nothing to answer. Use a cluster with nodes"
        )
    }

    static func methodNotAllowed(_ verb: String) -> APIFailure {
        APIFailure(
            code: 405,
            reason: "MethodNotAllowed",
            message: "the server does not allow this method on the requested resource"
        )
    }

    static func tooLarge(_ limit: Int) -> APIFailure {
        APIFailure(
            code: 413,
            reason: "RequestEntityTooLarge",
            message: "Request entity too large: limit is \(limit)"
        )
    }
}

/// Something wrong with a member of an object (apimachinery `validation/field`).
struct FieldIssue: Sendable, Hashable, CustomStringConvertible {
    /// The reason of the cause in a status.
    enum Kind: String, Sendable {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case duplicate = "FieldValueDuplicate"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case notFound = "FieldValueNotFound"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"
    }

    var kind: Kind
    var field: String
    /// The message without the field, as it stands in the cause.
    var message: String

    var description: String { "\(field): \(message)" }

    static func required(_ field: String, _ detail: String = "") -> FieldIssue {
        FieldIssue(kind: .required, field: field, message: "Required value" + (detail.isEmpty ? "" : ": " + detail))
    }

    static func invalid(_ field: String, _ value: JSONValue?, _ detail: String) -> FieldIssue {
        FieldIssue(kind: .invalid, field: field, message: "Invalid value: \(text(value)): \(detail)")
    }

    static func duplicate(_ field: String, _ value: JSONValue?) -> FieldIssue {
        FieldIssue(kind: .duplicate, field: field, message: "Duplicate value: \(text(value))")
    }

    static func notSupported(_ field: String, _ value: JSONValue?, _ supported: [String]) -> FieldIssue {
        let list = supported.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        return FieldIssue(
            kind: .notSupported,
            field: field,
            message: "Unsupported value: \(text(value)): supported values: \(list)"
        )
    }

    static func forbidden(_ field: String, _ detail: String) -> FieldIssue {
        FieldIssue(kind: .forbidden, field: field, message: "Forbidden: \(detail)")
    }

    static func notFound(_ field: String, _ value: JSONValue?) -> FieldIssue {
        FieldIssue(kind: .notFound, field: field, message: "Not found: \(text(value))")
    }

    private static func text(_ value: JSONValue?) -> String {
        String((value ?? .null).canonicalText.prefix(512))
    }
}
