import Artifacts
public import HTTPTransport
public import HTTPTypes
import JSON
import Synchronization

/// An MLflow tracking server (REST API 2.0): the model registry and the artifacts behind it, as far as somebody needs who
/// registers a model or takes one. All in memory.
public final class EmulatedMLflow: LocalService, Sendable {
    /// What a server may do differently from another.
    public struct Options: Sendable {
        /// Passwords by user (`mlflow server --app-name basic-auth`); nil where nobody has to show one.
        public var users: [String: String]?
        /// A token that a proxy before the server takes (`MLFLOW_TRACKING_TOKEN`).
        public var token: String?
        /// Whether downloads have a length and obey ranges, as they do since version 3.
        public var servesFiles: Bool

        /// Options of their parts.
        public init(users: [String: String]? = nil, token: String? = nil, servesFiles: Bool = true) {
            self.users = users
            self.token = token
            self.servesFiles = servesFiles
        }
    }

    private let options: Options
    private let time: TimeSource
    let contents = Mutex(MLflowContents())

    /// A server without models.
    public init(_ options: Options = Options(), time: TimeSource) {
        self.options = options
        self.time = time
    }

    /// Answers a request of the registry, or of the artifact proxy.
    public func handle(
        _ request: HTTPRequest,
        body: HTTPBodyChunks,
        from peer: LocalPeer
    ) async -> LocalResponse {
        do {
            return try await answer(request, body)
        } catch let failure as MLflowFailure {
            return failure.response
        } catch {
            return MLflowFailure(status: .internalServerError, code: "INTERNAL_ERROR", message: "\(error)").response
        }
    }

    private static let api = "/api/2.0/mlflow/"
    private static let artifacts = "/api/2.0/mlflow-artifacts/artifacts"

    private func answer(_ request: HTTPRequest, _ body: HTTPBodyChunks) async throws -> LocalResponse {
        guard let target = RequestTarget(request), let path = HTTPURL.decode(target.rawPath) else {
            throw MLflowFailure.unknownRoute
        }
        if path == "/health" { return LocalResponse(.ok, text: "OK", type: "text/plain") }
        try authorize(request)
        if path.hasPrefix(Self.artifacts) {
            let file = String(path.dropFirst(Self.artifacts.count).drop { $0 == "/" })
            return try await artifact(file, request, target, body)
        }
        guard path.hasPrefix(Self.api) else { throw MLflowFailure.unknownRoute }
        var arguments: [String: JSONValue] = [:]
        if request.method == .get {
            for pair in target.query { arguments[pair.name] = .string(pair.value) }
        } else {
            let bytes = try await body.collect(upTo: 1 << 20)
            arguments = (try? JSONValue(parsing: bytes))?.object ?? [:]
        }
        let answer = try call("\(request.method) \(path.dropFirst(Self.api.count))", arguments)
        return LocalResponse(.ok, text: answer.canonicalText, type: "application/json")
    }

    private func authorize(_ request: HTTPRequest) throws(MLflowFailure) {
        guard options.users != nil || options.token != nil else { return }
        let shown = request.headerFields[.authorization] ?? ""
        if let token = options.token, shown == "Bearer \(token)" { return }
        for (user, password) in options.users ?? [:] where shown == "Basic \(Self.basic(user, password))" { return }
        throw .unauthorized
    }

    private static func basic(_ user: String, _ password: String) -> String {
        Array("\(user):\(password)".utf8).base64
    }

