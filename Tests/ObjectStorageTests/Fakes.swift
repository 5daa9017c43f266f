import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes
import ObjectStorage
import Synchronization
import TestSupport
import Testing

/// 2026-01-01T00:00:00Z, where test clocks start.
let newYear = Timestamp(seconds: 1_767_225_600)

func header(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure(name) }
    return name
}

func headers(_ pairs: [String: String]) -> HTTPFields {
    var fields = HTTPFields()
    for (name, value) in pairs { fields[header(name)] = value }
    return fields
}

func channel(
    _ transport: any HTTPTransport,
    clock: TestClock = TestClock(),
    retry: HTTPRetry = .never
) -> StorageChannel {
    StorageChannel(transport: transport, time: clock.timeSource(), retry: retry, jitter: { 0 })
}

/// Fails the test unless `body` throws an `ObjectStoreError` of `code`; gives the error for a closer look.
@discardableResult
func expectError(
    _ code: ObjectStoreError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async -> ObjectStoreError? {
    do {
        try await body()
        Issue.record("no error, expected \(code)", sourceLocation: sourceLocation)
    } catch let error as ObjectStoreError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record("\(error), expected \(code)", sourceLocation: sourceLocation)
    }
    return nil
}

/// Answers one after the other; the last one stays.
final class Answers: Sendable {
    private let rest: Mutex<[FakeTransport.Answer]>

    init(_ answers: [FakeTransport.Answer]) { rest = Mutex(answers) }

    var transport: FakeTransport {
        FakeTransport { _, _ in
            try self.rest.withLock { rest in
                guard let first = rest.first else { throw HTTPTransportError(.connect, "no answer left") }
                if rest.count > 1 { rest.removeFirst() }
                return first
            }
        }
    }
}

extension ObjectStore {
    func all(_ request: ListRequest = ListRequest()) async throws -> [ListingEntry] {
        var entries: [ListingEntry] = []
        try await list(request) { entry throws(ObjectStoreError) in
            entries.append(entry)
            return .continue
        }
        return entries
    }

    func keys(_ request: ListRequest = ListRequest()) async throws -> [String] {
        try await all(request).map {
            switch $0 {
            case .object(let info): info.key
            case .prefix(let prefix): prefix
            }
        }
    }

    func content(
        _ key: String,
        range: Range<Int64>? = nil,
        condition: ReadCondition = .none
    ) async throws -> [UInt8] {
        try await read(key, range: range, condition: condition) { _, chunks in try await chunks.collect(upTo: 1 << 26) }
    }
}

/// Documents as the two services write them.
enum Page {
    static func s3(
        _ keys: [String],
        token: String? = nil,
        prefixes: [String] = [],
        encoding: String? = "<EncodingType>url</EncodingType>"
    ) -> String {
        let contents = keys.map {
            "<Contents><Key>\($0)</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>"
                + "<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>42</Size>"
                + "<StorageClass>STANDARD</StorageClass></Contents>"
        }
        let folders = prefixes.map { "<CommonPrefixes><Prefix>\($0)</Prefix></CommonPrefixes>" }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>models</Name><Prefix></Prefix>\
            <MaxKeys>1000</MaxKeys><IsTruncated>\(token != nil)</IsTruncated>\(contents.joined())\(folders.joined())\
            \(token.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? "")\(encoding ?? "")\
            </ListBucketResult>
            """
    }

    static func azure(_ blobs: [String], marker: String = "", prefixes: [String] = []) -> String {
        let folders = prefixes.map { "<BlobPrefix><Name>\($0)</Name></BlobPrefix>" }
        return """
            \u{FEFF}<?xml version="1.0" encoding="utf-8"?><EnumerationResults \
            ServiceEndpoint="https://devopsblogstorage.blob.core.windows.net/" ContainerName="models">\
            <MaxResults>2000</MaxResults><Blobs>\(blobs.joined())\(folders.joined())</Blobs>\
            <NextMarker>\(marker)</NextMarker></EnumerationResults>
            """
    }

    static func blob(_ name: String, extra: String = "", properties: String = "") -> String {
        "<Blob>\(name.hasPrefix("<") ? name : "<Name>\(name)</Name>")\(extra)<Properties>"
            + "<Creation-Time>Fri, 02 Jan 2026 03:04:05 GMT</Creation-Time>"
            + "<Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified><Etag>0x8DE4A1B2C3D4E5F</Etag>"
            + "<Content-Length>42</Content-Length><Content-Type>application/octet-stream</Content-Type>"
            + "<Content-Encoding /><Content-MD5>\(Page.md5)</Content-MD5><BlobType>BlockBlob</BlobType>"
            + "\(properties)</Properties><OrMetadata /></Blob>"
    }

    static let md5 = Data((0..<16).map { UInt8($0) }).base64EncodedString()
}
