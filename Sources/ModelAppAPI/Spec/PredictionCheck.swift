import JSON
public import KubernetesAPI

/// Inputs whose answers are compared between the release that runs and the candidate.
public struct PredictionCheck: APIObject {
    /// What PredictionCheck is.
    public static let summary =
        "Inputs that the running release and the candidate both answer, and how far they may differ."
    /// The port.
    public var port: Int64 = 0
    /// The method.
    public var method = "POST"
    /// The path.
    public var path = "/"
    /// Headers.
    public var headers: [String: String] = [:]
    /// Where the inputs come from.
    public var inputsFrom = BodySource()
    /// What is compared.
    public var jsonPath: String?
    /// How far two numbers may be apart and agree.
    public var tolerance: Decimal64?
    /// The least part of the inputs whose answers agree.
    public var agreement: Decimal64?
    /// The greatest mean difference of numbers.
    public var maxDrift: Decimal64?

    /// An empty check.
    public init() {}

    /// The members.
    public static let fields = FieldTable<PredictionCheck>([
        .field("port", \.port, "The port.", required: true, .range(1...65_535)),
        .field("method", \.method, "The method.", .maxLength(16), .pattern("^[A-Z]{1,16}$"), .defaulted("POST")),
        .field("path", \.path, "The path.", .maxLength(1024), .pattern("^/"), .defaulted("/")),
        .field("headers", \.headers, "Headers of the requests.", .maxProperties(32), .valueMaxLength(1024)),
        .field(
            "inputsFrom",
            \.inputsFrom,
            "Where the inputs come from: one request body on each line, at most 256.",
            required: true
        ),
        .field("jsonPath", \.jsonPath, "What of an answer is compared. Default: all of it.", .maxLength(512)),
        .field("tolerance", \.tolerance, "How far two numbers may be apart and agree. Default: 0."),
        .field("agreement", \.agreement, "The least part of the inputs whose answers agree, 0 to 1. Default: 1."),
        .field("maxDrift", \.maxDrift, "The greatest mean difference of the numbers. Default: any."),
    ])
}
