import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@testable import DevCluster
@testable import ObjectStorage

/// What an MLflow server says, read by us: the same rules for ours and for the real one.
@Suite(.timeLimit(.minutes(2)))
struct MLflowServerTests {
    static let files: [String: [UInt8]] = [
        "MLmodel": Array("flavors: {}\nmodel_uuid: 1\n".utf8), "data/model.pkl": FetchScene.bytes(70_000, seed: 1),
        "data/deep/er/a b ü.txt": Array("hello".utf8), "empty": [],
    ]

    private func server(_ peer: MLflowPeer, credential: MLflowCredential = .anonymous) throws -> MLflowServer {
        try MLflowServer(
            url: peer.url,
            credential: credential,
            endpoints: EndpointPolicy(allowed: [peer.url.host]),
            channel: StorageChannel(transport: peer.transport, time: .system, jitter: { 0 })
        )
    }

    private func artifacts(_ server: MLflowServer, _ model: String, _ number: String) async throws -> MLflowArtifacts {
        let version = try #require(try await server.version(number, of: model))
        guard case .server(let path) = try await server.place(of: version) else {
            throw ObjectStoreError(.rejected, "the files lie elsewhere")
        }
        return try await MLflowArtifacts(server, path: path, version: version)
    }

    @Test(arguments: MLflowKind.available)
    func anAliasNamesAVersionAndWhatIsAbsentIsNil(_ kind: MLflowKind) async throws {
        try await kind.withPeer { peer in
            let (server, model) = (try server(peer), MLflowKind.name())
            #expect(try await server.version(of: model, alias: "champion") == nil)
            try await peer.createModel(model)
            #expect(try await server.version(of: model, alias: "champion") == nil)
            let first = try await peer.register(["a": [1]], as: model)
            let second = try await peer.register(["a": [2]], as: model)
            try await peer.set("champion", of: model, to: first)
            let named = try #require(try await server.version(of: model, alias: "champion"))
            #expect(named.version == first && named.model == model && named.isReady)
            #expect(abs(Double(named.createdAt) / 1000 - Date().timeIntervalSince1970) < 3600)
            try await peer.set("champion", of: model, to: second)
            #expect(try await server.version(of: model, alias: "champion")?.version == second)
            #expect(try await server.version(first, of: model) == named)
            #expect(try await server.version("99", of: model) == nil)
            #expect(try await server.version("latest", of: model) == nil)
            // A version that is registered anew is another one.
            let other = try #require(try await server.version(second, of: model))
            #expect(other.mark != named.mark)
        }
    }

