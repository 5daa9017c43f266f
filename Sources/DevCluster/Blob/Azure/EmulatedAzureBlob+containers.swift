import Artifacts
import HTTPTransport
import HTTPTypes

/// Containers, and lists of what they hold.
extension EmulatedAzureBlob {
    func createContainer(_ name: String) throws -> LocalResponse {
        let isValid =
            (3...63).contains(name.utf8.count) && !name.hasPrefix("-") && !name.hasSuffix("-") && !name.contains("--")
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        guard isValid || name == "$root" || name == "$web" else {
            throw AzureBlobFailure(.badRequest, "InvalidResourceName", "not a container's name: \(name.clipped)")
        }
        guard try shelf.create(name) else {
            throw AzureBlobFailure(.conflict, "ContainerAlreadyExists", "The specified container already exists.")
        }
        return LocalResponse(.created, try containerHeaders(name))
    }

    func deleteContainer(_ name: String) throws -> LocalResponse {
        try shelf.remove(name, onlyIfEmpty: false)
        return LocalResponse(.accepted)
    }

    func containerProperties(_ name: String) throws -> LocalResponse {
        var headers = try containerHeaders(name)
        headers[.azureLeaseState] = "available"
        headers[.azureLeaseStatus] = "unlocked"
        return LocalResponse(.ok, headers)
    }

    private func containerHeaders(_ name: String) throws -> HTTPFields {
        let created = try shelf.container(name).created
        return [.eTag: "\"\(etag(name, created))\"", .lastModified: created.httpDate]
    }

    private func etag(_ container: String, _ created: Timestamp) -> String {
        StoreFlavor.azure.etag("\(container) \(created.microseconds)")
    }

    func listContainers(_ request: HTTPRequest, _ target: RequestTarget) throws -> LocalResponse {
        let page = try Page(target)
        let all = try shelf.containers()
        let listing = NameListing(
            of: all.map { ObjectName($0.name) },
            prefix: page.prefix,
            delimiter: "",
            after: page.after,
            limit: page.limit
        )
        var xml = XMLText()
        xml.element("EnumerationResults") { results in
            page.write(to: &results, isContainer: false)
            results.element("Containers") { containers in
                for (name, created) in all where listing.lines.contains(.object(ObjectName(name))) {
                    containers.element("Container") { container in
                        container.element("Name", name)
                        container.element("Properties") { properties in
                            properties.element("Last-Modified", created.httpDate)
                            properties.element("Etag", "\"\(etag(name, created))\"")
                            properties.element("LeaseStatus", "unlocked")
                            properties.element("LeaseState", "available")
                        }
                    }
                }
            }
            results.element("NextMarker", Page.marker(after: listing))
        }
        return LocalResponse(.ok, text: xml.text, type: "application/xml")
    }

    func listBlobs(_ container: String, _ request: HTTPRequest, _ target: RequestTarget) throws -> LocalResponse {
        let page = try Page(target)
        let objects = try shelf.objects(in: container)
        let byName = Dictionary(objects.map { ($0.name, $0.object) }, uniquingKeysWith: { $1 })
        let listing = NameListing(
            of: objects.map(\.name),
            prefix: page.prefix,
            delimiter: page.delimiter,
            after: page.after,
            limit: page.limit
        )
        let withMetadata = target.value("include")?.split(separator: ",").contains("metadata") == true
        var xml = XMLText()
        xml.element("EnumerationResults") { results in
            page.write(to: &results, isContainer: true)
            results.element("Blobs") { blobs in
                for line in listing.lines {
                    switch line {
                    case .prefix(let prefix): blobs.element("BlobPrefix") { $0.element("Name", prefix) }
                    case .object(let name):
                        guard let object = byName[name] else { continue }
                        blobs.element("Blob") { blob in
                            blob.element("Name", name.text)
                            blob.element("Properties") { object.writeAzureProperties(to: &$0) }
                            if withMetadata {
                                blob.element("Metadata") { metadata in
                                    for (key, value) in object.metadata.sorted(by: { $0.key < $1.key }) {
                                        metadata.element(key, value)
                                    }
                                }
                            }
                        }
                    }
                }
            }
            results.element("NextMarker", Page.marker(after: listing))
        }
        return LocalResponse(.ok, text: xml.text, type: "application/xml")
    }

    /// The paging parameters of a list.
    private struct Page {
        let prefix: String
        let delimiter: String
        let marker: String
        let after: NameListing.Line?
        let limit: Int
        private let asked: String?

        init(_ target: RequestTarget) throws(AzureBlobFailure) {
            prefix = target.value("prefix") ?? ""
            delimiter = target.value("delimiter") ?? ""
            marker = target.value("marker") ?? ""
            asked = target.value("maxresults")
            guard let limit = asked.map({ Int($0) }) ?? 5000, limit > 0 else {
                throw AzureBlobFailure(
                    .badRequest,
                    "OutOfRangeQueryParameterValue",
                    "maxresults is not a number from 1 to 5000"
                )
            }
            self.limit = min(limit, 5000)
            guard !marker.isEmpty else {
                after = nil
                return
            }
            let text = [UInt8](base64URL: marker.dropFirst(2)).map { String(decoding: $0, as: UTF8.self) }
            guard marker.hasPrefix("2!"), let text, let kind = text.first else {
                throw .invalidQuery("marker is not one this service gave out")
            }
            let name = String(text.dropFirst())
            after = kind == "p" ? .prefix(name) : .object(ObjectName(name))
        }

        /// The marker of the page that follows; empty after the last. Opaque, so that no client builds its own.
        static func marker(after listing: NameListing) -> String {
            guard listing.isTruncated, let last = listing.lines.last else { return "" }
            let kind = if case .prefix = last { "p" } else { "o" }
            return "2!" + Array((kind + last.text).utf8).base64URL
        }

        func write(to xml: inout XMLText, isContainer: Bool) {
            xml.element("Prefix", prefix)
            xml.element("Marker", marker)
            xml.element("MaxResults", ifPresent: asked)
            if isContainer { xml.element("Delimiter", delimiter) }
        }
    }
}

extension StoredObject {
    fileprivate func writeAzureProperties(to xml: inout XMLText) {
        xml.element("Creation-Time", created.httpDate)
        xml.element("Last-Modified", lastModified.httpDate)
        // Without quotes, unlike the header.
        xml.element("Etag", etag)
        xml.element("Content-Length", String(content.size))
        xml.element("Content-Type", headers[.contentType] ?? "application/octet-stream")
        xml.element("Content-Encoding", headers[.contentEncoding] ?? "")
        xml.element("Content-Language", headers[.contentLanguage] ?? "")
        xml.element("Content-MD5", md5?.base64 ?? "")
        xml.element("Cache-Control", headers[.cacheControl] ?? "")
        xml.element("Content-Disposition", headers[.contentDisposition] ?? "")
        xml.element("BlobType", "BlockBlob")
        xml.element("LeaseStatus", "unlocked")
        xml.element("LeaseState", "available")
        xml.element("ServerEncrypted", "true")
    }
}
