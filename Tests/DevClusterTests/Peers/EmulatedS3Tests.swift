import Artifacts
import Crypto
@testable import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

/// The S3 REST interface, in memory and over a folder, with signed requests.
@Suite(.timeLimit(.minutes(1)))
struct EmulatedS3Tests {
    private let clock = TestClock()
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    private func store(_ onDisk: Bool, anonymousRead: Bool = false) throws -> EmulatedS3 {
        try EmulatedS3(
            .init(["AKID": "secret"], region: "eu-central-1", anonymousRead: anonymousRead),
            folder: onDisk ? temporary.path : nil,
            time: clock.timeSource()
        )
    }

    private func send(
        _ store: EmulatedS3,
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: [String: String] = [:],
        _ body: String? = nil,
        secret: String = "secret",
        region: String = "eu-central-1",
        payload: String? = nil
    ) async throws -> Caller.Answer {
        let now = clock.timeSource().date().rfc3339.replacing("-", with: "").replacing(":", with: "")
        let hash = payload ?? SignatureV4.hash(body ?? "")
        var headers: HTTPFields = [.amzDate: now, .amzContentSHA256: hash]
        for (name, value) in fields { headers[try #require(HTTPField.Name(name))] = value }
        var request = HTTPRequest(
            method: method,
            scheme: "http",
            authority: "peer.test:5000",
            path: target,
            headerFields: headers
        )
        let signer = SignatureV4(
            secret: secret,
            date: try #require(headers[.amzDate]),
            region: region,
            service: "s3"
        )
        let names = (headers.map { $0.name.canonicalName } + ["host"]).sorted()
        let signature = signer.signature(
            of: request,
            try #require(RequestTarget(request)),
            signedHeaders: names,
            payload: hash
        )
        request.headerFields[.authorization] =
            "AWS4-HMAC-SHA256 Credential=AKID/\(signer.scope), SignedHeaders=\(names.joined(separator: ";")), "
            + "Signature=\(signature)"
        return try await Caller(store).send(method, target, request.headerFields, body.map { Array($0.utf8) })
    }

    private func storeWithBucket(_ onDisk: Bool, versioned: Bool = false) async throws -> EmulatedS3 {
        let store = try store(onDisk)
        #expect(try await send(store, .put, "/models").status == 200)
        if versioned {
            let text = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
            #expect(try await send(store, .put, "/models?versioning", [:], text).status == 200)
        }
        return store
    }

    private func code(_ answer: Caller.Answer) -> String? { XMLElement(parsing: answer.body)?.value("Code") }

    @Test(arguments: [false, true]) func objectIsReadAsItWasPut(_ onDisk: Bool) async throws {
        let store = try await storeWithBucket(onDisk)
        let written = try await send(
            store,
            .put,
            "/models/a/b.bin",
            ["content-type": "text/x-model", "x-amz-meta-stage": "prod"],
            "0123456789"
        )
        #expect(written.status == 200)
        if !onDisk { #expect(written["ETag"] == "\"781e5e245d69b566979b86e28d23f2c7\"") }
        let read = try await send(store, .get, "/models/a/b.bin")
        #expect(read.text == "0123456789" && read["ETag"] == written["ETag"])
        #expect(read["Content-Type"] == "text/x-model" && read["x-amz-meta-stage"] == "prod")
        let part = try await send(store, .get, "/models/a/b.bin", ["range": "bytes=-3"])
        #expect(part.status == 206 && part.text == "789" && part["Content-Range"] == "bytes 7-9/10")
        #expect(code(try await send(store, .get, "/models/a/b.bin", ["range": "bytes=10-"])) == "InvalidRange")
        let head = try await send(store, .head, "/models/a/b.bin")
        #expect(head["Content-Length"] == "10" && head.body.isEmpty)
        let etag = try #require(read["ETag"])
        #expect(try await send(store, .get, "/models/a/b.bin", ["if-none-match": etag]).status == 304)
        #expect(try await send(store, .get, "/models/a/b.bin", ["if-match": "\"x\""]).status == 412)
        #expect(try await send(store, .put, "/models/a/b.bin", ["if-none-match": "*"], "x").status == 412)
        #expect(try await send(store, .put, "/models/a/b.bin", ["if-match": etag], "new").status == 200)
        #expect(try await send(store, .delete, "/models/a/b.bin").status == 204)
        #expect(try await send(store, .delete, "/models/a/b.bin").status == 204)
        #expect(code(try await send(store, .get, "/models/a/b.bin")) == "NoSuchKey")
        #expect(code(try await send(store, .get, "/other/a")) == "NoSuchBucket")
    }

    @Test func signatureRegionAndDateAreVerified() async throws {
        let store = try await storeWithBucket(false)
        #expect(code(try await send(store, .get, "/models", secret: "wrong")) == "SignatureDoesNotMatch")
        #expect(code(try await send(store, .get, "/models", region: "us-east-1")) == "AuthorizationHeaderMalformed")
        #expect(
            code(try await send(store, .get, "/models", ["x-amz-date": "20251231T230000Z"])) == "RequestTimeTooSkewed"
        )
        #expect(code(try await Caller(store).send(.get, "/models")) == "AccessDenied")
        let body = try await send(store, .put, "/models/a", [:], "changed", payload: SignatureV4.hash("original"))
        #expect(code(body) == "XAmzContentSHA256Mismatch")
        #expect(try await send(store, .head, "/models/a").status == 404)
    }

    @Test func sessionTokenBelongsToItsKey() async throws {
        let access = EmulatedS3.Access(region: "eu-central-1") { key, _ in
            key == "AKID" ? .init(secret: "secret", sessionToken: "session") : nil
        }
        let store = try EmulatedS3(access, time: clock.timeSource())
        #expect(try await send(store, .get, "/", ["x-amz-security-token": "session"]).status == 200)
        #expect(code(try await send(store, .get, "/", ["x-amz-security-token": "other"])) == "InvalidToken")
        #expect(code(try await send(store, .get, "/")) == "InvalidToken")
    }

    @Test func publicBucketIsReadButNotWritten() async throws {
        let store = try store(false, anonymousRead: true)
        #expect(try await send(store, .put, "/models").status == 200)
        #expect(try await send(store, .put, "/models/a", [:], "text").status == 200)
        #expect(try await Caller(store).send(.get, "/models/a").text == "text")
        #expect(try await Caller(store).send(.put, "/models/a", [:], [1]).status == 403)
        #expect(try await Caller(store).send(.get, "/").status == 403)
    }

    @Test(arguments: [
        ("content-md5", "XrY7u+Ae7tCTyyK7j1rNww=="), ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-checksum-sha256", "AAAA"), ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
    ])
    func wrongChecksumIsRefused(_ name: String, _ value: String) async throws {
        let store = try await storeWithBucket(true)
        #expect(code(try await send(store, .put, "/models/a", [name: value], "text")) == "BadDigest")
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path + "/.unfinished").isEmpty)
    }

