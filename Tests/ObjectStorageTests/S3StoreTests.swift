import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import CloudIdentity
@testable import ObjectStorage

@Suite struct S3StoreTests {
    private let key = S3Credential.key(AWSAccessKey(id: "AKIDEXAMPLE", secret: "hush", sessionToken: "hushToken"))

    private func store(
        _ transport: any HTTPTransport,
        bucket: String = "models",
        region: String? = "eu-west-1",
        endpoint: String? = nil,
        credential: S3Credential? = nil
    ) throws -> S3Store {
        let url = try endpoint.map { try #require(HTTPURL($0)) }
        return try S3Store(
            bucket: bucket,
            region: region,
            endpoint: url,
            credential: credential ?? key,
            endpoints: EndpointPolicy(allowed: url.map { [$0.host] } ?? []),
            channel: channel(transport)
        )
    }

    private let objectHeaders = [
        "Content-Length": "3", "ETag": "\"e1\"", "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT",
        "x-amz-version-id": "v1",
    ]

    @Test func aListingFollowsContinuationTokens() async throws {
        let transport = Answers([
            .init(200, [:], Page.s3(["a", "b"], token: "1+/=")), .init(200, [:], Page.s3(["c"])),
        ]).transport
        let store = try store(transport)
        #expect(try await store.keys(ListRequest(prefix: "")) == ["a", "b", "c"])
        let targets = transport.exchanges.map { $0.request.path ?? "" }
        #expect(
            targets == [
                "/?encoding-type=url&list-type=2&max-keys=1000&prefix=",
                "/?continuation-token=1%2B%2F%3D&encoding-type=url&list-type=2&max-keys=1000&prefix=",
            ]
        )
        #expect(transport.exchanges.allSatisfy { $0.request.authority == "models.s3.eu-west-1.amazonaws.com" })
        let authorization = try #require(transport.exchanges.first?.request.headerFields[.authorization])
        #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/s3/aws4_request, "))
        #expect(transport.exchanges.first?.request.headerFields[.amzSecurityToken] == "hushToken")
    }

    @Test func aLongListingStreamsPageByPage() async throws {
        let pages = Mutex(0)
        let keys = (0..<1000).map { "models/resnet/version/file-\($0).bin" }
        let page = Array(Page.s3(keys, token: "TOKEN").utf8)
        let last = Array(Page.s3(keys).utf8)
        let place = try #require(page.firstRange(of: Array("TOKEN".utf8)))
        let transport = FakeTransport { _, _ in
            let number = pages.withLock { page in
                page += 1
                return page
            }
            guard number < 25 else { return .init(200, [:], HTTPBodyChunks(last)) }
            var body = page
            body.replaceSubrange(place, with: Array("\(number)".utf8))
            return .init(200, [:], HTTPBodyChunks(body))
        }
        var count = 0
        var aheadMost = 0
        try await store(transport).list(prefix: "models/") { info throws(ObjectStoreError) in
            count += 1
            aheadMost = max(aheadMost, pages.withLock { $0 } * 1000 - count)
            return .continue
        }
        #expect(count == 25_000)
        #expect(aheadMost < 1000)
    }

    @Test func stopFetchesNoFurtherPage() async throws {
        let transport = Answers([.init(200, [:], Page.s3(["a", "b"], token: "t"))]).transport
        var seen: [String] = []
        try await store(transport).list(prefix: "") { info throws(ObjectStoreError) in
            seen.append(info.key)
            return .stop
        }
        #expect(seen == ["a"])
        #expect(transport.exchanges.count == 1)
    }

