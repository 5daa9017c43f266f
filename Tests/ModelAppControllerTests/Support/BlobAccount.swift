import Artifacts
import Crypto
import HTTPTransport
import HTTPTypes
import JSON
import Testing

@testable import DevCluster

/// An account of Azure Blob Storage that holds models, and an upload tool with its key.
struct BlobAccount: Sendable {
    static let host = "devstore.blob.test"
    private static let account = "devstore"
    private static let key = Array("planted-blob-key".utf8)

    /// How a blob is uploaded.
    enum Upload: Sendable, CaseIterable {
        /// In one request, with its Content-MD5.
        case whole
        /// In a block, as tools do with large files; the service then knows no checksum unless it is told one.
        case inBlocks
    }

    private let store: EmulatedAzureBlob
    private let time: TimeSource

    /// An account with one container, in the network of a cluster.
    init(_ cluster: Cluster) throws {
        time = cluster.storeTime
        store = try EmulatedAzureBlob(.init(account: Self.account, key: Self.key, anonymousRead: true), time: time)
        _ = try store.shelf.create(Cluster.bucket)
        cluster.network.connect(Self.host, to: store)
    }

    /// The source of a ModelApp that reads from here.
    static func source(prefix: String) -> JSONValue {
        [
            "account": .string(account), "container": .string(Cluster.bucket), "prefix": .string(prefix),
            "endpoint": .string("https://\(host)/\(account)"),
        ]
    }

    /// The entity tag of a blob, which changes with every upload.
    func etag(_ name: String) throws -> String {
        try #require(try store.shelf.object(ObjectName(name), in: Cluster.bucket)).etag
    }

    func upload(_ name: String, _ text: String, _ upload: Upload) async throws {
        let bytes = Array(text.utf8)
        switch upload {
        case .whole:
            let sum = Array(Insecure.MD5.hash(data: bytes)).base64
            try await put(name, "", ["x-ms-blob-type": "BlockBlob", "Content-MD5": sum], bytes)
        case .inBlocks:
            let block = Array("block-1".utf8).base64
            try await put(name, "?comp=block&blockid=\(HTTPURL.encode(block))", [:], bytes)
            let list = "<BlockList><Latest>\(block)</Latest></BlockList>"
            try await put(name, "?comp=blocklist", [:], Array(list.utf8))
        }
    }

    private func put(_ name: String, _ query: String, _ fields: [String: String], _ body: [UInt8]) async throws {
        var headers: HTTPFields = [
            .contentLength: String(body.count), .azureDate: time.date().httpDate, .azureVersion: "2021-12-02",
        ]
        for (name, value) in fields { headers[try #require(HTTPField.Name(name))] = value }
        let path = "/\(Self.account)/\(Cluster.bucket)/\(name)\(query)"
        var request = HTTPRequest(
            method: .put,
            scheme: "https",
            authority: Self.host,
            path: path,
            headerFields: headers
        )
        let target = try #require(RequestTarget(request))
        let text = AzureSharedKey.stringToSign(request, target, account: Self.account)
        let signature = AzureSharedKey.sign(text, key: Self.key)
        request.headerFields[.authorization] = "SharedKey \(Self.account):\(signature)"
        let status = try await InProcessTransport(to: store).withResponse(
            to: request,
            body: .bytes(body),
            timeouts: .call
        ) { response, _ in response.status.code }
        try #require(status == 201, "\(path): \(status)")
    }
}
