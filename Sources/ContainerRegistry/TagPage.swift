import Artifacts
import HTTPTransport
import HTTPTypes
import JSON

/// One page of a tag list.
struct TagPage: Sendable {
    /// The tags; names that are no tags are left out, for nobody could ask for them.
    var tags: [TagListing] = []
    /// The link to the next page as it was written.
    var link: String?
    /// The validator of the page.
    var entityTag: String?
    /// How many bytes the page had.
    var byteCount = 0

    /// Reads the page of an answer, at most `limit` bytes.
    init(
        _ response: HTTPResponse,
        _ chunks: HTTPBodyChunks,
        _ source: RegistryClient.TagSource,
        upTo limit: Int,
        about subject: String
    ) async throws {
        try response.refuseWebPage(about: subject)
        let bytes = try await chunks.collect(upTo: limit)
        try self.init(bytes, source, about: subject)
        link = LinkHeader.next(in: response.values(of: "link"))
        entityTag = response.headerFields[.eTag].flatMap { tag in
            tag.utf8.count <= 1024 && tag.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? tag : nil
        }
    }

    /// Reads the document of a page.
    init(
        _ bytes: [UInt8],
        _ source: RegistryClient.TagSource,
        about subject: String
    ) throws(RegistryError) {
        byteCount = bytes.count
        var found: [TagListing] = []
        var isListing = false
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            try reader.readObject { reader, key throws(JSONError) in
                if key.equals("tags") {
                    isListing = true
                    if try reader.readNull() { return }
                    try reader.readArray { reader, _ throws(JSONError) in
                        let tag =
                            switch source {
                            case .distribution: TagListing(name: try reader.readString())
                            case .azure: TagPage.azureTag(try JSONValue.read(from: &reader))
                            }
                        if let tag, ImageReference.isTag(tag.name) { found.append(tag) }
                    }
                } else {
                    // An empty list may be left out by servers that leave out empty members.
                    if key.equals("name") || key.equals("imageName") { isListing = true }
                    try reader.skip()
                }
            }
            try reader.finish()
        } catch {
            throw RegistryError(malformed: error, about: subject)
        }
        guard isListing else {
            throw RegistryError(.malformedAnswer, "\(subject): the answer is not a list of tags")
        }
        tags = found
    }

    /// `{name, digest, createdTime, lastUpdateTime}`: the last update is the last push of the tag.
    private static func azureTag(_ json: JSONValue) -> TagListing? {
        guard let name = json["name"]?.string else { return nil }
        let time = json["lastUpdateTime"]?.string ?? json["createdTime"]?.string
        return TagListing(
            name: name,
            digest: json["digest"]?.string.flatMap { try? Digest($0) },
            pushedAt: time.flatMap { try? Timestamp(rfc3339: $0) }
        )
    }
}

extension HTTPResponse {
    /// Refuses a web page: a login form of a proxy, or a host that is no registry.
    func refuseWebPage(about subject: String) throws(RegistryError) {
        guard let type = headerFields[.contentType], MediaType(type).text == "text/html" else { return }
        throw RegistryError(
            .malformedAnswer,
            "\(subject): the host answers with a web page, not as a registry; check its name and any proxy between",
            status: status.code
        )
    }

    /// The `Docker-Content-Digest` header, where it is a digest.
    var contentDigest: Digest? {
        values(of: "docker-content-digest").first.flatMap { try? Digest($0) }
    }

    /// The values of a field that HTTPTypes has no name for, given in lower case.
    func values(of canonicalName: String) -> [String] {
        headerFields.compactMap { $0.name.canonicalName == canonicalName ? $0.value : nil }
    }
}
