import Artifacts
import HTTPTransport
import HTTPTypes

/// Single objects.
extension EmulatedS3 {
    /// GetObject and HeadObject.
    func readObject(_ call: Call) throws -> LocalResponse {
        let (object, keepsVersions) = try wanted(call)
        var headers = object.s3Headers
        if keepsVersions { headers[.amzVersionID] = object.version }
        switch EntityConditions(call.request.headerFields)
            .verdict(etag: object.etag, lastModified: object.lastModified, reading: true)
        {
        case .proceed: break
        case .failed: throw S3Failure.preconditionFailed
        case .notModified: return LocalResponse(.notModified, [.eTag: "\"\(object.etag)\""])
        }
        for (name, field) in [
            ("type", HTTPField.Name.contentType), ("encoding", .contentEncoding), ("language", .contentLanguage),
            ("disposition", .contentDisposition),
        ] {
            if let value = call.target.value("response-content-" + name) { headers[field] = value }
        }
        if let value = call.target.value("response-cache-control") { headers[.cacheControl] = value }
        let size = object.content.size
        switch ByteRange(call.request.headerFields[.range], size: size) {
        case .whole:
            headers[.contentLength] = String(size)
            if call.request.headerFields[.amzChecksumMode]?.uppercased() == "ENABLED" {
                for field in HTTPFields(checksums: object.checksums) { headers.append(field) }
            }
            return LocalResponse(HTTPResponse(status: .ok, headerFields: headers), streaming: object.content.chunks())
        case .part(let range):
            headers[.contentLength] = String(range.count)
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            let response = HTTPResponse(status: .partialContent, headerFields: headers)
            return LocalResponse(response, streaming: object.content.chunks(range))
        case .unsatisfiable:
            throw S3Failure(
                .rangeNotSatisfiable,
                "InvalidRange",
                "The requested range is not satisfiable",
                [.contentRange: "bytes */\(size)"],
                details: [("ActualObjectSize", String(size))]
            )
        }
    }

    /// The object, or the version of it, that a request names.
    private func wanted(_ call: Call) throws -> (object: StoredObject, keepsVersions: Bool) {
        let keepsVersions = try shelf.container(call.bucket).versioning != .never
        let versions = try shelf.versions(of: call.name, in: call.bucket)
        guard let id = call.target.value("versionId") else {
            guard let current = versions.first else { throw S3Failure.noSuchKey }
            guard !current.isDeleteMarker else {
                var failure = S3Failure.noSuchKey
                failure.headers = [.amzDeleteMarker: "true", .amzVersionID: current.version]
                throw failure
            }
            return (current, keepsVersions)
        }
        guard let version = versions.first(where: { $0.version == id }) else {
            throw S3Failure(.notFound, "NoSuchVersion", "The specified version does not exist.")
        }
        guard !version.isDeleteMarker else {
            throw S3Failure(
                .methodNotAllowed,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
                [.amzDeleteMarker: "true", .amzVersionID: id]
            )
        }
        return (version, keepsVersions)
    }

    func putObject(_ call: Call) async throws -> LocalResponse {
        guard call.request.headerFields[.amzCopySource] == nil else { throw S3Failure.notImplemented("CopyObject") }
        _ = try shelf.container(call.bucket)
        let received = try await call.payload.receive(
            call.body,
            folder: shelf.folder,
            limit: EmulatedS3.maximumBytes
        )
        var object = StoredObject(received.content, at: time.date())
        object.md5 = received.md5
        object.checksums = received.checksums
        object.describeS3(call.request.headerFields)
        let stored = try store(object, etag: received.md5.hexadecimal, call)
        var headers = received.checksumHeaders
        headers[.eTag] = "\"\(stored.etag)\""
        if stored.version != StoredObject.nullVersion { headers[.amzVersionID] = stored.version }
        return LocalResponse(.ok, headers)
    }

    /// Stores a complete object if the request's conditions hold.
    func store(_ object: StoredObject, etag: String, _ call: Call) throws -> StoredObject {
        do {
            return try shelf.put(object, as: call.name, in: call.bucket, etag: etag) { try check(call.request, $0) }
        } catch {
            object.content.discard()
            throw error
        }
    }

