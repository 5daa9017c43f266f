import AsyncHTTPTransport
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@testable import DevCluster

/// An MLflow server, ours or the real one, as those who register models use it.
struct MLflowPeer: Sendable {
    let transport: any HTTPTransport
    let url: HTTPURL
    var authorization: String?

    /// Calls the REST API, and returns the answer.
    @discardableResult
    func call(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue) async throws -> JSONValue {
        try await send(method, "/api/2.0/mlflow/\(path)", "application/json", body.canonicalBytes)
    }

    /// Registers a model, which may be there.
    func createModel(_ name: String) async throws {
        try await call(.post, "registered-models/create", ["name": .string(name)])
    }

    /// Uploads files and registers them as the next version of a model, as a training does; returns its number.
    func register(_ files: [String: [UInt8]], as model: String) async throws -> String {
        let answer = try await call(.post, "runs/create", ["experiment_id": "0"])
        let run = answer["run"]?["info"]
        let root = try #require(run?["artifact_uri"]?.string)
        let path = try #require(root.hasPrefix("mlflow-artifacts:/") ? root.dropFirst(18) : nil, "\(root)")
        for (name, bytes) in files { try await put(bytes, at: "\(path)/model/\(name)") }
        let version = try await call(
            .post,
            "model-versions/create",
            ["name": .string(model), "source": .string(root + "/model"), "run_id": run?["run_id"] ?? ""]
        )
        return try #require(version["model_version"]?["version"]?.string)
    }

    /// Writes an artifact where no registration knows of it.
    func put(_ bytes: [UInt8], at path: String) async throws {
        let target = "/api/2.0/mlflow-artifacts/artifacts/" + HTTPURL.encode(path, keepingSlashes: true)
        try await send(.put, target, "application/octet-stream", bytes)
    }

    func set(_ alias: String, of model: String, to version: String) async throws {
        let arguments: JSONValue = ["name": .string(model), "alias": .string(alias), "version": .string(version)]
        try await call(.post, "registered-models/alias", arguments)
    }

    @discardableResult
    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ type: String,
        _ bytes: [UInt8]
    ) async throws -> JSONValue {
        var target = url
        target.path = path
        var fields: HTTPFields = [.contentType: type, .contentLength: String(bytes.count)]
        fields[.authorization] = authorization
        return try await transport.withResponse(
            to: target.request(method, fields),
            body: .bytes(bytes),
            timeouts: .call
        ) { response, chunks in
            let answer = try await chunks.collect(upTo: 1 << 20)
            try #require(
                response.status.code == 200,
                "\(method) \(path): \(response.status) \(String(decoding: answer, as: UTF8.self))"
            )
            return (try? JSONValue(parsing: answer)) ?? .null
        }
    }
}

/// Which server a test runs against.
enum MLflowKind: String, Sendable, CaseIterable, CustomTestStringConvertible {
    /// The emulator, as servers are since version 3.
    case emulated
    /// The emulator, as servers were before: downloads without a length, and without ranges.
    case streaming
    /// The real one of `MODELAPP_TEST_MLFLOW`.
    case real

    /// Those that are there.
    static let available = allCases.filter { $0 != .real || TestPeer.mlflow.value != nil }

    var testDescription: String { rawValue }

    /// Runs `body` with the server.
    func withPeer<Value: Sendable>(_ body: (MLflowPeer) async throws -> Value) async throws -> Value {
        guard self == .real else {
            let server = EmulatedMLflow(.init(servesFiles: self == .emulated), time: .system)
            let url = HTTPURL(scheme: "https", host: "mlflow.test")
            return try await body(MLflowPeer(transport: InProcessTransport(to: server), url: url))
        }
        let url = try #require(HTTPURL(try TestPeer.mlflow.require()))
        let pool = ClientPool()
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(MLflowPeer(transport: try pool.transport(), url: url)))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }

    /// A name that no other run used.
    static func name() -> String { "res net-\(UUID().uuidString.prefix(8))" }
}

/// Answers on the network of a cluster by asking a real server.
struct MLflowRelay: LocalService {
    let peer: MLflowPeer

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from client: LocalPeer) async -> LocalResponse {
        var asked = request
        (asked.scheme, asked.authority) = (peer.url.scheme, peer.url.authority)
        do {
            return try await peer.transport.withResponse(to: asked, body: nil, timeouts: .call) { response, chunks in
                let bytes = try await chunks.collect(upTo: 1 << 26)
                return LocalResponse(response, streaming: HTTPBodyChunks(bytes))
            }
        } catch {
            return LocalResponse(.badGateway)
        }
    }
}
