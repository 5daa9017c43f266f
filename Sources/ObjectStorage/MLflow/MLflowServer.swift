import Artifacts
import CloudIdentity
public import HTTPTransport
import HTTPTypes
import JSON

/// An MLflow tracking server with its model registry (REST API 2.0), read only.
///
/// Guarantees: answers are bounded and checked as hostile input; the credential goes to the server's own origin only, and
/// no redirect is followed.
public struct MLflowServer: Sendable {
    let url: HTTPURL
    let credential: MLflowCredential
    let channel: StorageChannel

    private static let maximumAnswer = 1 << 20

    /// A server.
    /// - Parameters:
    ///   - url: its address, with the path it is mounted at.
    ///   - endpoints: which hosts may see the credential.
    /// - Throws: `endpointRefused` where the credential may not go there.
    public init(
        url: HTTPURL,
        credential: MLflowCredential,
        endpoints: EndpointPolicy,
        channel: StorageChannel
    ) throws(ObjectStoreError) {
        if !credential.isAnonymous { try endpoints.check(url, isProvidersOwn: { _ in false }) }
        self.url = url
        self.credential = credential
        self.channel = channel
    }

    /// The version that an alias names; nil where there is no such model or alias.
    public func version(of model: String, alias: String) async throws(ObjectStoreError) -> MLflowModelVersion? {
        // 400 is what it says of an alias that is not there, 404 of a model.
        let answer = try await get(
            "registered-models/alias",
            [("alias", alias), ("name", model)],
            at: "\(url.origin): model \(model.clipped), alias \(alias.clipped)",
            absent: [400, 404]
        )
        guard let answer else { return nil }
        return try parsed(answer, of: model)
    }

    /// A version by its number; nil where there is none.
    public func version(_ number: String, of model: String) async throws(ObjectStoreError) -> MLflowModelVersion? {
        let answer = try await get(
            "model-versions/get",
            [("name", model), ("version", number)],
            at: "\(url.origin): model \(model.clipped), version \(number.clipped)",
            absent: [400, 404]
        )
        guard let answer else { return nil }
        let version = try parsed(answer, of: model)
        guard version.version == number else {
            throw ObjectStoreError(.malformedAnswer, "\(url.origin): another version came than \(number.clipped)")
        }
        return version
    }

    private func parsed(_ json: JSONValue, of model: String) throws(ObjectStoreError) -> MLflowModelVersion {
        guard let version = MLflowModelVersion(json["model_version"]), version.model == model else {
            throw ObjectStoreError(
                .malformedAnswer,
                "\(url.origin): the answer is no version of \(model.clipped); check that the URL is that of MLflow"
            )
        }
        return version
    }

    /// Where the files of a version lie.
    public func place(of version: MLflowModelVersion) async throws(ObjectStoreError) -> MLflowArtifactPlace {
        let place = "\(url.origin): model \(version.model.clipped), version \(version.version)"
        let query = [("name", version.model), ("version", version.version)]
        let answer = try await get("model-versions/get-download-uri", query, at: place, absent: [404])
        guard let answer else { throw ObjectStoreError(.objectNotFound, "\(place): there is no such version any more") }
        guard let text = answer["artifact_uri"]?.string else {
            throw ObjectStoreError(.malformedAnswer, "\(place): the answer does not say where its files are")
        }
        do throws(ObjectStoreError) {
            return try MLflowArtifactPlace(text, server: url)
        } catch {
            throw ObjectStoreError(error.code, "\(place): \(error.message)")
        }
    }

    /// A request of the registry. Nil for an answer with one of the statuses `absent`.
    func get(
        _ path: String,
        _ query: [(String, String)],
        at place: String,
        absent: Set<Int>
    ) async throws(ObjectStoreError) -> JSONValue? {
        try await json("/api/2.0/mlflow/" + path, query, at: place, absent: absent, upTo: Self.maximumAnswer)
    }

    func json(
        _ path: String,
        _ query: [(String, String)],
        at place: String,
        absent: Set<Int> = [],
        upTo limit: Int
    ) async throws(ObjectStoreError) -> JSONValue? {
        do {
            return try await channel.exchange(at: place, repeatable: true) { () throws(ObjectStoreError) in
                request(path, query: HTTPURL.query(query))
            } judge: { refusal -> Verdict<JSONValue?> in
                absent.contains(refusal.status) ? .value(nil) : .error(refusal.mlflowError(at: place))
            } consume: { _, chunks in
                let bytes = try await chunks.collect(upTo: limit)
                do throws(JSONError) {
                    return try JSONValue(parsing: bytes)
                } catch {
                    throw ObjectStoreError(
                        .malformedAnswer,
                        "\(place): the answer is not JSON (at byte \(error.offset)); check that the URL is that of MLflow"
                    )
                }
            }
        } catch { throw ObjectStoreError(any: error, at: place) }
    }

    func request(_ path: String, query: String?, _ headers: HTTPFields = [:]) -> HTTPRequest {
        var url = url
        url.path = (url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path) + path
        url.query = query
        var headers = headers
        headers[.acceptEncoding] = "identity"
        headers[.authorization] = credential.authorization?.value
        return url.request(.get, headers)
    }
}

extension Refusal {
    /// The error for an answer of MLflow.
    func mlflowError(at place: String) -> ObjectStoreError {
        switch status {
        case 401:
            ObjectStoreError(
                .unauthorized,
                "\(place): \(summary): the credentials are missing or not accepted; MLflow wants MLFLOW_TRACKING_USERNAME and "
                    + "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
            )
        case 403: ObjectStoreError(.denied, "\(place): \(summary): the credentials may not read the model")
        case 404: ObjectStoreError(.objectNotFound, "\(place): \(summary): there is nothing of that name")
        default: error(at: place)
        }
    }
}
