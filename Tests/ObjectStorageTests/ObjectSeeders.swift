import Artifacts
import Crypto
import Foundation
import HTTPTransport
import HTTPTypes
import TestSupport

@testable import CloudIdentity
@testable import ObjectStorage

struct SeedError: Error, CustomStringConvertible { var description: String }

/// Sends a request of a test that must succeed.
private func send(_ request: HTTPRequest, _ body: [UInt8], over transport: any HTTPTransport) async throws {
    try await transport.withResponse(to: request, body: body.isEmpty ? nil : .bytes(body), timeouts: .call) {
        response,
        chunks in
        let text = String(decoding: try await chunks.collect(upTo: 1 << 20), as: UTF8.self)
        guard (200..<300).contains(response.status.code) else {
            throw SeedError(description: "\(request.method) \(request.path ?? ""): \(response.status.code) \(text)")
        }
    }
}

/// Writes to S3, with SHA-256 checksums.
struct S3Seeder: ObjectSeeder {
    let transport: any HTTPTransport
    let endpoint: HTTPURL
    let bucket: String
    let key: AWSAccessKey
    let time: TimeSource

    func createBucket(versioned: Bool) async throws {
        try await send(.put, "", nil, [])
        if versioned {
            let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
            try await send(.put, "", "versioning=", Array(body.utf8))
        }
    }

    func put(_ key: String, _ bytes: [UInt8]) async throws {
        try await send(
            .put,
            "/" + HTTPURL.encode(key, keepingSlashes: true),
            nil,
            bytes,
            [
                "x-amz-checksum-sha256": Base64.encode(Array(SHA256.hash(data: bytes))),
                // AWS needs the sum only; moto keeps it only with this, which every SDK sends too.
                "x-amz-sdk-checksum-algorithm": "SHA256",
            ]
        )
    }

    func delete(_ key: String) async throws {
        try await send(.delete, "/" + HTTPURL.encode(key, keepingSlashes: true), nil, [])
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ query: String?,
        _ body: [UInt8],
        _ fields: [String: String] = [:]
    ) async throws {
        var url = endpoint
        url.path = "/\(bucket)\(path)"
        url.query = query
        let signed = SigV4(key: key, region: "us-east-1").signed(
            method,
            url,
            headers(fields),
            payload: body.isEmpty ? .empty : .bytes(body),
            at: time.date()
        )
        try await ObjectStorageTests.send(url.request(method, signed), body, over: transport)
    }
}

/// Writes to Azure Blob Storage with a shared key.
struct AzureSeeder: ObjectSeeder {
    let transport: any HTTPTransport
    let endpoint: HTTPURL
    let container: String
    let account: String
    let key: [UInt8]
    let time: TimeSource

    func createContainer() async throws { try await send(.put, "", "restype=container", []) }

    func put(_ key: String, _ bytes: [UInt8]) async throws {
        try await send(
            .put,
            "/" + HTTPURL.encode(key, keepingSlashes: true),
            nil,
            bytes,
            ["x-ms-blob-type": "BlockBlob"]
        )
    }

    func delete(_ key: String) async throws {
        try await send(.delete, "/" + HTTPURL.encode(key, keepingSlashes: true), nil, [])
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ query: String?,
        _ body: [UInt8],
        _ fields: [String: String] = [:]
    ) async throws {
        var url = endpoint
        url.path = (url.path == "/" ? "" : url.path) + "/\(container)\(path)"
        url.query = query
        var fields = headers(fields)
        fields[.msVersion] = AzureBlobStore.version
        fields[.msDate] = time.date().httpDate
        if !body.isEmpty { fields[.contentLength] = "\(body.count)" }
        fields[.authorization] = AzureSharedKey(account: account, key: key).authorization(method, url, fields)
        try await ObjectStorageTests.send(url.request(method, fields), body, over: transport)
    }
}
