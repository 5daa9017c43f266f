public import Artifacts
public import HTTPTransport
public import HTTPTypes
import Synchronization

/// S3 for tests and the demo: path style, at `http://127.0.0.1:port/bucket/key`.
///
/// Guarantees: Signature Version 4 is verified, in headers, in presigned URLs and chunk by chunk; checksums and MD5
/// sums are verified; lists come in pages; versions are kept where a bucket is told to. Over a folder
/// `<folder>/<bucket>/<key>` is the object's content, and a file dropped there by hand is an object.
public final class EmulatedS3: LocalService, Sendable {
    /// A secret, and the session it belongs to.
    public struct Credential: Sendable, Hashable, CustomStringConvertible {
        /// The secret access key.
        public var secret: String
        /// The session token that requests have to carry; nil for a long-term key.
        public var sessionToken: String?

        /// A credential of its parts.
        public init(secret: String, sessionToken: String? = nil) {
            self.secret = secret
            self.sessionToken = sessionToken
        }

        /// Never the secret.
        public var description: String { "<redacted>" }
    }

    /// Who may use the store.
    public struct Access: Sendable {
        /// The region that requests have to be signed for.
        public var region: String
        /// Whether reading and listing need no signature, as in a public bucket.
        public var anonymousRead: Bool
        /// The credential of an access key at a time; nil where there is none, or not any more.
        public var credential: @Sendable (_ accessKey: String, Timestamp) async -> Credential?

        /// Access by a look-up, for credentials that come and go.
        public init(
            region: String = "us-east-1",
            anonymousRead: Bool = false,
            credential: @escaping @Sendable (_ accessKey: String, Timestamp) async -> Credential?
        ) {
            self.region = region
            self.anonymousRead = anonymousRead
            self.credential = credential
        }

        /// Access by secrets that last, by access key.
        public init(_ secrets: [String: String], region: String = "us-east-1", anonymousRead: Bool = false) {
            self.init(region: region, anonymousRead: anonymousRead) { accessKey, _ in
                secrets[accessKey].map { Credential(secret: $0) }
            }
        }
    }

    /// A request that has proved who sent it.
    struct Call: Sendable {
        var request: HTTPRequest
        var target: RequestTarget
        var operation: S3Operation
        var body: HTTPBodyChunks
        var payload: S3Body

        var bucket: String { operation.bucket }
        var name: ObjectName { ObjectName(operation.key) }
    }

    let access: Access
    let time: TimeSource
    let shelf: BlobShelf
    let uploads = Mutex<[String: MultipartUpload]>([:])
    let counter = Atomic<Int>(0)

    /// The most bytes an object or part may have.
    static let maximumBytes: Int64 = 64 << 30

    /// A store without buckets, or with those that lie in `folder`. Throws where the folder cannot be used.
    public init(_ access: Access, folder: String? = nil, time: TimeSource) throws {
        self.access = access
        self.time = time
        shelf = try BlobShelf(.s3, folder: folder, time: time)
    }

    /// Answers a request of the S3 REST interface.
    public func handle(
        _ request: HTTPRequest,
        body: HTTPBodyChunks,
        from peer: LocalPeer
    ) async -> LocalResponse {
        var answer: LocalResponse
        do {
            answer = try await answered(request, body)
        } catch {
            let path = request.path?.split(separator: "?").first.map(String.init) ?? "/"
            answer = S3Failure(error).response(resource: path)
        }
        answer.response.headerFields[.amzRequestID] = "request-\(counter.add(1, ordering: .relaxed).newValue)"
        answer.response.headerFields[.date] = time.date().httpDate
        return answer
    }

    private func answered(_ request: HTTPRequest, _ body: HTTPBodyChunks) async throws -> LocalResponse {
        guard let target = RequestTarget(request) else {
            throw S3Failure(.badRequest, "InvalidURI", "Couldn't parse the specified URI.")
        }
        let operation = try S3Operation(request.method, target)
        let payload = try await authorize(request, target, operation)
        let call = Call(request: request, target: target, operation: operation, body: body, payload: payload)
        switch operation.kind {
        case .listBuckets: return try listBuckets()
        case .createBucket: return try await createBucket(call)
        case .headBucket: return try headBucket(call)
        case .deleteBucket: return try deleteBucket(call)
        case .bucketLocation: return try bucketLocation(call)
        case .versioning: return try versioning(call)
        case .setVersioning: return try await setVersioning(call)
        case .listObjects: return try listObjects(call)
        case .listVersions: return try listVersions(call)
        case .deleteObjects: return try await deleteObjects(call)
        case .getObject, .headObject: return try readObject(call)
        case .putObject: return try await putObject(call)
        case .deleteObject: return try deleteObject(call)
        case .createUpload: return try createUpload(call)
        case .putPart: return try await putPart(call)
        case .completeUpload: return try await completeUpload(call)
        case .abortUpload: return try abortUpload(call)
        case .listParts: return try listParts(call)
        }
    }

    private func authorize(
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ operation: S3Operation
    ) async throws(S3Failure) -> S3Body {
        guard let authorization = try S3Authorization(request, target) else {
            guard access.anonymousRead, operation.isRead, operation.kind != .listBuckets else {
                throw .accessDenied("Access Denied")
            }
            return try S3Body(request, nil, nil)
        }
        let now = time.date()
        guard let credential = await access.credential(authorization.accessKey, now) else {
            throw S3Failure(
                .forbidden,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                details: [("AWSAccessKeyId", authorization.accessKey.clipped)]
            )
        }
        guard authorization.sessionToken == credential.sessionToken else {
            throw S3Failure(.badRequest, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        }
        let signer = try authorization.verify(
            request,
            target,
            secret: credential.secret,
            region: access.region,
            now: now
        )
        return try S3Body(request, authorization, signer)
    }

    /// A body that is an XML document called `name`, verified.
    func document(_ call: Call, _ name: String) async throws -> XMLElement {
        let received = try await call.payload.receive(call.body, folder: nil, limit: 8 << 20)
        guard case .bytes(let bytes) = received.content, let root = XMLElement(parsing: bytes), root.name == name else {
            throw S3Failure.malformedXML
        }
        return root
    }

    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    /// An answer with an XML document.
    func answer(_ root: String, _ headers: HTTPFields = [:], _ inside: (inout XMLText) -> Void) -> LocalResponse {
        var xml = XMLText()
        xml.element(root, namespace: EmulatedS3.namespace, inside)
        return LocalResponse(.ok, headers, text: xml.text, type: "application/xml")
    }
}

extension Timestamp {
    /// The date as S3's documents have it: with milliseconds.
    var s3Date: String {
        let fraction = String(milliseconds - seconds * 1000)
        return rfc3339.dropLast() + "." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction + "Z"
    }
}
