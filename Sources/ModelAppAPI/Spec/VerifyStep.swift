public import JSON
public import KubernetesAPI

/// A check before traffic; exactly one kind is set.
public struct VerifyStep: APIObject {
    /// What VerifyStep is.
    public static let summary = "A check before traffic reaches a release."
    /// Its name.
    public var name = ""
    /// An HTTP request.
    public var http: HTTPCheck?
    /// A Job.
    public var job: JobCheck?
    /// A query.
    public var prometheus: PrometheusCheck?
    /// Answers that are compared with those of the release that runs.
    public var predictions: PredictionCheck?
    /// How long one try may take.
    public var timeout: Period?
    /// How often an HTTP request that failed is sent again.
    public var retries: Int64 = 2

    /// An empty check.
    public init() {}

    /// Exactly one kind.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "http", "job", "prometheus", "predictions")]

    /// The members.
    public static let fields = FieldTable<VerifyStep>([
        .field("name", \.name, "Its name.", required: true, .minLength(1), .maxLength(63)),
        .field("http", \.http, "An HTTP request to the candidate."),
        .field("job", \.job, "A Job that has to succeed."),
        .field("prometheus", \.prometheus, "A query whose result has to stay in bounds."),
        .field(
            "predictions",
            \.predictions,
            "Inputs whose answers are compared with those of the release that runs."
        ),
        .field("timeout", \.timeout, "How long one try may take. Default: 30s, for a Job 10m."),
        .field(
            "retries",
            \.retries,
            "How often an HTTP request that failed is sent again.",
            .range(0...10),
            .defaulted(2)
        ),
    ])
}

/// An HTTP request to a candidate.
public struct HTTPCheck: APIObject {
    /// What HTTPCheck is.
    public static let summary = "An HTTP request to the candidate."
    /// The port.
    public var port: Int64 = 0
    /// The method.
    public var method = "GET"
    /// The path.
    public var path = "/"
    /// Headers.
    public var headers: [String: String] = [:]
    /// Where the body comes from.
    public var bodyFrom: BodySource?
    /// What the answer has to be.
    public var expect = HTTPExpectation()

    /// An empty check.
    public init() {}

    /// The members.
    public static let fields = FieldTable<HTTPCheck>([
        .field("port", \.port, "The port.", required: true, .range(1...65_535)),
        .field("method", \.method, "The method.", .maxLength(16), .pattern("^[A-Z]{1,16}$"), .defaulted("GET")),
        .field("path", \.path, "The path.", .maxLength(1024), .pattern("^/"), .defaulted("/")),
        .field("headers", \.headers, "Headers of the request.", .maxProperties(32), .valueMaxLength(1024)),
        .field("bodyFrom", \.bodyFrom, "Where the body comes from."),
        .field("expect", \.expect, "What the answer has to be."),
    ])
}

/// Where a body comes from.
public struct BodySource: APIObject {
    /// What BodySource is.
    public static let summary = "Where a body comes from."
    /// A key of a ConfigMap.
    public var configMapKeyRef = KeyReference()

    /// No body.
    public init() {}

    /// The members.
    public static let fields = FieldTable<BodySource>([
        .field("configMapKeyRef", \.configMapKeyRef, "A key of a ConfigMap.", required: true)
    ])
}

/// A key of an object in the same namespace.
public struct KeyReference: APIObject {
    /// What KeyReference is.
    public static let summary = "A key of an object in the same namespace."
    /// The object.
    public var name = ""
    /// The key.
    public var key = ""

    /// An empty reference.
    public init() {}

    /// The members.
    public static let fields = FieldTable<KeyReference>([
        .field("name", \.name, "The object's name.", required: true, .minLength(1), .maxLength(253)),
        .field("key", \.key, "The key.", required: true, .minLength(1), .maxLength(253)),
    ])
}

/// What an answer has to be.
public struct HTTPExpectation: APIObject {
    /// What HTTPExpectation is.
    public static let summary = "What the answer has to be."
    /// The status code.
    public var status: Int64?
    /// Where in the body to look.
    public var jsonPath: String?
    /// What has to be there.
    public var equals: String?
    /// How far a number may be from it.
    public var tolerance: Decimal64?
    /// How long the answer may take.
    public var latency: Period?

    /// Any success.
    public init() {}

    /// The members.
    public static let fields = FieldTable<HTTPExpectation>([
        .field("status", \.status, "The status code. Default: any of 200 to 299.", .range(100...599)),
        .field("jsonPath", \.jsonPath, "Where in the body to look, such as $.result[0].", .maxLength(512)),
        .field("equals", \.equals, "What has to be there: a text, or a number.", .maxLength(4096)),
        .field("tolerance", \.tolerance, "How far a number may be from equals."),
        .field("latency", \.latency, "How long the answer may take."),
    ])
}

/// A Job that has to succeed.
public struct JobCheck: APIObject {
    /// What JobCheck is.
    public static let summary = "A Job that has to succeed."
    /// The CronJob whose template is run.
    public var cronJobRef = LocalReference()

    /// An empty check.
    public init() {}

    /// The members.
    public static let fields = FieldTable<JobCheck>([
        .field("cronJobRef", \.cronJobRef, "The CronJob whose job template is run.", required: true)
    ])
}

/// A query whose result has to stay in bounds.
public struct PrometheusCheck: APIObject {
    /// What PrometheusCheck is.
    public static let summary = "A query whose result has to stay in bounds."
    /// The query.
    public var query = ""
    /// The greatest result.
    public var max: Decimal64?
    /// The least result.
    public var min: Decimal64?
    /// For how long.
    public var period: Period?

    /// An empty check.
    public init() {}

    /// The members.
    public static let fields = FieldTable<PrometheusCheck>([
        .field(
            "query",
            \.query,
            "The query; $app and $release stand for the names.",
            required: true,
            .minLength(1),
            .maxLength(2048)
        ),
        .field("max", \.max, "The greatest result."),
        .field("min", \.min, "The least result."),
        .field("for", \.period, "For how long the result has to stay in bounds."),
    ])
}

/// A decimal number that keeps its text.
public struct Decimal64: APIValue {
    /// The number as it was written.
    public var text: String

    /// Reads a number.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> Decimal64 {
        Decimal64(text: try reader.readNumber())
    }

    /// The number.
    public var json: JSONValue { Int64(text).map { .integer($0) } ?? .decimal(text) }

    /// A number.
    public static var schema: OpenAPISchema { OpenAPISchema(.number) }
}
