import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ObjectStorage

@Suite struct AzureBlobStoreTests {
    private func store(
        _ transport: any HTTPTransport,
        endpoint: String? = nil,
        credential: AzureBlobCredential = .anonymous
    ) throws -> AzureBlobStore {
        let url = try endpoint.map { try #require(HTTPURL($0)) }
        return try AzureBlobStore(
            account: "devopsblogstorage",
            container: "models",
            endpoint: url,
            credential: credential,
            endpoints: EndpointPolicy(allowed: url.map { [$0.host] } ?? []),
            channel: channel(transport)
        )
    }

    private let blobHeaders = [
        "Content-Length": "3", "ETag": "\"0x8D\"", "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT",
        "Content-MD5": Page.md5, "x-ms-version-id": "v1", "x-ms-is-current-version": "true",
    ]

    @Test func aListingFollowsMarkers() async throws {
        let transport = Answers([
            .init(200, [:], Page.azure([Page.blob("r/a")], marker: "2!4!a==")),
            .init(200, [:], Page.azure([], marker: "m3")),
            .init(200, [:], Page.azure([Page.blob("r/b")])),
        ]).transport
        let keys = try await store(transport).keys(ListRequest(prefix: "r/", delimiter: "/", versions: .all))
        #expect(keys == ["r/a", "r/b"])
        let base = "/models?restype=container&comp=list&maxresults=2000&prefix=r%2F&delimiter=%2F&include=versions"
        #expect(
            transport.exchanges.map { $0.request.path ?? "" } == [
                base, base + "&marker=2%214%21a%3D%3D", base + "&marker=m3",
            ]
        )
        let request = try #require(transport.exchanges.first?.request)
        #expect(request.authority == "devopsblogstorage.blob.core.windows.net")
        #expect(request.headerFields[.msVersion] == "2021-12-02")
        #expect(request.headerFields[.msDate] == "Thu, 01 Jan 2026 00:00:00 GMT")
        #expect(request.headerFields[.authorization] == nil)
    }

    @Test func aRepeatedMarkerEndsTheListing() async throws {
        let transport = Answers([.init(200, [:], Page.azure([Page.blob("a")], marker: "m"))]).transport
        await expectError(.malformedAnswer) { _ = try await store(transport).keys() }
        #expect(transport.exchanges.count == 2)
    }

