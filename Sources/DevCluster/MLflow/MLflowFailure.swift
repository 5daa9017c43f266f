import HTTPTypes
import JSON

/// An error as MLflow writes it.
struct MLflowFailure: Error, Sendable {
    var status: HTTPResponse.Status
    var code: String
    var message: String

    /// The answer that carries it.
    var response: LocalResponse {
        let body: JSONValue = ["error_code": .string(code), "message": .string(message)]
        return LocalResponse(status, text: body.canonicalText, type: "application/json")
    }

    static func absent(_ what: String) -> MLflowFailure {
        MLflowFailure(status: .notFound, code: "RESOURCE_DOES_NOT_EXIST", message: what)
    }
    static func invalid(_ what: String) -> MLflowFailure {
        MLflowFailure(status: .badRequest, code: "INVALID_PARAMETER_VALUE", message: what)
    }
    static func exists(_ what: String) -> MLflowFailure {
        MLflowFailure(status: .badRequest, code: "RESOURCE_ALREADY_EXISTS", message: what)
    }
    static let unknownRoute = MLflowFailure(status: .notFound, code: "ENDPOINT_NOT_FOUND", message: "no such endpoint")
    static let unauthorized = MLflowFailure(
        status: .unauthorized,
        code: "UNAUTHENTICATED",
        message: "You are not authenticated."
    )
}