    @Test func aRepeatedTokenEndsTheListing() async throws {
        let same = Answers([.init(200, [:], Page.s3(["a"], token: "t"))]).transport
        await expectError(.malformedAnswer) { _ = try await store(same).keys() }
        #expect(same.exchanges.count == 2)
        let turn = Mutex(0)
        let circle = FakeTransport { _, _ in
            let next = turn.withLock { turn in
                turn += 1
                return turn
            }
            return .init(200, [:], Page.s3(["a"], token: "t\(next % 5)"))
        }
        await expectError(.malformedAnswer) { _ = try await store(circle).keys() }
        #expect(circle.exchanges.count < 30)
    }

    @Test func aListingBeyondItsBoundIsGivenUp() async throws {
        let transport = Answers([.init(200, [:], Page.s3(["a", "b", "c"]))]).transport
        let error = await expectError(.tooLarge) {
            _ = try await store(transport).keys(ListRequest(maximumEntries: 2))
        }
        #expect(error?.message == "s3://models: more than 2 entries below \"\"; choose a narrower prefix")
    }

    @Test func keysOutsideThePrefixAreRefused() async throws {
        let transport = Answers([.init(200, [:], Page.s3(["resnet-old/x"]))]).transport
        await expectError(.malformedAnswer) { _ = try await store(transport).keys(ListRequest(prefix: "resnet/")) }
    }

    @Test func aPageLargerThanItsBoundIsAnError() async throws {
        let start = Array("<ListBucketResult>".utf8)
        let comment = Array("<!--".utf8) + [UInt8](repeating: 0x20, count: 1 << 16) + Array("-->".utf8)
        let filler = Array(repeatElement(comment, count: 16).joined())
        let transport = FakeTransport { _, _ in
            .init(200, [:], HTTPBodyChunks(chunks: [start] + Array(repeating: filler, count: 50)))
        }
        let error = await expectError(.tooLarge) { _ = try await store(transport).keys() }
        #expect(error?.message == "s3://models: the listing cannot be used: it is larger than 16 MiB")
    }

    @Test func htmlIsNoListing() async throws {
        let transport = Answers([.init(200, [:], "<html><body>Sign in</body></html>")]).transport
        let error = await expectError(.malformedAnswer) { _ = try await store(transport).keys() }
        #expect(error?.message.contains("Sign in") == false)
    }

    @Test func foldersAreAskedForByDelimiter() async throws {
        let transport = Answers([.init(200, [:], Page.s3(["r%2Fx"], prefixes: ["r%2F1%2F"]))]).transport
        let entries = try await store(transport).keys(ListRequest(prefix: "r/", delimiter: "/"))
        #expect(entries == ["r/x", "r/1/"])
        #expect(transport.exchanges.first?.request.path?.contains("delimiter=%2F&") == true)
    }

