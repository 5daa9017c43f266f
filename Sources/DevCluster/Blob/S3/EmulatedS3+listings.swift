import Artifacts
import HTTPTransport
import HTTPTypes

/// Lists of objects, by key, in both of S3's forms.
extension EmulatedS3 {
    /// The parameters that all lists have.
    struct ListParameters: Sendable {
        let prefix: String
        let delimiter: String
        let limit: Int
        private let encodesURL: Bool

        init(_ target: RequestTarget) throws(S3Failure) {
            prefix = target.value("prefix") ?? ""
            delimiter = target.value("delimiter") ?? ""
            let asked = target.value("max-keys")
            guard let limit = asked.map({ Int($0) }) ?? 1000, limit >= 0 else {
                throw .invalidArgument("max-keys is not a whole number")
            }
            self.limit = min(limit, 1000)
            let encoding = target.value("encoding-type")
            guard encoding == nil || encoding == "url" else { throw .invalidArgument("encoding-type is not url") }
            encodesURL = encoding != nil
        }

        /// A name as the list has it.
        func encoded(_ name: String) -> String { encodesURL ? HTTPURL.encode(name, keepingSlashes: true) : name }

        func write(bucket: String, truncated: Bool, to xml: inout XMLText) {
            xml.element("Name", bucket)
            xml.element("Prefix", encoded(prefix))
            if !delimiter.isEmpty { xml.element("Delimiter", encoded(delimiter)) }
            xml.element("MaxKeys", String(limit))
            if encodesURL { xml.element("EncodingType", "url") }
            xml.element("IsTruncated", truncated ? "true" : "false")
        }
    }

    func listObjects(_ call: Call) throws -> LocalResponse {
        let target = call.target
        let parameters = try ListParameters(target)
        let isSecond = target.value("list-type") == "2"
        let after: NameListing.Line?
        if isSecond {
            after =
                try target.value("continuation-token").map { (token) throws(S3Failure) in try Self.line(of: token) }
                ?? target.value("start-after").map { .object(ObjectName($0)) }
        } else {
            after = target.value("marker").map { marker in
                let isPrefix = !parameters.delimiter.isEmpty && marker.hasSuffix(parameters.delimiter)
                return isPrefix ? .prefix(marker) : .object(ObjectName(marker))
            }
        }
        let objects = try shelf.objects(in: call.bucket)
        let byName = Dictionary(objects.map { ($0.name, $0.object) }, uniquingKeysWith: { $1 })
        let listing = NameListing(
            of: objects.map(\.name),
            prefix: parameters.prefix,
            delimiter: parameters.delimiter,
            after: after,
            limit: parameters.limit
        )
        let last = listing.lines.last
        // S3: a list of no keys is never truncated.
        let truncated = listing.isTruncated && last != nil
        return answer("ListBucketResult") { result in
            parameters.write(bucket: call.bucket, truncated: truncated, to: &result)
            if isSecond {
                result.element("KeyCount", String(listing.lines.count))
                result.element("ContinuationToken", ifPresent: target.value("continuation-token"))
                result.element("StartAfter", ifPresent: target.value("start-after").map(parameters.encoded))
                if truncated { result.element("NextContinuationToken", ifPresent: last.map(Self.token)) }
            } else {
                result.element("Marker", parameters.encoded(target.value("marker") ?? ""))
                if truncated, !parameters.delimiter.isEmpty {
                    result.element("NextMarker", ifPresent: last.map { parameters.encoded($0.text) })
                }
            }
            for case .object(let name) in listing.lines {
                guard let object = byName[name] else { continue }
                result.element("Contents") { contents in
                    contents.element("Key", parameters.encoded(name.text))
                    object.writeS3Properties(to: &contents)
                    if !isSecond || target.value("fetch-owner") == "true" {
                        contents.element("Owner") { $0.element("ID", "owner") }
                    }
                }
            }
            for case .prefix(let prefix) in listing.lines {
                result.element("CommonPrefixes") { $0.element("Prefix", parameters.encoded(prefix)) }
            }
        }
    }

    /// The token of the page after `line`. Opaque, so that no client builds its own.
    private static func token(_ line: NameListing.Line) -> String {
        let kind = if case .prefix = line { "p" } else { "o" }
        return Array((kind + line.text).utf8).base64URL
    }