    @Test func aSignatureIsAppendedAndNeverShown() async throws {
        let transport = Answers([
            .init(200, [:], Page.azure([])), .init(403, headers(["x-ms-error-code": "AuthenticationFailed"]), ""),
        ]).transport
        let store = try store(transport, credential: .sas("?sv=2021-12-02&sp=rl&sig=hu%2Fsh%3D"))
        _ = try await store.keys()
        let path = transport.exchanges.first?.request.path
        #expect(path == "/models?restype=container&comp=list&maxresults=2000&sv=2021-12-02&sp=rl&sig=hu%2Fsh%3D")
        let error = await expectError(.unauthorized) { _ = try await store.content("k") }
        #expect(transport.exchanges.last?.request.path == "/models/k?sv=2021-12-02&sp=rl&sig=hu%2Fsh%3D")
        #expect(error?.message.contains("hu%2Fsh") == false)
        #expect(
            error?.message.hasPrefix(
                "https://devopsblogstorage.blob.core.windows.net/models/k: 403 AuthenticationFailed: "
            )
                == true
        )
    }

    @Test func aTokenIsAskedForEachRequest() async throws {
        let transport = Answers([.init(200, [:], Page.azure([]))]).transport
        _ = try await store(transport, credential: .bearer { _ in SecretText("tok") }).keys()
        #expect(transport.exchanges.first?.request.headerFields[.authorization] == "Bearer tok")
        let failing = try store(transport, credential: .bearer { _ in throw CancellationError() })
        await expectError(.cancelled) { _ = try await failing.keys() }
        #expect(transport.exchanges.count == 1)
    }

    @Test func aSharedKeySignsWhatIsSent() async throws {
        let fixture = try #require(SignatureFixtures.shared.azure.first { $0.name == "read" })
        let transport = Answers([.init(206, headers(["Content-Length": "1"]), "a")]).transport
        let credential = try AzureBlobCredential.sharedKey(SignatureFixtures.shared.key)
        let store = try store(transport, credential: credential)
        // The answer is refused; the request is what counts here.
        _ = try? await store.content("resnet/a b+c.onnx", range: 0..<10, condition: .etag("0x8DE"))
        let request = try #require(transport.exchanges.first?.request)
        #expect(request.headerFields[.authorization] == fixture.authorization)
        #expect(request.headerFields[.msRange] == "bytes=0-9")
    }

    @Test func anEmulatorHasTheAccountInItsPath() async throws {
        let transport = Answers([.init(200, [:], Page.azure([]))]).transport
        let store = try store(transport, endpoint: "http://127.0.0.1:10000/devopsblogstorage/")
        _ = try await store.keys()
        #expect(transport.exchanges.first?.request.authority == "127.0.0.1:10000")
        #expect(transport.exchanges.first?.request.path?.hasPrefix("/devopsblogstorage/models?") == true)
        #expect(store.location == "http://127.0.0.1:10000/devopsblogstorage/models")
    }

    @Test func aConnectionStringBringsItsEndpoint() async throws {
        let transport = Answers([.init(200, [:], Page.azure([]))]).transport
        let text =
            "AccountName=devopsblogstorage;AccountKey=\(SignatureFixtures.shared.key);"
            + "EndpointSuffix=core.usgovcloudapi.net"
        _ = try await store(transport, credential: .connectionString(text)).keys()
        #expect(transport.exchanges.first?.request.authority == "devopsblogstorage.blob.core.usgovcloudapi.net")
    }

    @Test func aHeadTellsVersionAndChecksum() async throws {
        let transport = Answers([.init(200, headers(blobHeaders), "")]).transport
        let info = try #require(try await store(transport).head("a?b#c%", version: "2026-01-01T00:00:00.1234567Z"))
        #expect(info.checksum == StoredChecksum(.md5, bytes: 0..<16))
        #expect(info.etag == "0x8D" && info.versionID == "v1" && info.size == 3 && info.isCurrent)
        #expect(transport.exchanges.first?.request.method == .head)
        #expect(
            transport.exchanges.first?.request.path
                == "/models/a%3Fb%23c%25?versionid=2026-01-01T00%3A00%3A00.1234567Z"
        )
    }

    @Test func theChecksumOfARangeIsNotThatOfTheBlob() async throws {
        var fields = blobHeaders
        fields["Content-Range"] = "bytes 0-2/9"
        let plain = try store(Answers([.init(206, headers(fields), "abc")]).transport)
        let first = try await plain.read("k", range: 0..<3, condition: .none) { info, _ in info }
        #expect(first.checksum == nil && first.size == 9)
        fields["x-ms-blob-content-md5"] = Page.md5
        let whole = try store(Answers([.init(206, headers(fields), "abc")]).transport)
        let second = try await whole.read("k", range: 0..<3, condition: .none) { info, _ in info }
        #expect(second.checksum == StoredChecksum(.md5, bytes: 0..<16))
    }

    @Test func anAbsentBlobIsNilAndAnAbsentContainerAnError() async throws {
        func head(_ code: String) async throws -> ObjectInfo? {
            try await store(Answers([.init(404, headers(["x-ms-error-code": code]), "")]).transport).head("k")
        }
        #expect(try await head("BlobNotFound") == nil)
        await expectError(.containerNotFound) { _ = try await head("ContainerNotFound") }
    }

    @Test(arguments: [
        (401, "NoAuthenticationInformation", ObjectStoreError.Code.unauthorized),
        (403, "AuthenticationFailed", .unauthorized),
        (403, "AuthorizationPermissionMismatch", .denied), (403, "AuthorizationFailure", .denied),
        (409, "PublicAccessNotPermitted", .denied), (403, "", .denied), (404, "ContainerNotFound", .containerNotFound),
        (404, "ResourceNotFound", .containerNotFound), (503, "ServerBusy", .throttled),
        (500, "OperationTimedOut", .unavailable),
        (400, "InvalidQueryParameterValue", .rejected), (302, "", .endpointRefused),
    ])
    func answersOtherThanSuccessBecomeCodes(
        _ status: Int,
        _ code: String,
        _ expected: ObjectStoreError.Code
    ) async throws {
        let fields = code.isEmpty ? HTTPFields() : headers(["x-ms-error-code": code])
        let transport = Answers([.init(status, fields, "<Error><Message>hush</Message></Error>")]).transport
        let error = await expectError(expected) { _ = try await store(transport).keys() }
        #expect(error?.message.contains("hush") == false)
        #expect(error?.serverCode == (code.isEmpty ? nil : code))
    }

    @Test func theCodeMayStandInTheBodyOnly() async throws {
        let body = "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>BlobArchived</Code></Error>"
        let transport = Answers([.init(409, [:], body)]).transport
        await expectError(.archived) { _ = try await store(transport).content("k") }
    }

    @Test(arguments: [(412, "ConditionNotMet"), (404, "BlobNotFound")])
    func bytesThatAreGoneFailThePrecondition(_ status: Int, _ code: String) async throws {
        let transport = Answers([.init(status, headers(["x-ms-error-code": code]), "")]).transport
        await expectError(.preconditionFailed) { _ = try await store(transport).content("k", condition: .etag("0x8D")) }
        if status == 404 { await expectError(.objectNotFound) { _ = try await store(transport).content("k") } }
    }
}