    @Test func versionsAreListedByTheirOwnCall() async throws {
        let page = """
            <ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a%20b</NextKeyMarker>
            <NextVersionIdMarker>v 1</NextVersionIdMarker><EncodingType>url</EncodingType></ListVersionsResult>
            """
        let transport = Answers([
            .init(200, [:], page),
            .init(200, [:], "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"),
        ]).transport
        #expect(try await store(transport).keys(ListRequest(versions: .current)).isEmpty)
        #expect(
            transport.exchanges.last?.request.path
                == "/?encoding-type=url&key-marker=a%20b&max-keys=1000&prefix=&version-id-marker=v%201&versions="
        )
    }

    @Test(
        arguments: [
            ("models", nil, "models.s3.eu-west-1.amazonaws.com", "/a%20b/%C3%A4"),
            ("my.models", nil, "s3.eu-west-1.amazonaws.com", "/my.models/a%20b/%C3%A4"),
            ("models", "http://127.0.0.1:5000", "127.0.0.1:5000", "/models/a%20b/%C3%A4"),
            ("Old_Name", "https://minio.prod/s3/", "minio.prod", "/s3/Old_Name/a%20b/%C3%A4"),
        ] as [(String, String?, String, String)]
    )
    func addressesFollowTheStyleOfBucketAndEndpoint(
        bucket: String,
        endpoint: String?,
        authority: String,
        path: String
    )
        async throws
    {
        let transport = Answers([.init(200, headers(objectHeaders), "abc")]).transport
        #expect(try await store(transport, bucket: bucket, endpoint: endpoint).content("a b/ä") == Array("abc".utf8))
        #expect(transport.exchanges.first?.request.authority == authority)
        #expect(transport.exchanges.first?.request.path == path)
    }

    @Test func chinaHasItsOwnDomain() throws {
        let address = try S3Address(bucket: "models", endpoint: nil)
        #expect(address.url(region: "cn-north-1").host == "models.s3.cn-north-1.amazonaws.com.cn")
    }

    @Test(arguments: [301, 307, 400])
    func anotherRegionIsTriedOnceAndRemembered(_ status: Int) async throws {
        let transport = FakeTransport { request, _ in
            request.authority == "models.s3.eu-central-1.amazonaws.com"
                ? .init(200, [:], Page.s3(["a"]))
                : .init(status, headers(["x-amz-bucket-region": "eu-central-1", "Location": "https://evil.com/"]), "")
        }
        let store = try store(transport)
        #expect(try await store.keys() == ["a"])
        #expect(try await store.keys() == ["a"])
        let hosts = transport.exchanges.map { $0.request.authority ?? "" }
        #expect(
            hosts == [
                "models.s3.eu-west-1.amazonaws.com", "models.s3.eu-central-1.amazonaws.com",
                "models.s3.eu-central-1.amazonaws.com",
            ]
        )
        let last = transport.exchanges.last?.request.headerFields[.authorization]
        #expect(last?.contains("/eu-central-1/s3/") == true)
    }

    @Test func theRegionMayStandInTheBody() async throws {
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>"
        let transport = FakeTransport { request, _ in
            request.headerFields[.authorization]?.contains("eu-central-1") == true
                ? .init(200, [:], Page.s3(["a"])) : .init(400, [:], body)
        }
        #expect(try await store(transport, endpoint: "http://minio.prod:9000").keys() == ["a"])
        #expect(transport.exchanges.allSatisfy { $0.request.authority == "minio.prod:9000" })
    }

    @Test(arguments: ["evil.com/", "evil.com#", "", "UP", "-x"])
    func aRegionThatIsNoneIsNotFollowed(_ region: String) async throws {
        let transport = Answers([.init(301, headers(["x-amz-bucket-region": region]), "")]).transport
        await expectError(.endpointRefused) { _ = try await store(transport).keys() }
        #expect(transport.exchanges.count == 1)
    }

    @Test func aStoreThatSendsFromRegionToRegionIsLeft() async throws {
        let turn = Mutex(0)
        let transport = FakeTransport { _, _ in
            let next = turn.withLock { turn in
                turn += 1
                return turn
            }
            return .init(301, headers(["x-amz-bucket-region": "r\(next)"]), "")
        }
        await expectError(.endpointRefused) { _ = try await store(transport).keys() }
        #expect(transport.exchanges.count == 2)
    }

    @Test func redirectsAreNotFollowed() async throws {
        let transport = Answers([.init(302, headers(["Location": "https://evil.com/"]), "")]).transport
        await expectError(.endpointRefused) { _ = try await store(transport).keys() }
        #expect(transport.exchanges.count == 1)
    }

    @Test func anonymousRequestsCarryNoSignature() async throws {
        let transport = Answers([.init(200, [:], Page.s3(["a"]))]).transport
        #expect(try await store(transport, credential: .anonymous).keys() == ["a"])
        let fields = try #require(transport.exchanges.first?.request.headerFields)
        #expect(fields[.authorization] == nil && fields[.amzDate] == nil)
    }

    @Test func theDateOfTheSignatureIsTheInjectedOne() async throws {
        let clock = TestClock()
        clock.advance(by: .seconds(86_400 + 61))
        let transport = Answers([.init(200, [:], Page.s3([]))]).transport
        let store = try S3Store(bucket: "models", credential: key, channel: channel(transport, clock: clock))
        _ = try await store.keys()
        #expect(transport.exchanges.first?.request.headerFields[.amzDate] == "20260102T000101Z")
    }

    @Test func aProviderIsAskedForEachRequest() async throws {
        struct Gone: Error, CustomStringConvertible { var description: String { "the role cannot be assumed" } }
        let turn = Mutex(0)
        let provider = S3Credential.provider { _ in
            let next = turn.withLock { turn in
                turn += 1
                return turn
            }
            if next == 3 { throw Gone() }
            return AWSAccessKey(id: "KEY\(next)", secret: "s")
        }
        let transport = Answers([.init(200, [:], Page.s3([]))]).transport
        let store = try store(transport, credential: provider)
        _ = try await store.keys()
        _ = try await store.keys()
        let error = await expectError(.unauthorized) { _ = try await store.keys() }
        #expect(error?.message == "s3://models: no credentials: the role cannot be assumed")
        #expect(
            transport.exchanges.map { $0.request.headerFields[.authorization]?.contains("KEY1/") } == [true, false]
        )
    }

    @Test(arguments: [
        (403, "AccessDenied", ObjectStoreError.Code.denied, "s3:ListBucket"),
        (403, "SignatureDoesNotMatch", .unauthorized, "access key"), (403, "ExpiredToken", .unauthorized, "expired"),
        (400, "ExpiredToken", .unauthorized, "expired"), (403, "RequestTimeTooSkewed", .unauthorized, "clock"),
        (404, "NoSuchBucket", .containerNotFound, "bucket"), (401, "X", .unauthorized, "credentials"),
        (429, "SlowDown", .throttled, "fewer"), (503, "SlowDown", .throttled, "fewer"),
        (500, "InternalError", .unavailable, "failed"), (400, "InvalidArgument", .rejected, "refuses"),
    ])
    func answersOtherThanSuccessBecomeCodes(
        status: Int,
        code: String,
        expected: ObjectStoreError.Code,
        advice: String
    )
        async throws
    {
        let body = "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>hush \(code)</Message></Error>"
        let transport = Answers([.init(status, [:], body)]).transport
        let error = await expectError(expected) { _ = try await store(transport).keys() }
        #expect(error?.serverCode == code)
        #expect(error?.message.hasPrefix("s3://models: \(status) \(code): ") == true)
        #expect(error?.message.contains("hush") == false)
        if code != "SlowDown" { #expect(error?.message.contains(advice) == true, "\(error?.message ?? "")") }
    }

    @Test(arguments: [
        "garbage", "<!DOCTYPE x><Error><Code>NoSuchBucket</Code></Error>", "<Error><Code>a b</Code></Error>",
    ])
    func aBodyThatCannotBeReadHidesNoFailure(_ body: String) async throws {
        let transport = Answers([.init(403, [:], body)]).transport
        let error = await expectError(.denied) { _ = try await store(transport).keys() }
        #expect(error?.serverCode == nil)
    }

    @Test func anAbsentObjectIsNil() async throws {
        #expect(try await store(Answers([.init(404, [:], "")]).transport).head("k") == nil)
        let marker = headers(["x-amz-delete-marker": "true"])
        #expect(try await store(Answers([.init(405, marker, "")]).transport).head("k", version: "v3") == nil)
        await expectError(.denied) { _ = try await store(Answers([.init(403, [:], "")]).transport).head("k") }
    }

    @Test func aHeadTellsVersionAndChecksum() async throws {
        let sum = Base64.encode([UInt8](repeating: 7, count: 32))
        let fields = objectHeaders.merging(["x-amz-checksum-sha256": sum, "x-amz-checksum-type": "FULL_OBJECT"]) { $1 }
        let transport = Answers([.init(200, headers(fields), "")]).transport
        let info = try #require(try await store(transport).head("k", version: "v1"))
        #expect(info.checksum == StoredChecksum(.sha256, bytes: [UInt8](repeating: 7, count: 32)))
        #expect(info.etag == "e1" && info.versionID == "v1" && info.size == 3)
        #expect(transport.exchanges.first?.request.path == "/k?versionId=v1")
        #expect(transport.exchanges.first?.request.headerFields[.amzChecksumMode] == "ENABLED")
    }

    @Test(arguments: [
        ["x-amz-checksum-sha256": "\(Base64.encode([UInt8](repeating: 7, count: 32)))-2"],
        ["x-amz-checksum-sha256": Base64.encode([UInt8](repeating: 7, count: 32)), "x-amz-checksum-type": "COMPOSITE"],
        ["x-amz-checksum-sha256": "AAAA"], [:],
    ])
    func aCompositeChecksumIsNone(_ extra: [String: String]) async throws {
        let transport = Answers([.init(200, headers(objectHeaders.merging(extra) { $1 }), "")]).transport
        #expect(try await store(transport).head("k")?.checksum == nil)
    }

    @Test func theNullVersionIsNone() async throws {
        let fields = objectHeaders.merging(["x-amz-version-id": "null"]) { $1 }
        let info = try await store(Answers([.init(200, headers(fields), "")]).transport).head("k")
        #expect(info != nil)
        #expect(info?.versionID == nil)
    }

    @Test func aConditionGoesIntoTheRequest() async throws {
        let transport = Answers([.init(200, headers(objectHeaders), "abc")]).transport
        let bytes = try await store(transport).content("k", condition: ReadCondition(etag: "e1", versionID: "v1"))
        #expect(bytes == Array("abc".utf8))
        let request = try #require(transport.exchanges.first?.request)
        #expect(request.headerFields[.ifMatch] == "\"e1\"")
        #expect(request.path == "/k?versionId=v1")
        #expect(request.headerFields[.authorization]?.contains("SignedHeaders=accept-encoding;host;if-match;") == true)
    }

    @Test(arguments: [
        (412, "PreconditionFailed"), (404, "NoSuchKey"), (404, "NoSuchVersion"), (404, ""),
    ])
    func bytesThatAreGoneFailThePrecondition(_ status: Int, _ code: String) async throws {
        let transport = Answers([.init(status, [:], "<Error><Code>\(code)</Code></Error>")]).transport
        await expectError(.preconditionFailed) { _ = try await store(transport).content("k", condition: .etag("e1")) }
    }

    @Test func withoutAConditionTheyAreNotFound() async throws {
        let transport = Answers([.init(404, [:], "<Error><Code>NoSuchKey</Code></Error>")]).transport
        let error = await expectError(.objectNotFound) { _ = try await store(transport).content("k") }
        #expect(error?.message == "s3://models/k: 404 NoSuchKey: there is no such object")
    }

    @Test func aServerThatIgnoresTheConditionIsFoundOut() async throws {
        let transport = Answers([.init(200, headers(objectHeaders), "abc")]).transport
        await expectError(.preconditionFailed) { _ = try await store(transport).content("k", condition: .etag("e0")) }
        await expectError(.malformedAnswer) { _ = try await store(transport).content("k", condition: .version("v0")) }
    }

    @Test func anArchivedObjectSaysSo() async throws {
        let transport = Answers([.init(403, [:], "<Error><Code>InvalidObjectState</Code></Error>")]).transport
        await expectError(.archived) { _ = try await store(transport).content("k") }
    }

    @Test(arguments: ["a\"b", "a\r\nX: y", "", "ä"])
    func whatIsNoEntityTagIsNotSent(_ tag: String) async throws {
        let transport = Answers([.init(200, headers(objectHeaders), "abc")]).transport
        await expectError(.configuration) { _ = try await store(transport).content("k", condition: .etag(tag)) }
        #expect(transport.exchanges.isEmpty)
    }
}
