import Artifacts
import HTTPTypes
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct ReferrersTests {
    private let hex = String(repeating: "a", count: 64)

    private func entry(_ digit: String) -> String {
        let digest = "sha256:" + String(repeating: digit, count: 64)
        return #"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(digest)","size":1}"#
    }

    private func index(_ digits: String...) -> String {
        let entries = digits.map { entry($0) }.joined(separator: ",")
        return #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[\#(entries)]}"#
    }

    private func referrers(_ registry: TestRegistry) async throws -> [String] {
        try await registry.client.referrers(
            of: Digest("sha256:" + hex),
            in: ImageReference("registry.test/team/app")
        ).map { String($0.digest.hex.prefix(1)) }
    }

    private static let indexType: HTTPFields = [.contentType: "application/vnd.oci.image.index.v1+json"]

    @Test func allPagesAreRead() async throws {
        let registry = TestRegistry { [self] request, _ in
            if request.query("page") == "2" { return .init(200, Self.indexType, index("3")) }
            var headers = Self.indexType
            if let link = HTTPField.Name("Link") { headers[link] = "<\(request.bare)?page=2>; rel=\"next\"" }
            return .init(200, headers, index("1", "2"))
        }
        #expect(try await referrers(registry) == ["1", "2", "3"])
        #expect(registry.log.first == "GET https://registry.test/v2/team/app/referrers/sha256:\(hex)")
    }

    @Test(arguments: [400, 404, 405, 501])
    func aRegistryWithoutTheQuestionIsAskedForTheTag(status: Int) async throws {
        let registry = TestRegistry { [self] request, _ in
            if request.bare.contains("/referrers/") { return .init(status, [:], "") }
            if request.bare.hasSuffix("/manifests/sha256-\(hex)") { return .init(200, Self.indexType, index("7")) }
            return .init(404, [:], "")
        }
        #expect(try await referrers(registry) == ["7"])
    }

    @Test func nothingRefersWhereNeitherIsThere() async throws {
        let registry = TestRegistry { _, _ in .init(404, [:], "") }
        #expect(try await referrers(registry).isEmpty)
        #expect(registry.log.count == 2)
    }

    @Test(arguments: [500, 429, 403])
    func aRegistryThatFailsIsNotOneWithoutReferrers(status: Int) async throws {
        let registry = TestRegistry { _, _ in .init(status, [:], "") }
        await #expect(throws: RegistryError.self) { try await referrers(registry) }
    }

    @Test func aWebPageAndAnotherDocumentAreErrors() async throws {
        let page = TestRegistry { _, _ in .init(200, [.contentType: "text/html"], "<html>") }
        await #expect(throws: RegistryError.self) { try await referrers(page) }
        let document = TestRegistry { _, _ in .json("{}") }
        await #expect(throws: RegistryError.self) { try await referrers(document) }
    }

    @Test func pagesWithoutEndAreRefused() async throws {
        let count = Counter()
        let registry = TestRegistry { [self] request, _ in
            var headers = Self.indexType
            if let link = HTTPField.Name("Link") {
                headers[link] = "<\(request.bare)?page=\(count.next())>; rel=\"next\""
            }
            return .init(200, headers, index("1"))
        }
        await #expect(throws: RegistryError.self) { try await referrers(registry) }
        #expect(registry.log.count <= 16)
    }
}
