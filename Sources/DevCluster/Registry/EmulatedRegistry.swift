import Crypto
public import HTTPTransport
public import HTTPTypes
import JSON
import Synchronization

/// An OCI registry (distribution specification 1.1) for tests and the demo.
///
/// Guarantees: digests are verified, media types and bytes are kept as pushed, tags are listed in byte order with
/// correct `n`, `last` and `Link`, referrers are found by subject, dates come from the time source given. Over a folder
/// blobs are streamed to files and everything outlives the process; else it is all in memory.
public final class EmulatedRegistry: LocalService, Sendable {
    /// What a registry may do differently from another.
    public struct Options: Sendable {
        /// Who may use it.
        public var access: RegistryAccess
        /// Whether `/acr/v1/...` answers, as in Azure Container Registry.
        public var azureRoutes: Bool
        /// Whether `/v2/<name>/referrers/` answers; without it clients fall back to tags named after the digest.
        public var referrers: Bool
        /// How many tags a list has where the client asks for no number, and the most it gets; nil: no limit.
        public var pageSize: Int?
        /// The most bytes a blob may have.
        public var maximumBlobBytes: Int64

        /// Options of their parts.
        public init(
            access: RegistryAccess = .anonymous,
            azureRoutes: Bool = false,
            referrers: Bool = true,
            pageSize: Int? = nil,
            maximumBlobBytes: Int64 = 64 << 30
        ) {
            self.access = access
            self.azureRoutes = azureRoutes || access.isAzure
            self.referrers = referrers
            self.pageSize = pageSize
            self.maximumBlobBytes = maximumBlobBytes
        }
    }

    let options: Options
    let time: TimeSource
    let contents: Mutex<RegistryContents>
    let archive: RegistryArchive?
    let key = SymmetricKey(size: .bits256)

    /// An empty registry, or one with what an earlier one left in `folder`. Throws where the folder cannot be used.
    public init(_ options: Options = Options(), folder: String? = nil, time: TimeSource) throws {
        self.options = options
        self.time = time
        let archive = try folder.map { try RegistryArchive($0) }
        self.archive = archive
        contents = Mutex(try archive?.load() ?? RegistryContents())
    }

    /// Answers a request of the distribution specification, of the token service or of Azure Container Registry.
    public func handle(
        _ request: HTTPRequest,
        body: HTTPBodyChunks,
        from peer: LocalPeer
    ) async -> LocalResponse {
        var answer: LocalResponse
        do {
            answer = try await answered(request, body)
        } catch let failure as RegistryFailure {
            answer = failure.response
        } catch {
            answer = RegistryFailure(.internalServerError, "UNKNOWN", "\(error)").response
        }
        answer.response.headerFields[.dockerAPIVersion] = "registry/2.0"
        return answer
    }

    private func answered(_ request: HTTPRequest, _ body: HTTPBodyChunks) async throws -> LocalResponse {
        guard let target = RequestTarget(request), let route = try RegistryRoute(path: target.rawPath) else {
            throw RegistryFailure.notFound
        }
        switch route {
        case .token: return try issueToken(request, target)
        case .azureExchange, .azureToken:
            return try await azureToken(route, request, try form(request, target, body))
        case .base, .catalog, .tags, .manifest, .blob, .startUpload, .upload, .referrers, .azureTags, .azureTag: break
        }
        try authorize(request, target, route)
        switch (route, request.method) {
        case (.base, .get), (.base, .head): return LocalResponse(.ok, text: "{}", type: "application/json")
        case (.catalog, .get): return try catalog(target)
        case (.tags(let name), .get): return try tags(of: name, target)
        case (.manifest(let name, let reference), .get), (.manifest(let name, let reference), .head):
            return try manifest(reference, in: name, request)
        case (.manifest(let name, let reference), .put):
            return try await putManifest(reference, in: name, request, body)
        case (.manifest(let name, let reference), .delete): return try deleteManifest(reference, in: name)
        case (.blob(let name, let digest), .get), (.blob(let name, let digest), .head):
            return try blob(digest, in: name, request)
        case (.blob(let name, let digest), .delete): return try deleteBlob(digest, in: name)
        case (.startUpload(let name), .post): return try await startUpload(in: name, request, target, body)
        case (.upload(let name, let id), .get): return try uploadStatus(id, in: name)
        case (.upload(let name, let id), .patch): return try await appendToUpload(id, in: name, request, body)
        case (.upload(let name, let id), .put): return try await finishUpload(id, in: name, request, target, body)
        case (.upload(let name, let id), .delete): return try cancelUpload(id, in: name)
        case (.referrers(let name, let digest), .get) where options.referrers:
            return try referrers(of: digest, in: name, target)
        case (.azureTags(let name), .get) where options.azureRoutes: return try azureTags(of: name, request, target)
        case (.azureTag(let name, let tag), .get) where options.azureRoutes: return try azureTag(tag, in: name, request)
        case (.referrers, _), (.azureTags, _), (.azureTag, _): throw RegistryFailure.notFound
        default: throw RegistryFailure.unsupported
        }
    }

    /// The names and values of a posted form, after those of the query.
    private func form(
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ body: HTTPBodyChunks
    ) async throws -> [String: String] {
        let bytes = request.method == .post ? try await body.collect(upTo: 1 << 20) : []
        let text = String(decoding: bytes, as: UTF8.self)
        guard let pairs = RequestTarget.form(text[...]) else {
            throw RegistryFailure(.badRequest, "UNSUPPORTED", "the form is malformed")
        }
        return Dictionary((target.query + pairs).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
}

extension HTTPField.Name {
    static let dockerAPIVersion = known("Docker-Distribution-Api-Version")
    static let dockerContentDigest = known("Docker-Content-Digest")
    static let dockerUploadUUID = known("Docker-Upload-UUID")
    static let ociSubject = known("OCI-Subject")
    static let ociFiltersApplied = known("OCI-Filters-Applied")
    static let link = known("Link")
}
