import Artifacts
import Crypto
@testable import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

/// The blob service's REST interface, in memory and over a folder, with requests signed by the account's key.
@Suite(.timeLimit(.minutes(1)))
struct EmulatedAzureBlobTests {
    private let clock = TestClock()
    private let temporary: TemporaryFolder
    private let key = Array("not a secret".utf8)

    init() throws { temporary = try TemporaryFolder() }

    private func store(_ onDisk: Bool, anonymousRead: Bool = false) throws -> EmulatedAzureBlob {
        try EmulatedAzureBlob(
            .init(account: "dev", key: key, anonymousRead: anonymousRead) { token, _ in token == "entra" },
            folder: onDisk ? temporary.path : nil,
            time: clock.timeSource()
        )
    }

    private func send(
        _ store: EmulatedAzureBlob,
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: [String: String] = [:],
        _ body: String? = nil,
        key: [UInt8]? = nil
    ) async throws -> Caller.Answer {
        var headers: HTTPFields = [.azureDate: clock.timeSource().date().httpDate, .azureVersion: "2021-12-02"]
        for (name, value) in fields { headers[try #require(HTTPField.Name(name))] = value }
        var request = HTTPRequest(
            method: method,
            scheme: "http",
            authority: "peer",
            path: target,
            headerFields: headers
        )
        if body != nil || method == .put { request.headerFields[.contentLength] = String(body?.utf8.count ?? 0) }
        let text = AzureSharedKey.stringToSign(request, try #require(RequestTarget(request)), account: "dev")
        request.headerFields[.authorization] = "SharedKey dev:" + AzureSharedKey.sign(text, key: key ?? self.key)
        return try await Caller(store).send(method, target, request.headerFields, body.map { Array($0.utf8) })
    }

    private func put(
        _ store: EmulatedAzureBlob,
        _ name: String,
        _ text: String,
        _ fields: [String: String] = [:]
    ) async throws -> Caller.Answer {
        try await send(
            store,
            .put,
            "/dev/models/\(name)",
            ["x-ms-blob-type": "BlockBlob"].merging(fields) { $1 },
            text
        )
    }

    private func storeWithContainer(_ onDisk: Bool) async throws -> EmulatedAzureBlob {
        let store = try store(onDisk)
        #expect(try await send(store, .put, "/dev/models?restype=container").status == 201)
        return store
    }

    @Test(arguments: [false, true]) func blobIsReadAsItWasPut(_ onDisk: Bool) async throws {
        let store = try await storeWithContainer(onDisk)
        let md5 = Array(Insecure.MD5.hash(data: Array("0123456789".utf8))).base64Text
        let written = try await put(
            store,
            "a/b.bin",
            "0123456789",
            ["Content-MD5": md5, "x-ms-blob-content-type": "application/x-model", "x-ms-meta-stage": "prod"]
        )
        #expect(written.status == 201 && written["Content-MD5"] == md5)
        let read = try await send(store, .get, "/dev/models/a/b.bin")
        #expect(read.text == "0123456789")
        #expect(read["ETag"] == written["ETag"] && read["Content-Type"] == "application/x-model")
        #expect(read["x-ms-meta-stage"] == "prod" && read["Content-MD5"] == md5)
        #expect(read["Last-Modified"] == written["Last-Modified"])
        let part = try await send(store, .get, "/dev/models/a/b.bin", ["x-ms-range": "bytes=2-4"])
        #expect(part.status == 206 && part.text == "234" && part["Content-Range"] == "bytes 2-4/10")
        let head = try await send(store, .head, "/dev/models/a/b.bin")
        #expect(head["Content-Length"] == "10" && head.body.isEmpty && head["x-ms-blob-type"] == "BlockBlob")
        #expect(try await send(store, .get, "/dev/models/a/b.bin", ["x-ms-range": "bytes=10-"]).status == 416)
        #expect(try await send(store, .get, "/dev/models/missing")["x-ms-error-code"] == "BlobNotFound")
        #expect(try await send(store, .get, "/dev/other/b")["x-ms-error-code"] == "ContainerNotFound")
        #expect(try await send(store, .delete, "/dev/models/a/b.bin").status == 202)
        #expect(try await send(store, .get, "/dev/models/a/b.bin").status == 404)
    }

    @Test func wrongSumIsRefused() async throws {
        let store = try await storeWithContainer(true)
        let wrong = Array(Insecure.MD5.hash(data: [1])).base64Text
        #expect(try await put(store, "a", "text", ["Content-MD5": wrong])["x-ms-error-code"] == "Md5Mismatch")
        #expect(try await send(store, .head, "/dev/models/a").status == 404)
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path + "/.unfinished").isEmpty)
    }

    @Test(arguments: [false, true]) func conditionsGuardReadsAndWrites(_ onDisk: Bool) async throws {
        let store = try await storeWithContainer(onDisk)
        let first = try #require(try await put(store, "a", "one", ["If-None-Match": "*"])["ETag"])
        #expect(try await put(store, "a", "two", ["If-None-Match": "*"])["x-ms-error-code"] == "BlobAlreadyExists")
        #expect(try await send(store, .get, "/dev/models/a", ["If-None-Match": first]).status == 304)
        let second = try #require(try await put(store, "a", "three", ["If-Match": first])["ETag"])
        #expect(second != first)
        #expect(try await send(store, .get, "/dev/models/a", ["If-Match": first]).status == 412)
        #expect(try await put(store, "a", "four", ["If-Match": first])["x-ms-error-code"] == "ConditionNotMet")
        #expect(try await send(store, .delete, "/dev/models/a", ["If-Match": first]).status == 412)
        #expect(try await send(store, .get, "/dev/models/a", ["If-Match": second]).text == "three")
    }

    @Test(arguments: [false, true]) func blocksAreJoinedInTheOrderOfTheList(_ onDisk: Bool) async throws {
        let store = try await storeWithContainer(onDisk)
        func id(_ text: String) -> String { Array(text.utf8).base64Text.replacing("=", with: "%3D") }
        for name in ["aa", "bb", "cc"] {
            let target = "/dev/models/big?comp=block&blockid=\(id(name))"
            #expect(try await send(store, .put, target, [:], name + name).status == 201)
        }
        #expect(try await send(store, .get, "/dev/models/big").status == 404)
        func list(_ names: [(String, String)]) -> String {
            "<?xml version=\"1.0\"?><BlockList>"
                + names.map { "<\($0.0)>\(Array($0.1.utf8).base64Text)</\($0.0)>" }.joined() + "</BlockList>"
        }
        let commit = "/dev/models/big?comp=blocklist"
        #expect(
            try await send(store, .put, commit, [:], list([("Latest", "zz")]))["x-ms-error-code"] == "InvalidBlockList"
        )
        #expect(
            try await send(store, .put, commit, [:], list([("Latest", "cc"), ("Uncommitted", "aa")])).status == 201
        )
        #expect(try await send(store, .get, "/dev/models/big").text == "ccccaaaa")
        #expect(try await send(store, .put, commit, [:], list([("Uncommitted", "bb")])).status == 400)
        let again = "/dev/models/big?comp=block&blockid=\(id("dd"))"
        #expect(try await send(store, .put, again, [:], "new").status == 201)
        let mixed = list([("Committed", "aa"), ("Latest", "dd"), ("Latest", "cc")])
        #expect(try await send(store, .put, commit, [:], mixed).status == 201)
        #expect(try await send(store, .get, "/dev/models/big").text == "aaaanewcccc")
        let blocks = try await send(store, .get, "/dev/models/big?comp=blocklist&blocklisttype=all").text
        #expect(blocks.contains("<Size>3</Size>") && blocks.contains("<UncommittedBlocks></UncommittedBlocks>"))
    }

    @Test(arguments: [false, true]) func pagesOfBlobsJoinToTheWholeList(_ onDisk: Bool) async throws {
        let store = try await storeWithContainer(onDisk)
        let names = ["a", "dir/x", "dir/y", "dir/z/1", "e", "other/1"]
        for name in names { #expect(try await put(store, name, name).status == 201) }
        func list(_ query: String) async throws -> (names: [String], pages: Int) {
            var found: [String] = []
            var marker = ""
            var pages = 0
            repeat {
                let target =
                    "/dev/models?restype=container&comp=list\(query)" + (marker.isEmpty ? "" : "&marker=\(marker)")
                let answer = try await send(store, .get, target)
                let root = try #require(XMLElement(parsing: answer.body), "\(answer.text)")
                found += root.child("Blobs")?.children.compactMap { $0.value("Name") } ?? []
                marker = root.value("NextMarker") ?? ""
                pages += 1
            } while !marker.isEmpty
            return (found, pages)
        }
        for size in 1...7 {
            let result = try await list("&maxresults=\(size)")
            #expect(result.names == names && result.pages == (names.count + size - 1) / size)
            #expect(try await list("&maxresults=\(size)&delimiter=%2F").names == ["a", "dir/", "e", "other/"])
            #expect(
                try await list("&maxresults=\(size)&delimiter=%2F&prefix=dir%2F").names == ["dir/x", "dir/y", "dir/z/"]
            )
        }
        #expect(try await send(store, .get, "/dev/models?restype=container&comp=list&maxresults=0").status == 400)
        let foreign = "/dev/models?restype=container&comp=list&marker=dir"
        #expect(try await send(store, .get, foreign)["x-ms-error-code"] == "InvalidQueryParameterValue")
    }

    @Test func requestMustBeSignedAndFresh() async throws {
        let store = try await storeWithContainer(false)
        let list = "/dev/models?restype=container&comp=list"
        #expect(try await Caller(store).send(.get, list).status == 401)
        #expect(try await send(store, .get, list, key: [1, 2, 3])["x-ms-error-code"] == "AuthenticationFailed")
        let old = clock.timeSource().date() - .seconds(901)
        #expect(try await send(store, .get, list, ["x-ms-date": old.httpDate]).status == 403)
        #expect(try await Caller(store).send(.get, list, [.authorization: "Bearer entra"]).status == 200)
        #expect(try await Caller(store).send(.get, list, [.authorization: "Bearer other"]).status == 403)
        #expect(try await send(store, .get, "/other/models?restype=container").status == 404)
    }

    @Test func publicContainerIsReadButNotWritten() async throws {
        let store = try self.store(false, anonymousRead: true)
        #expect(try await send(store, .put, "/dev/models?restype=container").status == 201)
        #expect(try await put(store, "a", "text").status == 201)
        #expect(try await Caller(store).send(.get, "/dev/models/a").text == "text")
        #expect(try await Caller(store).send(.delete, "/dev/models/a").status == 401)
        #expect(try await Caller(store).send(.get, "/dev/?comp=list").status == 401)
    }

    @Test func headersAreSortedAsTheServiceSortsThem() {
        let sorted = ["x-ms-blob-type", "x-ms-blob-content-type", "x-ms-blobtype", "x-ms-a_b", "x-ms-ab", "x-ms-a1"]
            .sorted(by: AzureSharedKey.precedes)
        #expect(
            sorted == ["x-ms-a_b", "x-ms-a1", "x-ms-ab", "x-ms-blob-content-type", "x-ms-blobtype", "x-ms-blob-type"]
        )
    }

    @Test func fileDroppedByHandIsABlob() async throws {
        try temporary.write("by hand", to: "models/resnet/v1/model.bin")
        let store = try store(true)
        let read = try await send(store, .get, "/dev/models/resnet/v1/model.bin")
        #expect(read.text == "by hand")
        let etag = try #require(read["ETag"])
        #expect(try await send(store, .get, "/dev/?comp=list").text.contains("<Name>models</Name>"))
        let list = try await send(store, .get, "/dev/models?restype=container&comp=list").text
        #expect(list.contains("<Name>resnet/v1/model.bin</Name>"))
        #expect(list.contains("<Etag>\(etag.unquoted)</Etag>"))
        let restarted = try self.store(true)
        #expect(try await send(restarted, .head, "/dev/models/resnet/v1/model.bin")["ETag"] == etag)
        try temporary.write("by hand, again", to: "models/resnet/v1/model.bin")
        let changed = try await send(store, .get, "/dev/models/resnet/v1/model.bin")
        #expect(changed.text == "by hand, again" && changed["ETag"] != etag)
        try FileManager.default.removeItem(atPath: temporary.path + "/models/resnet/v1/model.bin")
        #expect(try await send(store, .get, "/dev/models/resnet/v1/model.bin").status == 404)
        #expect(try await put(store, "..%2F..%2Fescaped", "x").status == 400)
        #expect(!FileManager.default.fileExists(atPath: temporary.path + "/../escaped"))
    }

    @Test func blobPutThroughTheServiceIsAFile() async throws {
        let store = try await storeWithContainer(true)
        #expect(try await put(store, "dir/model.bin", "content").status == 201)
        let file = temporary.path + "/models/dir/model.bin"
        #expect(FileManager.default.contents(atPath: file) == Data("content".utf8))
        #expect(try await put(store, "dir", "x")["x-ms-error-code"] == "InvalidResourceName")
        #expect(try await send(store, .delete, "/dev/models/dir/model.bin").status == 202)
        #expect(!FileManager.default.fileExists(atPath: temporary.path + "/models/dir"))
        #expect(try await put(store, "dir", "x").status == 201)
        #expect(try await send(store, .delete, "/dev/models?restype=container").status == 202)
        #expect(!FileManager.default.fileExists(atPath: temporary.path + "/models"))
    }

    @Test func expiredOrNarrowSignatureIsRefused() async throws {
        let store = try await storeWithContainer(false)
        #expect(try await put(store, "a", "text").status == 201)
        func signed(
            _ permissions: String,
            resource: String,
            path: String,
            end: String = "2026-01-01T01:00:00Z"
        ) -> String {
            let lines = [
                permissions, "", end, "/blob/dev/\(path)", "", "", "", "2021-12-02", resource, "", "", "", "", "", "",
                "",
            ]
            let signature = AzureSharedKey.sign(lines.joined(separator: "\n"), key: key)
            return HTTPURL.query([
                ("sp", permissions), ("se", end), ("sv", "2021-12-02"), ("sr", resource), ("sig", signature),
            ])
        }
        let caller = Caller(store)
        let blob = signed("r", resource: "b", path: "models/a")
        #expect(try await caller.send(.get, "/dev/models/a?\(blob)").text == "text")
        #expect(try await caller.send(.get, "/dev/models/b?\(blob)").status == 403)
        #expect(
            try await caller.send(.delete, "/dev/models/a?\(blob)")["x-ms-error-code"]
                == "AuthorizationPermissionMismatch"
        )
        let container = signed("l", resource: "c", path: "models")
        #expect(try await caller.send(.get, "/dev/models?restype=container&comp=list&\(container)").status == 200)
        #expect(try await caller.send(.get, "/dev/models/a?\(container)").status == 403)
        let date = signed("r", resource: "b", path: "models/a", end: "2025-12-31")
        #expect(try await caller.send(.get, "/dev/models/a?\(date)").status == 403)
        clock.advance(by: .seconds(3600))
        #expect(try await caller.send(.get, "/dev/models/a?\(blob)")["x-ms-error-code"] == "AuthenticationFailed")
    }
}
