import DevCluster
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

/// Whatever a client sends, a peer answers: it neither traps nor blames itself.
@Suite(.timeLimit(.minutes(1)))
struct PeerRobustnessTests {
    private struct Operation: Sendable, CustomStringConvertible {
        var method: HTTPRequest.Method
        var target: String
        var headers: HTTPFields
        var body: [UInt8]?

        var description: String { "\(method) \(target) \(headers) \(body?.count ?? -1)" }
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .put, .post, .patch, .delete, .options]
    private static let values = [
        "", "0", "1", "-1", "9223372036854775807", "99999999999999999999", "bytes=0-9223372036854775807", "bytes=-1",
        "0-9223372036854775807", "1-0", "0-0", "*", "\"x\"", "true", "2", "url",
        "sha256:" + String(repeating: "a", count: 64),
        "é", "BlockBlob", "Basic eDp5", "application/vnd.oci.image.index.v1+json", "repository:x:pull", "AA==",
        "20260101T000000Z", "2026-01-01", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32", "%",
    ]
    private static let names = [
        "Range", "x-ms-range", "Content-Range", "If-Match", "If-None-Match", "If-Modified-Since", "Content-Type",
        "Content-MD5", "x-ms-blob-type", "x-ms-blob-content-md5", "x-ms-date", "x-amz-date", "x-amz-content-sha256",
        "x-amz-trailer", "x-amz-decoded-content-length", "x-amz-checksum-crc32", "Content-Length",
    ]
    private static let keys = [
        "n", "last", "digest", "mount", "from", "comp", "restype", "blockid", "maxresults", "marker", "prefix",
        "delimiter",
        "list-type", "max-keys", "continuation-token", "versions", "key-marker", "versionId", "uploadId", "partNumber",
        "uploads", "delete", "versioning", "sig", "se", "sp", "sv", "sr", "srt", "X-Amz-Signature", "X-Amz-Expires",
        "X-Amz-Credential", "X-Amz-Date", "scope", "service", "artifactType", "orderby", "n", "include",
    ]
    private static let bodies = [
        "", "{}", "[]", "{\"schemaVersion\":2}", "{\"schemaVersion\":2,\"layers\":[{}]}", "<BlockList/>", "<a>", "x",
        "<BlockList><Latest>QQ==</Latest></BlockList>", "grant_type=refresh_token&service=peer.test:5000", "5\r\nabc",
    ]

    private func operations(_ parts: [String], _ generator: inout SplitMix64) -> [Operation] {
        (0..<Int.random(in: 1...12, using: &generator)).map { _ in
            func any(_ list: [String]) -> String { list.randomElement(using: &generator) ?? "" }
            var target = ""
            for _ in 0..<Int.random(in: 1...5, using: &generator) { target += "/" + any(parts) }
            let query = (0..<Int.random(in: 0...4, using: &generator))
                .map { _ in any(Self.keys) + "=" + HTTPURL.encode(any(Self.values + parts)) }
            if !query.isEmpty { target += "?" + query.joined(separator: "&") }
            var headers: HTTPFields = [.authorization: "Bearer anything"]
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                if let name = HTTPField.Name(any(Self.names)) { headers[name] = any(Self.values) }
            }
            if Bool.random(using: &generator) { headers[.authorization] = nil }
            let body = Bool.random(using: &generator) ? Array(any(Self.bodies).utf8) : nil
            return Operation(
                method: Self.methods.randomElement(using: &generator) ?? .get,
                target: target,
                headers: headers,
                body: body
            )
        }
    }

    private func check(_ parts: [String], _ makeService: @Sendable () throws -> any LocalService) async {
        await checkProperty(cases: 400) { generator in
            operations(parts, &generator)
        } fails: { operations in
            do {
                let caller = Caller(try makeService())
                for operation in operations {
                    let answer = try await caller.send(
                        operation.method,
                        operation.target,
                        operation.headers,
                        operation.body
                    )
                    if answer.status == 500 { return "\(operation) was answered with \(answer.text)" }
                }
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    @Test func registryAnswersWhateverIsSent() async {
        let parts = [
            "v2", "v2", "v2", "app", "app", "blobs", "uploads", "upload-1", "manifests", "tags", "list", "referrers",
            "v1", "",
            "sha256:" + String(repeating: "a", count: 64), "acr", "_tags", "_catalog", "token", "oauth2", "exchange",
            "%2F", "%",
        ]
        await check(parts) { try EmulatedRegistry(.init(azureRoutes: true), time: TestClock().timeSource()) }
    }

    @Test func azureBlobAnswersWhateverIsSent() async {
        let parts = ["dev", "dev", "dev", "models", "models", "a", "b", "", "..", "%2E%2E", "%", "é"]
        await check(parts) {
            try EmulatedAzureBlob(
                .init(account: "dev", key: [1], anonymousRead: true) { _, _ in true },
                time: TestClock().timeSource()
            )
        }
    }

    @Test func s3AnswersWhateverIsSent() async {
        let parts = ["models", "models", "a", "b", "", "..", "%2E%2E", "%", "é"]
        await check(parts) { try EmulatedS3(.init([:], anonymousRead: true), time: TestClock().timeSource()) }
    }
}