    @Test(arguments: MLflowKind.available)
    func theFilesOfAVersionAreListedAndRead(_ kind: MLflowKind) async throws {
        try await kind.withPeer { peer in
            let model = MLflowKind.name()
            try await peer.createModel(model)
            let number = try await peer.register(Self.files, as: model)
            let store = try await artifacts(try server(peer), model, number)
            var listed: [String: ObjectInfo] = [:]
            try await store.list(prefix: "") { info throws(ObjectStoreError) in
                listed[info.key] = info
                return .continue
            }
            #expect(listed.mapValues(\.size) == Self.files.mapValues { Int64($0.count) })
            for (key, bytes) in Self.files {
                let info = try #require(listed[key])
                #expect(try await store.head(key) == info)
                let read = try await store.read(key, range: nil, condition: .same(as: info)) { told, chunks in
                    #expect(told == info)
                    return try await chunks.collect(upTo: 1 << 20)
                }
                #expect(read == bytes)
            }
            let info = try #require(listed["data/model.pkl"])
            for range in [0..<10, 60_001..<70_000, 1..<2] as [Range<Int64>] {
                let part = try await store.read(info.key, range: range, condition: .same(as: info)) { _, chunks in
                    try await chunks.collect(upTo: 1 << 20)
                }
                #expect(
                    part
                        == Self.files["data/model.pkl"].map { Array($0[Int(range.lowerBound)..<Int(range.upperBound)]) }
                )
            }
            #expect(try await store.head("nothing") == nil)
            var inFolder: [String] = []
            try await store.list(prefix: "data/deep/") { info throws(ObjectStoreError) in
                inFolder.append(info.key)
                return .continue
            }
            #expect(inFolder == ["data/deep/er/a b ü.txt"])
        }
    }

    @Test(arguments: MLflowKind.available)
    func whatIsNotWhatWasListedIsRefused(_ kind: MLflowKind) async throws {
        try await kind.withPeer { peer in
            let model = MLflowKind.name()
            try await peer.createModel(model)
            let server = try server(peer)
            let number = try await peer.register(Self.files, as: model)
            let store = try await artifacts(server, model, number)
            let info = try #require(try await store.head("data/model.pkl"))
            var longer = info
            longer.etag = info.etag?.replacingOccurrences(of: "-70000", with: "-70001")
            let condition = ReadCondition.same(as: longer)
            await #expect(throws: ObjectStoreError.self) {
                try await store.read(info.key, range: nil, condition: condition) { _, chunks in
                    try await chunks.collect(upTo: 1 << 20)
                }
            }
            let absent = ReadCondition.same(as: ObjectInfo(key: "x", size: 1, modified: info.modified, etag: info.etag))
            let gone = try await expectFailure {
                _ = try await store.read("gone", range: nil, condition: absent) { _, _ in 1 }
            }
            #expect(gone.code == .preconditionFailed)
            // Another version's mark.
            let other = try await peer.register(Self.files, as: model)
            let second = try await artifacts(server, model, other)
            let moved = try await expectFailure {
                _ = try await second.read(info.key, range: nil, condition: .same(as: info)) { _, _ in 1 }
            }
            #expect(moved.code == .preconditionFailed)
        }
    }

    private func expectFailure(_ body: () async throws -> Void) async throws -> ObjectStoreError {
        do {
            try await body()
        } catch let error as ObjectStoreError {
            return error
        }
        throw ObjectStoreError(.rejected, "nothing failed")
    }

    @Test(arguments: [
        "mlflow-artifacts://evil.test/models", "file:///etc", "/etc/passwd", "http://169.254.169.254/", "runs:/1/model",
        "mlflow-artifacts:/a/../../b", "s3:///x", "wasbs://account.blob.core.windows.net/x", "dbfs:/x", "gs://bucket/x",
        "mlflow-artifacts:/a?b=c",
    ])
    func anAddressThatLeadsElsewhereIsRefused(_ text: String) {
        let server = HTTPURL(scheme: "https", host: "mlflow.test")
        #expect(throws: ObjectStoreError.self) { try MLflowArtifactPlace(text, server: server) }
    }

    @Test func addressesOfStoresAreRead() throws {
        let server = HTTPURL(scheme: "https", host: "mlflow.test")
        func place(_ text: String) throws -> MLflowArtifactPlace { try MLflowArtifactPlace(text, server: server) }
        #expect(try place("mlflow-artifacts:/1/models/m-2/artifacts") == .server(path: "1/models/m-2/artifacts"))
        #expect(try place("mlflow-artifacts://mlflow.test/1") == .server(path: "1"))
        #expect(try place("s3://bucket/a/b") == .s3(bucket: "bucket", prefix: "a/b/"))
        #expect(
            try place("wasbs://models@Account.blob.core.windows.net/a")
                == .azureBlob(account: "account", container: "models", prefix: "a/")
        )
        #expect(
            try place("abfss://models@account.dfs.core.windows.net/")
                == .azureBlob(account: "account", container: "models", prefix: "")
        )
    }

    @Test func credentialsGoToHostsThatTheirOwnerNamesOnly() async throws {
        let mlflow = EmulatedMLflow(.init(users: ["reader": "word"], token: "tok"), time: .system)
        var peer = MLflowPeer(
            transport: InProcessTransport(to: mlflow),
            url: HTTPURL(scheme: "https", host: "mlflow.test")
        )
        let basic = ["MLFLOW_TRACKING_USERNAME": "reader", "MLFLOW_TRACKING_PASSWORD": "word"]
        for secret in [basic, ["MLFLOW_TRACKING_TOKEN": "tok"]] {
            let reader = try server(peer, credential: try MLflowCredential(secret: secret))
            #expect(try await reader.version(of: "none", alias: "champion") == nil)
            let channel = StorageChannel(transport: peer.transport, time: .system, jitter: { 0 })
            #expect(throws: ObjectStoreError.self) {
                _ = try MLflowServer(
                    url: peer.url,
                    credential: try MLflowCredential(secret: secret),
                    endpoints: .providersOnly,
                    channel: channel
                )
            }
        }
        let refused = try await expectFailure { _ = try await server(peer).version(of: "none", alias: "champion") }
        #expect(refused.code == .unauthorized && refused.message.contains("MLFLOW_TRACKING_TOKEN"))
        #expect(throws: ObjectStoreError.self) { try MLflowCredential(secret: ["MLFLOW_TRACKING_USERNAME": "reader"]) }
        #expect(throws: ObjectStoreError.self) { try MLflowCredential(secret: ["MLFLOW_TRACKING_TOKEN": "a\nb"]) }
        #expect("\(try MLflowCredential(secret: basic))" == "<redacted>")
        peer.authorization = nil
    }

    /// A listing is no way out of its folder, and an answer that is not MLflow's is said to be none.
    @Test(arguments: [
        #"{"files":[{"path":"../../secret","is_dir":false,"file_size":1}]}"#,
        #"{"files":[{"path":"a/b","is_dir":true}]}"#, #"{"files":[{"path":"..","is_dir":true}]}"#,
        #"{"files":[{"path":"a","is_dir":false,"file_size":-1}]}"#, "<html>", "",
    ])
    func aHostileListingIsRefused(_ body: String) async throws {
        let impostor = Script { path in
            if path.contains("model-versions/get?") {
                return #"{"model_version":{"name":"m","version":"1","creation_timestamp":1}}"#
            }
            if path.contains("get-download-uri") { return #"{"artifact_uri":"mlflow-artifacts:/1"}"# }
            return body
        }
        let url = HTTPURL(scheme: "https", host: "mlflow.test")
        let peer = MLflowPeer(transport: InProcessTransport(to: impostor), url: url)
        let error = try await expectFailure { _ = try await artifacts(try server(peer), "m", "1") }
        #expect(error.code == .malformedAnswer)
    }
}

/// Answers with what a function says.
private struct Script: LocalService {
    let answer: @Sendable (String) -> String

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        LocalResponse(.ok, text: answer(request.path ?? ""), type: "application/json")
    }
}