    private func call(_ route: String, _ arguments: [String: JSONValue]) throws(MLflowFailure) -> JSONValue {
        func text(_ name: String) throws(MLflowFailure) -> String {
            guard let value = arguments[name].flatMap({ $0.string ?? $0.integer.map { String($0) } }), !value.isEmpty
            else { throw .invalid("Missing value for required parameter '\(name)'.") }
            return value
        }
        let now = time.date().milliseconds
        return try contents.withLock { (contents) throws(MLflowFailure) -> JSONValue in
            switch route {
            case "POST runs/create":
                let run = String(UInt64.random(in: 0 ... .max), radix: 16)
                let place = "0/\(run)/artifacts"
                contents.runs[run] = place
                return [
                    "run": ["info": ["run_id": .string(run), "artifact_uri": .string("mlflow-artifacts:/\(place)")]]
                ]
            case "POST registered-models/create":
                let name = try text("name")
                guard contents.models[name] == nil else {
                    throw .exists("Registered Model (name=\(name)) already exists.")
                }
                contents.models[name] = MLflowContents.Model()
                return ["registered_model": ["name": .string(name), "creation_timestamp": .integer(now)]]
            case "POST model-versions/create":
                return try create(&contents, try text("name"), try text("source"), arguments, now)
            case "POST registered-models/alias":
                let (name, number) = (try text("name"), try text("version"))
                _ = try contents.version(number, of: name)
                contents.models[name]?.aliases[try text("alias")] = Int64(number)
                return [:]
            case "GET registered-models/alias":
                let (name, alias) = (try text("name"), try text("alias"))
                guard let number = try contents.model(name).aliases[alias] else {
                    throw .invalid("Registered model alias \(alias) not found.")
                }
                return ["model_version": try contents.version(String(number), of: name)]
            case "GET model-versions/get":
                return ["model_version": try contents.version(try text("version"), of: try text("name"))]
            case "GET model-versions/get-download-uri":
                let version = try contents.version(try text("version"), of: try text("name"))
                return ["artifact_uri": version["source"] ?? ""]
            case "DELETE model-versions/delete":
                let (name, number) = (try text("name"), try text("version"))
                _ = try contents.version(number, of: name)
                contents.models[name]?.remove(number)
                return [:]
            default: throw .unknownRoute
            }
        }
    }

    private func create(
        _ contents: inout MLflowContents,
        _ name: String,
        _ source: String,
        _ arguments: [String: JSONValue],
        _ now: Int64
    ) throws(MLflowFailure) -> JSONValue {
        var model = try contents.model(name)
        let run = arguments["run_id"]?.string ?? ""
        // What lies behind the server has to belong to a run.
        if source.hasPrefix("mlflow-artifacts:") {
            guard let place = contents.runs[run], source.hasPrefix("mlflow-artifacts:/\(place)/") else {
                throw .invalid(
                    "Invalid model version source: '\(source)'. The run_id request parameter must identify it."
                )
            }
        }
        model.last += 1
        model.versions[model.last] = MLflowContents.Version(number: model.last, created: now, source: source, run: run)
        contents.models[name] = model
        return ["model_version": try contents.version(String(model.last), of: name)]
    }

    private func artifact(
        _ path: String,
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ body: HTTPBodyChunks
    ) async throws -> LocalResponse {
        guard !path.split(separator: "/").contains("..") else { throw MLflowFailure.invalid("Invalid path") }
        if request.method == .put {
            let bytes = try await body.collect(upTo: 1 << 30)
            contents.withLock { $0.files[path] = bytes }
            return LocalResponse(.ok)
        }
        guard request.method == .get else { throw MLflowFailure.unknownRoute }
        guard path.isEmpty else { return try download(path, request) }
        let entries = contents.withLock { $0.entries(of: target.value("path") ?? "") }
        if entries.isEmpty { return LocalResponse(.ok, text: "{}", type: "application/json") }
        let files = entries.map { entry -> JSONValue in
            var file: JSONValue = ["path": .string(entry.name), "is_dir": .bool(entry.size == nil)]
            // As protocol buffers write it: nothing for zero.
            if let size = entry.size, size > 0 { file["file_size"] = .integer(Int64(size)) }
            return file
        }
        return LocalResponse(
            .ok,
            text: JSONValue.object(["files": .array(files)]).canonicalText,
            type: "application/json"
        )
    }

    private func download(_ path: String, _ request: HTTPRequest) throws -> LocalResponse {
        guard let bytes = contents.withLock({ $0.files[path] }) else {
            throw MLflowFailure.absent("No such artifact: '\(path)'")
        }
        let headers: HTTPFields = [.contentType: "application/octet-stream"]
        guard options.servesFiles else {
            // A stream whose end is that of the chunks.
            return LocalResponse(HTTPResponse(status: .ok, headerFields: headers), streaming: HTTPBodyChunks(bytes))
        }
        switch ByteRange(request.headerFields[.range], size: Int64(bytes.count)) {
        case .whole: return LocalResponse(.ok, headers, bytes)
        case .part(let range):
            var headers = headers
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"
            return LocalResponse(.partialContent, headers, Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        case .unsatisfiable: return LocalResponse(.rangeNotSatisfiable)
        }
    }
}