    @Test func checksumOfTheTrailerIsVerifiedAndGivenBack() async throws {
        let store = try await storeWithBucket(false)
        func put(_ sum: String) async throws -> Caller.Answer {
            let body = "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:\(sum)\r\n\r\n"
            return try await send(
                store,
                .put,
                "/models/a",
                [
                    "x-amz-decoded-content-length": "9", "x-amz-trailer": "x-amz-checksum-crc32",
                    "content-encoding": "aws-chunked",
                ],
                body,
                payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
            )
        }
        #expect(code(try await put("AAAAAA==")) == "BadDigest")
        #expect(try await put("y/Q5Jg==").status == 200)
        let read = try await send(store, .get, "/models/a", ["x-amz-checksum-mode": "ENABLED"])
        #expect(read.text == "123456789" && read["x-amz-checksum-crc32"] == "y/Q5Jg==")
        #expect(read["Content-Encoding"] == nil)
    }

    @Test(arguments: [false, true]) func listTakesAllParameters(_ onDisk: Bool) async throws {
        let store = try await storeWithBucket(onDisk)
        let names = ["a", "dir/x", "dir/y", "dir/z/1", "e f", "other/1"]
        for name in names {
            #expect(
                try await send(store, .put, "/models/" + HTTPURL.encode(name, keepingSlashes: true), [:], name).status
                    == 200
            )
        }
        func list(_ query: String) async throws -> (keys: [String], prefixes: [String], pages: Int) {
            var keys: [String] = []
            var prefixes: [String] = []
            var token: String?
            var pages = 0
            repeat {
                let target = "/models?list-type=2\(query)" + (token.map { "&continuation-token=\($0)" } ?? "")
                let answer = try await send(store, .get, target)
                let root = try #require(XMLElement(parsing: answer.body), "\(answer.text)")
                keys += root.children.filter { $0.name == "Contents" }.compactMap { $0.value("Key") }
                prefixes += root.children.filter { $0.name == "CommonPrefixes" }.compactMap { $0.value("Prefix") }
                token = root.value("NextContinuationToken")
                #expect((root.value("IsTruncated") == "true") == (token != nil))
                pages += 1
            } while token != nil
            return (keys, prefixes, pages)
        }
        for size in 1...7 {
            let all = try await list("&max-keys=\(size)")
            #expect(all.keys == names && all.pages == (names.count + size - 1) / size)
            let rolled = try await list("&max-keys=\(size)&delimiter=/")
            #expect(rolled.keys == ["a", "e f"] && rolled.prefixes == ["dir/", "other/"])
        }
        #expect(try await list("&start-after=dir/x").keys == ["dir/y", "dir/z/1", "e f", "other/1"])
        #expect(try await list("&start-after=dir/&delimiter=/").prefixes == ["dir/", "other/"])
        #expect(try await list("&prefix=dir/&delimiter=/").keys == ["dir/x", "dir/y"])
        #expect(try await list("&prefix=e&encoding-type=url").keys == ["e%20f"])
        let none = try await send(store, .get, "/models?list-type=2&max-keys=0").text
        #expect(none.contains("<KeyCount>0</KeyCount>") && none.contains("<IsTruncated>false</IsTruncated>"))
        #expect(code(try await send(store, .get, "/models?list-type=2&continuation-token=dir")) == "InvalidArgument")
        let first = try await send(store, .get, "/models?max-keys=2&marker=a&delimiter=/").text
        #expect(first.contains("<NextMarker>e f</NextMarker>"))
    }

    @Test(arguments: [false, true]) func versionsAreKeptAndRestored(_ onDisk: Bool) async throws {
        let store = try await storeWithBucket(onDisk, versioned: true)
        let one = try #require(try await send(store, .put, "/models/a", [:], "one")["x-amz-version-id"])
        let two = try #require(try await send(store, .put, "/models/a", [:], "two")["x-amz-version-id"])
        #expect(one != two)
        #expect(try await send(store, .get, "/models/a").text == "two")
        let old = try await send(store, .get, "/models/a?versionId=\(one)")
        #expect(old.text == "one" && old["x-amz-version-id"] == one)
        let removed = try await send(store, .delete, "/models/a")
        let marker = try #require(removed["x-amz-version-id"])
        #expect(removed["x-amz-delete-marker"] == "true")
        let gone = try await send(store, .get, "/models/a")
        #expect(gone.status == 404 && gone["x-amz-delete-marker"] == "true")
        #expect(try await send(store, .get, "/models/a?versionId=\(marker)").status == 405)
        #expect(code(try await send(store, .get, "/models/a?versionId=none")) == "NoSuchVersion")
        #expect(try await send(store, .get, "/models?list-type=2").text.contains("<KeyCount>0</KeyCount>"))
        #expect(code(try await send(store, .delete, "/models")) == "BucketNotEmpty")
        func versions(_ size: Int) async throws -> [String] {
            var found: [String] = []
            var markers = ""
            while true {
                let answer = try await send(store, .get, "/models?versions&max-keys=\(size)\(markers)")
                let root = try #require(XMLElement(parsing: answer.body))
                found += root.children.filter { $0.name == "Version" || $0.name == "DeleteMarker" }.compactMap {
                    $0.value("VersionId")
                }
                guard root.value("IsTruncated") == "true" else { return found }
                markers =
                    "&key-marker=\(root.value("NextKeyMarker") ?? "")&version-id-marker=\(root.value("NextVersionIdMarker") ?? "")"
            }
        }
        for size in 1...4 { #expect(try await versions(size) == [marker, two, one]) }
        #expect(try await send(store, .delete, "/models/a?versionId=\(marker)").status == 204)
        #expect(try await send(store, .get, "/models/a").text == "two")
        #expect(try await send(store, .delete, "/models/a?versionId=\(two)").status == 204)
        #expect(try await send(store, .get, "/models/a").text == "one")
        #expect(try await send(store, .delete, "/models/a?versionId=\(one)").status == 204)
        #expect(try await send(store, .delete, "/models").status == 204)
    }

    @Test func objectWithoutVersionIsReplacedWhileSuspended() async throws {
        let store = try await storeWithBucket(false, versioned: true)
        let kept = try #require(try await send(store, .put, "/models/a", [:], "kept")["x-amz-version-id"])
        let text = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
        #expect(try await send(store, .put, "/models?versioning", [:], text).status == 200)
        for content in ["first", "second"] {
            #expect(try await send(store, .put, "/models/a", [:], content).status == 200)
        }
        #expect(try await send(store, .get, "/models/a?versionId=null").text == "second")
        #expect(try await send(store, .get, "/models/a?versionId=\(kept)").text == "kept")
        let list = try #require(XMLElement(parsing: try await send(store, .get, "/models?versions").body))
        #expect(list.children.filter { $0.name == "Version" }.compactMap { $0.value("VersionId") } == ["null", kept])
    }

    @Test(arguments: [false, true]) func partsAreJoined(_ onDisk: Bool) async throws {
        let store = try await storeWithBucket(onDisk)
        let started = try await send(store, .post, "/models/big?uploads", ["content-type": "text/x-model"], "")
        let id = try #require(XMLElement(parsing: started.body)?.value("UploadId"))
        let large = String(repeating: "x", count: 5 << 20)
        var etags: [Int: String] = [:]
        for (number, text) in [(3, "end"), (1, large), (2, "small")] {
            let answer = try await send(store, .put, "/models/big?partNumber=\(number)&uploadId=\(id)", [:], text)
            etags[number] = answer["ETag"]
        }
        func complete(_ numbers: [Int]) async throws -> Caller.Answer {
            let parts = numbers.map { "<Part><PartNumber>\($0)</PartNumber><ETag>\(etags[$0] ?? "")</ETag></Part>" }
            let text = "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>"
            return try await send(store, .post, "/models/big?uploadId=\(id)", [:], text)
        }
        #expect(code(try await complete([3, 1])) == "InvalidPartOrder")
        #expect(code(try await complete([1, 2, 3])) == "EntityTooSmall")
        #expect(code(try await complete([1, 4])) == "InvalidPart")
        let done = try await complete([1, 3])
        #expect(done.status == 200)
        let read = try await send(store, .get, "/models/big")
        #expect(read.text == large + "end" && read["Content-Type"] == "text/x-model")
        if !onDisk {
            let sums =
                Array(Insecure.MD5.hash(data: Array(large.utf8))) + Array(Insecure.MD5.hash(data: Array("end".utf8)))
            #expect(read["ETag"] == "\"" + Array(Insecure.MD5.hash(data: sums)).hexadecimal + "-2\"")
        }
        #expect(code(try await complete([1, 3])) == "NoSuchUpload")
    }

    @Test func fileDroppedByHandIsAnObject() async throws {
        try temporary.write("by hand", to: "models/resnet/v1/model.bin")
        let store = try store(true)
        let read = try await send(store, .get, "/models/resnet/v1/model.bin")
        #expect(read.text == "by hand")
        #expect(try await send(store, .get, "/models?list-type=2").text.contains("<Key>resnet/v1/model.bin</Key>"))
        try temporary.write("by hand, again", to: "models/resnet/v1/model.bin")
        let changed = try await send(store, .get, "/models/resnet/v1/model.bin")
        #expect(changed.text == "by hand, again" && changed["ETag"] != read["ETag"])
        #expect(code(try await send(store, .put, "/models/%2E%2E/%2E%2E/escaped", [:], "x")) == "InvalidArgument")
    }

    @Test(arguments: ["/models/a?acl", "/models?policy", "/models/a?tagging", "/models/a?partNumber=1"])
    func whatIsNotEmulatedIsRefused(_ target: String) async throws {
        let store = try await storeWithBucket(false)
        #expect(code(try await send(store, .get, target)) == "NotImplemented")
    }
}
