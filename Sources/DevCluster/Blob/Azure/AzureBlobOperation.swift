import HTTPTransport
import HTTPTypes

/// What a request to Azure Blob Storage asks for: the operation, its container and its blob.
struct AzureBlobOperation: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case listContainers
        case createContainer
        case deleteContainer
        case containerProperties
        case listBlobs
        case getBlob
        case blobProperties
        case putBlob
        case putBlock
        case putBlockList
        case getBlockList
        case setMetadata
        case setProperties
        case deleteBlob
    }

    var kind: Kind
    var container: String
    var blob: String

    /// Which part of an account it concerns: service, container or object, as shared access signatures name them.
    var level: Character {
        switch kind {
        case .listContainers: "s"
        case .createContainer, .deleteContainer, .containerProperties, .listBlobs: "c"
        case .getBlob, .blobProperties, .putBlob, .putBlock, .putBlockList, .getBlockList, .setMetadata, .setProperties,
            .deleteBlob:
            "o"
        }
    }

    /// The permissions of a shared access signature of which one is needed.
    var permissions: Set<Character> {
        switch kind {
        case .listContainers, .listBlobs: ["l"]
        case .containerProperties, .getBlob, .blobProperties, .getBlockList: ["r"]
        case .createContainer, .putBlob, .putBlock, .putBlockList: ["c", "w"]
        case .setMetadata, .setProperties: ["w"]
        case .deleteContainer, .deleteBlob: ["d"]
        }
    }

    /// Whether it changes nothing.
    var isRead: Bool {
        switch kind {
        case .listContainers, .containerProperties, .listBlobs, .getBlob, .blobProperties, .getBlockList: true
        case .createContainer, .deleteContainer, .putBlob, .putBlock, .putBlockList, .setMetadata, .setProperties,
            .deleteBlob:
            false
        }
    }

    /// Reads a path-style request, `/account/container/blob`. Throws where the path belongs to another account or the
    /// operation is none this store has.
    init(_ method: HTTPRequest.Method, _ target: RequestTarget, account: String) throws(AzureBlobFailure) {
        let parts = target.rawPath.dropFirst().split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        var names: [String] = []
        for part in parts {
            guard let name = HTTPURL.decode(part) else { throw .invalidURI("the path is malformed") }
            names.append(name)
        }
        guard names.first == account else {
            throw AzureBlobFailure(.notFound, "ResourceNotFound", "The specified resource does not exist.")
        }
        container = names.count > 1 ? names[1] : ""
        blob = names.count > 2 ? names[2] : ""
        guard blob.utf8.count <= 1024 else { throw .invalidURI("the blob's name is longer than 1024 bytes") }
        let comp = target.value("comp") ?? ""
        let type = target.value("restype") ?? ""
        guard let kind = AzureBlobOperation.kind(method, comp, type, container, blob) else {
            throw AzureBlobFailure(
                .badRequest,
                "UnsupportedQueryParameter",
                "\(method) with comp=\(comp) and restype=\(type) is not emulated"
            )
        }
        self.kind = kind
    }

    private static func kind(
        _ method: HTTPRequest.Method,
        _ comp: String,
        _ type: String,
        _ container: String,
        _ blob: String
    ) -> Kind? {
        if container.isEmpty { return method == .get && comp == "list" && type.isEmpty ? .listContainers : nil }
        if blob.isEmpty {
            switch (method, type, comp) {
            case (.put, "container", ""): return .createContainer
            case (.delete, "container", ""): return .deleteContainer
            case (.get, "container", ""), (.head, "container", ""): return .containerProperties
            case (.get, "container", "list"): return .listBlobs
            default: return nil
            }
        }
        switch (method, comp) {
        case (.get, ""): return .getBlob
        case (.head, ""), (.head, "metadata"), (.get, "metadata"): return .blobProperties
        case (.put, ""): return .putBlob
        case (.put, "block"): return .putBlock
        case (.put, "blocklist"): return .putBlockList
        case (.get, "blocklist"): return .getBlockList
        case (.put, "metadata"): return .setMetadata
        case (.put, "properties"): return .setProperties
        case (.delete, ""): return .deleteBlob
        default: return nil
        }
    }
}

extension AzureBlobFailure {
    static func invalidURI(_ why: String) -> AzureBlobFailure { AzureBlobFailure(.badRequest, "InvalidUri", why) }
}
