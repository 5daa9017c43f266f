public import Artifacts
public import HTTPTransport
public import HTTPTypes
import Synchronization

/// Azure Blob Storage for tests and the demo: block blobs of one account, at `http://127.0.0.1:port/account/...`.
///
/// Guarantees: shared keys and shared access signatures are verified exactly, ETags change with every write, conditions
/// are checked together with the change they guard, MD5 sums are verified, lists come in pages. Over a folder
/// `<folder>/<container>/<name>` is the blob's content, and a file dropped there by hand is a blob.
public final class EmulatedAzureBlob: LocalService, Sendable {
    /// Who may use the account.
    public struct Access: Sendable {
        /// The account's name.
        public var account: String
        /// The account's key.
        public var key: [UInt8]
        /// Whether reading and listing need no signature, as in a container with public access.
        public var anonymousRead: Bool
        /// Whether an Entra ID token is good at a time; nil takes none.
        public var acceptsToken: (@Sendable (String, Timestamp) async -> Bool)?

        /// Access of its parts.
        public init(
            account: String,
            key: [UInt8],
            anonymousRead: Bool = false,
            acceptsToken: (@Sendable (String, Timestamp) async -> Bool)? = nil
        ) {
            self.account = account
            self.key = key
            self.anonymousRead = anonymousRead
            self.acceptsToken = acceptsToken
        }

        /// The key as a connection string has it.
        public var encodedKey: String { key.base64 }
    }

    /// What is left of an upload in blocks until it is committed.
    struct Staged: Sendable {
        var blocks: [String: StoredContent] = [:]
    }

    let access: Access
    let time: TimeSource
    let shelf: BlobShelf
    let staged = Mutex<[String: Staged]>([:])
    private let requests = Atomic<Int>(0)

    /// The most bytes a blob or block may have (Azure: 4000 MiB a block; blobs here are bounded by the disk).
    static let maximumBytes: Int64 = 64 << 30
    /// The most blocks that may wait for one blob (Azure: 100,000).
    static let maximumBlocks = 100_000

    /// An account without containers, or with those that lie in `folder`. Throws where the folder cannot be used.
    public init(_ access: Access, folder: String? = nil, time: TimeSource) throws {
        self.access = access
        self.time = time
        shelf = try BlobShelf(.azure, folder: folder, time: time)
    }

    /// Answers a request of the blob service's REST interface.
    public func handle(
        _ request: HTTPRequest,
        body: HTTPBodyChunks,
        from peer: LocalPeer
    ) async -> LocalResponse {
        var answer: LocalResponse
        do {
            answer = try await answered(request, body)
        } catch {
            answer = AzureBlobFailure(error).response
        }
        answer.response.headerFields[.azureVersion] = request.headerFields[.azureVersion] ?? "2021-12-02"
        answer.response.headerFields[.azureRequestID] = "request-\(requests.add(1, ordering: .relaxed).newValue)"
        answer.response.headerFields[.azureClientRequestID] = request.headerFields[.azureClientRequestID]
        answer.response.headerFields[.date] = time.date().httpDate
        return answer
    }

    private func answered(_ request: HTTPRequest, _ body: HTTPBodyChunks) async throws -> LocalResponse {
        guard let target = RequestTarget(request) else { throw AzureBlobFailure.invalidURI("the target is malformed") }
        let operation = try AzureBlobOperation(request.method, target, account: access.account)
        try await authorize(request, target, operation)
        let container = operation.container
        let name = ObjectName(operation.blob)
        switch operation.kind {
        case .listContainers: return try listContainers(request, target)
        case .createContainer: return try createContainer(container)
        case .deleteContainer: return try deleteContainer(container)
        case .containerProperties: return try containerProperties(container)
        case .listBlobs: return try listBlobs(container, request, target)
        case .getBlob, .blobProperties: return try await readBlob(name, in: container, request, operation.kind)
        case .putBlob: return try await putBlob(name, in: container, request, body)
        case .putBlock: return try await putBlock(name, in: container, request, target, body)
        case .putBlockList: return try await putBlockList(name, in: container, request, body)
        case .getBlockList: return try blockList(name, in: container, target)
        case .setMetadata: return try setMetadata(name, in: container, request)
        case .setProperties: return try setProperties(name, in: container, request)
        case .deleteBlob: return try deleteBlob(name, in: container, request)
        }
    }

    private func authorize(
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ operation: AzureBlobOperation
    ) async throws(AzureBlobFailure) {
        let now = time.date()
        guard let field = request.headerFields[.authorization] else {
            if let signature = AzureSharedAccessSignature(target) {
                let secure = request.scheme == "https"
                return try signature.check(
                    operation,
                    account: access.account,
                    key: access.key,
                    now: now,
                    secure: secure
                )
            }
            if access.anonymousRead, operation.isRead, operation.level != "s" { return }
            throw AzureBlobFailure(
                .unauthorized,
                "NoAuthenticationInformation",
                "the request carries no authentication information",
                [
                    .wwwAuthenticate:
                        "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize "
                        + "resource_id=https://storage.azure.com"
                ]
            )
        }
        if field.lowercased().hasPrefix("bearer ") {
            guard let accepts = access.acceptsToken, await accepts(field.dropFirst(7).trimmingSpaces, now) else {
                throw .authenticationFailed("the token is not accepted")
            }
            return
        }
        let prefix = "SharedKey \(access.account):"
        guard field.hasPrefix(prefix) else { throw .authenticationFailed("not a shared key of \(access.account)") }
        let text = AzureSharedKey.stringToSign(request, target, account: access.account)
        guard equalInConstantTime(AzureSharedKey.sign(text, key: access.key).utf8, field.dropFirst(prefix.count).utf8)
        else { throw .authenticationFailed("the signature is not that of \(text.debugDescription)") }
        let sent = request.headerFields[.azureDate] ?? request.headerFields[.date] ?? ""
        guard let date = Timestamp(httpDate: sent), abs((date - now).components.seconds) <= 900 else {
            throw .authenticationFailed("the request is older than 15 minutes, or has no date")
        }
    }
}
