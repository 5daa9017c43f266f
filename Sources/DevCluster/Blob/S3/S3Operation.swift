import HTTPTransport
import HTTPTypes

/// What a request to S3 asks for: the operation, its bucket and its key.
struct S3Operation: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case listBuckets
        case createBucket
        case headBucket
        case deleteBucket
        case bucketLocation
        case versioning
        case setVersioning
        case listObjects
        case listVersions
        case deleteObjects
        case getObject
        case headObject
        case putObject
        case deleteObject
        case createUpload
        case putPart
        case completeUpload
        case abortUpload
        case listParts
    }

    var kind: Kind
    var bucket: String
    var key: String

    /// Whether it changes nothing.
    var isRead: Bool {
        switch kind {
        case .listBuckets, .headBucket, .bucketLocation, .versioning, .listObjects, .listVersions, .getObject,
            .headObject, .listParts:
            true
        case .createBucket, .deleteBucket, .setVersioning, .deleteObjects, .putObject, .deleteObject, .createUpload,
            .putPart, .completeUpload, .abortUpload:
            false
        }
    }

    /// Parts of S3 that are named in the query and that this store does not have. They are refused rather than taken
    /// for the plain operation.
    private static let refused: Set<String> = [
        "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
        "legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock", "ownershipControls",
        "partNumber", "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore",
        "retention", "select", "tagging", "torrent", "website",
    ]

    /// Reads a path-style request, `/bucket/key`.
    init(_ method: HTTPRequest.Method, _ target: RequestTarget) throws(S3Failure) {
        guard let path = HTTPURL.decode(target.rawPath.dropFirst()) else {
            throw S3Failure(.badRequest, "InvalidURI", "Couldn't parse the specified URI.")
        }
        let slash = path.firstIndex(of: "/")
        bucket = String(path[..<(slash ?? path.endIndex)])
        key = slash.map { String(path[path.index(after: $0)...]) } ?? ""
        guard key.utf8.count <= 1024 else { throw S3Failure(.badRequest, "KeyTooLongError", "Your key is too long") }
        let isPart = method == .put && target.has("uploadId") && target.has("partNumber")
        if let name = target.query.first(where: { S3Operation.refused.contains($0.name) })?.name,
            !(name == "partNumber" && isPart)
        {
            throw .notImplemented("?\(name)")
        }
        let kind: Kind? =
            if bucket.isEmpty {
                method == .get ? .listBuckets : nil
            } else if key.isEmpty {
                S3Operation.bucketKind(method, target)
            } else {
                S3Operation.objectKind(method, target)
            }
        guard let kind else {
            throw S3Failure(
                .methodNotAllowed,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource."
            )
        }
        self.kind = kind
    }

    private static func bucketKind(_ method: HTTPRequest.Method, _ target: RequestTarget) -> Kind? {
        switch method {
        case .get where target.has("location"): .bucketLocation
        case .get where target.has("versioning"): .versioning
        case .get where target.has("versions"): .listVersions
        case .get where target.has("uploads"): nil
        case .get: .listObjects
        case .head: .headBucket
        case .put where target.has("versioning"): .setVersioning
        case .put: .createBucket
        case .post where target.has("delete"): .deleteObjects
        case .delete: .deleteBucket
        default: nil
        }
    }

    private static func objectKind(_ method: HTTPRequest.Method, _ target: RequestTarget) -> Kind? {
        switch method {
        case .get where target.has("uploadId"): .listParts
        case .get: .getObject
        case .head: .headObject
        case .put where target.has("uploadId"): .putPart
        case .put: .putObject
        case .post where target.has("uploads"): .createUpload
        case .post where target.has("uploadId"): .completeUpload
        case .delete where target.has("uploadId"): .abortUpload
        case .delete: .deleteObject
        default: nil
        }
    }
}