    private func check(_ request: HTTPRequest, _ current: StoredObject?) throws(S3Failure) {
        if current == nil, request.headerFields[.ifMatch] != nil { throw .noSuchKey }
        let verdict = EntityConditions(request.headerFields)
            .verdict(etag: current?.etag, lastModified: current?.lastModified, reading: false)
        guard verdict == .proceed else { throw .preconditionFailed }
    }

    func deleteObject(_ call: Call) throws -> LocalResponse {
        var headers: HTTPFields = [:]
        if let removal = try remove(call.name, version: call.target.value("versionId"), in: call.bucket) {
            if removal.isDeleteMarker { headers[.amzDeleteMarker] = "true" }
            if removal.version != StoredObject.nullVersion || removal.isDeleteMarker {
                headers[.amzVersionID] = removal.version
            }
        }
        return LocalResponse(.noContent, headers)
    }

    private func remove(_ name: ObjectName, version: String?, in bucket: String) throws -> BlobShelf.Removal? {
        if let version { return try shelf.remove(version: version, of: name, in: bucket) }
        return try shelf.remove(name, in: bucket) { _ in }
    }

    /// DeleteObjects: up to 1000 keys in one request.
    func deleteObjects(_ call: Call) async throws -> LocalResponse {
        let list = try await document(call, "Delete")
        let entries = list.children.filter { $0.name == "Object" }
        guard !entries.isEmpty, entries.count <= 1000 else { throw S3Failure.malformedXML }
        let isQuiet = list.value("Quiet") == "true"
        var xml = XMLText()
        var lines: [(key: String, asked: String?, removal: BlobShelf.Removal?)] = []
        for entry in entries {
            guard let key = entry.child("Key")?.text, !key.isEmpty else { throw S3Failure.malformedXML }
            let version = entry.value("VersionId")
            lines.append((key, version, try remove(ObjectName(key), version: version, in: call.bucket)))
        }
        xml.element("DeleteResult", namespace: EmulatedS3.namespace) { result in
            guard !isQuiet else { return }
            for (key, asked, removal) in lines {
                result.element("Deleted") { deleted in
                    deleted.element("Key", key)
                    deleted.element("VersionId", ifPresent: asked)
                    if let removal, removal.isDeleteMarker {
                        deleted.element("DeleteMarker", "true")
                        deleted.element("DeleteMarkerVersionId", removal.version)
                    }
                }
            }
        }
        return LocalResponse(.ok, text: xml.text, type: "application/xml")
    }
}

extension StoredObject {
    /// Takes over what a request stores beside the content.
    mutating func describeS3(_ fields: HTTPFields) {
        let kept: [HTTPField.Name] = [.contentType, .contentLanguage, .contentDisposition, .cacheControl, .expires]
        for name in kept { headers[name] = fields[name] }
        if headers[.contentType] == nil { headers[.contentType] = "binary/octet-stream" }
        // aws-chunked is how the body came, not what it is.
        let encodings = (fields[.contentEncoding] ?? "").split(separator: ",").map(\.trimmingSpaces)
            .filter { $0 != "aws-chunked" && !$0.isEmpty }
        headers[.contentEncoding] = encodings.isEmpty ? nil : encodings.joined(separator: ",")
        for field in fields where field.name.canonicalName.hasPrefix("x-amz-meta-") {
            metadata[String(field.name.canonicalName.dropFirst(11))] = field.value
        }
    }

    fileprivate var s3Headers: HTTPFields {
        var fields = headers
        if fields[.contentType] == nil { fields[.contentType] = "binary/octet-stream" }
        fields[.eTag] = "\"\(etag)\""
        fields[.lastModified] = lastModified.httpDate
        fields[.acceptRanges] = "bytes"
        for (key, value) in metadata {
            if let name = HTTPField.Name("x-amz-meta-" + key) { fields[name] = value }
        }
        return fields
    }
}