    private static func line(of token: String) throws(S3Failure) -> NameListing.Line {
        let text = [UInt8](base64URL: token).map { String(decoding: $0, as: UTF8.self) } ?? ""
        switch text.first {
        case "p": return .prefix(String(text.dropFirst()))
        case "o": return .object(ObjectName(String(text.dropFirst())))
        default: throw .invalidArgument("The continuation token provided is incorrect")
        }
    }

    func listVersions(_ call: Call) throws -> LocalResponse {
        let target = call.target
        let parameters = try ListParameters(target)
        let keyMarker = target.value("key-marker").flatMap { $0.isEmpty ? nil : ObjectName($0) }
        let versionMarker = target.value("version-id-marker").flatMap { $0.isEmpty ? nil : $0 }
        guard keyMarker != nil || versionMarker == nil else {
            throw S3Failure.invalidArgument("A version-id marker cannot be specified without a key marker.")
        }
        var page = VersionPage(limit: parameters.limit)
        for (name, versions) in try shelf.versions(in: call.bucket) where name.hasPrefix(parameters.prefix) {
            var rest = versions[...]
            if let keyMarker {
                if name < keyMarker { continue }
                let rolledUp = !parameters.delimiter.isEmpty && keyMarker.text.hasSuffix(parameters.delimiter)
                if rolledUp, name.hasPrefix(keyMarker.text) { continue }
                if name == keyMarker {
                    guard let index = versions.firstIndex(where: { $0.version == versionMarker }) else { continue }
                    rest = versions[(index + 1)...]
                }
            }
            page.add(name, rest, newest: versions.first?.version, parameters)
            if page.isTruncated { break }
        }
        return answer("ListVersionsResult") { result in
            parameters.write(bucket: call.bucket, truncated: page.isTruncated, to: &result)
            result.element("KeyMarker", parameters.encoded(keyMarker?.text ?? ""))
            result.element("VersionIdMarker", versionMarker ?? "")
            if page.isTruncated, let last = page.last {
                result.element("NextKeyMarker", parameters.encoded(last.key))
                result.element("NextVersionIdMarker", ifPresent: last.version)
            }
            for entry in page.entries {
                result.element(entry.object.isDeleteMarker ? "DeleteMarker" : "Version") { version in
                    version.element("Key", parameters.encoded(entry.name.text))
                    version.element("VersionId", entry.object.version)
                    version.element("IsLatest", entry.isLatest ? "true" : "false")
                    if entry.object.isDeleteMarker {
                        version.element("LastModified", entry.object.lastModified.s3Date)
                    } else {
                        entry.object.writeS3Properties(to: &version)
                    }
                    version.element("Owner") { $0.element("ID", "owner") }
                }
            }
            for prefix in page.prefixes {
                result.element("CommonPrefixes") { $0.element("Prefix", parameters.encoded(prefix)) }
            }
        }
    }

    /// One page of versions.
    private struct VersionPage {
        let limit: Int
        var entries: [(name: ObjectName, object: StoredObject, isLatest: Bool)] = []
        var prefixes: [String] = []
        var isTruncated = false
        /// The last line, which the next page starts after.
        var last: (key: String, version: String?)?

        init(limit: Int) { self.limit = limit }

        mutating func add(
            _ name: ObjectName,
            _ versions: ArraySlice<StoredObject>,
            newest: String?,
            _ parameters: ListParameters
        ) {
            let single = NameListing(
                of: [name],
                prefix: parameters.prefix,
                delimiter: parameters.delimiter,
                after: nil,
                limit: 1
            )
            if case .prefix(let prefix) = single.lines.first {
                guard prefix != prefixes.last else { return }
                guard makeRoom() else { return }
                prefixes.append(prefix)
                last = (prefix, nil)
                return
            }
            for version in versions {
                guard makeRoom() else { return }
                entries.append((name, version, version.version == newest))
                last = (name.text, version.version)
            }
        }

        private mutating func makeRoom() -> Bool {
            guard entries.count + prefixes.count < limit else {
                // S3: a list of no keys is never truncated.
                isTruncated = limit > 0
                return false
            }
            return true
        }
    }
}

extension StoredObject {
    fileprivate func writeS3Properties(to xml: inout XMLText) {
        xml.element("LastModified", lastModified.s3Date)
        xml.element("ETag", "\"\(etag)\"")
        xml.element("Size", String(content.size))
        xml.element("StorageClass", "STANDARD")
    }
}
