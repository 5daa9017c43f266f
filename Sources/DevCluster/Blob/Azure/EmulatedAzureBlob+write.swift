import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization

/// Put Blob, Delete Blob, and what is stored beside the content.
extension EmulatedAzureBlob {
    func putBlob(
        _ name: ObjectName,
        in container: String,
        _ request: HTTPRequest,
        _ body: HTTPBodyChunks
    ) async throws -> LocalResponse {
        guard request.headerFields[.azureBlobType] == "BlockBlob" else {
            throw AzureBlobFailure(.badRequest, "InvalidHeaderValue", "x-ms-blob-type is not BlockBlob")
        }
        guard HTTPField.Name("x-ms-copy-source").flatMap({ request.headerFields[$0] }) == nil else {
            throw AzureBlobFailure(.notImplemented, "NotImplemented", "copying from a URL is not emulated")
        }
        _ = try shelf.container(container)
        let received = try await receive(body, request, md5: [.contentMD5, .azureContentMD5])
        var object = StoredObject(received.content, at: time.date())
        object.md5 = received.md5
        object.describe(request.headerFields, fallbackType: request.headerFields[.contentType])
        return try store(object, as: name, in: container, request)
    }

    /// Stores a complete blob if the request's conditions hold, and drops blocks that wait under its name.
    func store(
        _ object: StoredObject,
        as name: ObjectName,
        in container: String,
        _ request: HTTPRequest
    ) throws -> LocalResponse {
        let stored: StoredObject
        do {
            stored = try shelf.put(object, as: name, in: container, etag: nil) { try check(request, $0) }
        } catch {
            object.content.discard()
            throw error
        }
        let dropped = staged.withLock { $0.removeValue(forKey: stagingKey(name, container)) }
        for block in dropped?.blocks.values.map({ $0 }) ?? [] { block.discard() }
        var headers = changed(stored)
        headers[.contentMD5] = stored.md5?.base64
        headers[.azureRequestEncrypted] = "true"
        return LocalResponse(.created, headers)
    }

    func deleteBlob(_ name: ObjectName, in container: String, _ request: HTTPRequest) throws -> LocalResponse {
        let removal = try shelf.remove(name, in: container) { current in
            guard current != nil else { throw AzureBlobFailure.blobNotFound }
            try check(request, current)
        }
        guard removal != nil else { throw AzureBlobFailure.blobNotFound }
        return LocalResponse(.accepted)
    }

    func setMetadata(_ name: ObjectName, in container: String, _ request: HTTPRequest) throws -> LocalResponse {
        let updated = try shelf.update(name, in: container) { object in
            try check(request, object)
            object.metadata = StoredObject.azureMetadata(request.headerFields)
        }
        guard let updated else { throw AzureBlobFailure.blobNotFound }
        return LocalResponse(.ok, changed(updated))
    }

    func setProperties(_ name: ObjectName, in container: String, _ request: HTTPRequest) throws -> LocalResponse {
        let updated = try shelf.update(name, in: container) { object in
            try check(request, object)
            let metadata = object.metadata
            object.describe(request.headerFields, fallbackType: nil)
            object.metadata = metadata
            object.md5 = request.headerFields[.azureContentMD5].flatMap { [UInt8](base64: $0) }
        }
        guard let updated else { throw AzureBlobFailure.blobNotFound }
        return LocalResponse(.ok, changed(updated))
    }

    /// Receives a body and verifies the MD5 sums that the request names.
    func receive(
        _ body: HTTPBodyChunks,
        _ request: HTTPRequest,
        md5 names: [HTTPField.Name]
    ) async throws -> ReceivedContent {
        guard request.headerFields[.azureStructuredBody] == nil else {
            throw AzureBlobFailure(.notImplemented, "NotImplemented", "structured bodies are not emulated")
        }
        let received = try await ReceivedContent(
            body,
            folder: shelf.folder,
            limit: EmulatedAzureBlob.maximumBytes,
            length: request.headerFields[.contentLength].flatMap { Int64($0) }
        )
        for name in names {
            guard let sent = request.headerFields[name] else { continue }
            guard sent == received.md5.base64 else {
                received.content.discard()
                throw AzureBlobFailure.md5Mismatch
            }
        }
        return received
    }

    /// Throws unless the request's conditions hold for what is there.
    private func check(_ request: HTTPRequest, _ current: StoredObject?) throws {
        let verdict = EntityConditions(request.headerFields)
            .verdict(etag: current?.etag, lastModified: current?.lastModified, reading: false)
        guard verdict != .proceed else { return }
        // The service tells "create only" apart from other conditions.
        if current != nil, request.headerFields[.ifNoneMatch] == "*" {
            throw AzureBlobFailure(.conflict, "BlobAlreadyExists", "The specified blob already exists.")
        }
        throw AzureBlobFailure.conditionNotMet
    }

    private func changed(_ object: StoredObject) -> HTTPFields {
        [.eTag: "\"\(object.etag)\"", .lastModified: object.lastModified.httpDate]
    }

    func stagingKey(_ name: ObjectName, _ container: String) -> String { "\(container)/\(name)" }
}

extension StoredObject {
    /// Takes over the properties and the metadata that a request sets.
    mutating func describe(_ fields: HTTPFields, fallbackType: String?) {
        let properties: [(String, HTTPField.Name)] = [
            ("type", .contentType), ("encoding", .contentEncoding), ("language", .contentLanguage),
            ("disposition", .contentDisposition),
        ]
        headers = [:]
        for (name, field) in properties {
            headers[field] = HTTPField.Name("x-ms-blob-content-" + name).flatMap { fields[$0] }
        }
        headers[.cacheControl] = HTTPField.Name("x-ms-blob-cache-control").flatMap { fields[$0] }
        if headers[.contentType] == nil { headers[.contentType] = fallbackType }
        metadata = StoredObject.azureMetadata(fields)
    }

    static func azureMetadata(_ fields: HTTPFields) -> [String: String] {
        var metadata: [String: String] = [:]
        for field in fields where field.name.canonicalName.hasPrefix("x-ms-meta-") {
            metadata[String(field.name.canonicalName.dropFirst(10))] = field.value
        }
        return metadata
    }
}
