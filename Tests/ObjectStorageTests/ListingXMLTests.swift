import Artifacts
import HTTPTransport
import TestSupport
import Testing

@testable import ObjectStorage

/// Keeps what a parser reports.
private final class Recorder: XMLHandler {
    var events: [String] = []
    func open(_ path: [String], _ attributes: XMLAttributes) {
        events.append("<" + path.joined(separator: "/") + (attributes["Encoded"].map { " Encoded=\($0)" } ?? ""))
    }
    func close(_ path: [String], text: String) { events.append(path.joined(separator: "/") + "=" + text) }
}

@Suite struct ListingXMLTests {
    private let azurePage = Page.azure(
        [
            Page.blob("a/ä &amp; b"),
            Page.blob("<Name Encoded=\"true\">a/%EF%BF%BE%01.bin</Name>", extra: "<VersionId>v1</VersionId>"),
        ],
        marker: "2!8!bQ--",
        prefixes: ["a/c/"]
    )

    private func parse(_ text: String, limits: XMLPushParser.Limits = .init()) throws(XMLFailure) -> [String] {
        let recorder = Recorder()
        let parser = try XMLPushParser(recorder, limits: limits)
        try parser.feed(Array(text.utf8))
        try parser.finish()
        return recorder.events
    }

    @Test func anyChunkingGivesTheSameEvents() throws {
        let whole = try parse(azurePage)
        #expect(whole.contains("EnumerationResults/Blobs/Blob/Name=a/ä & b"))
        #expect(whole.contains("<EnumerationResults/Blobs/Blob/Name Encoded=true"))
        for block in 1...azurePage.utf8.count {
            var limits = XMLPushParser.Limits()
            limits.block = block
            #expect(try parse(azurePage, limits: limits) == whole)
        }
    }

    @Test func chunksOfAnySizesAreGathered() async throws {
        let whole = try parse(azurePage)
        let bytes = Array(azurePage.utf8)
        await checkProperty(cases: 50) { generator in
            (0..<20).map { _ in Int.random(in: 0...200, using: &generator) }
        } fails: { sizes in
            let recorder = Recorder()
            do {
                var limits = XMLPushParser.Limits()
                limits.block = 64
                let parser = try XMLPushParser(recorder, limits: limits)
                var rest = bytes[...]
                for size in sizes {
                    try parser.feed(Array(rest.prefix(size)))
                    rest = rest.dropFirst(size)
                }
                try parser.feed(Array(rest))
                try parser.finish()
            } catch { return "\(error)" }
            return recorder.events == whole ? nil : "other events"
        }
    }

    @Test func aTruncatedDocumentIsNeverTakenForAWhole() {
        let bytes = Array(azurePage.utf8)
        for count in 0..<bytes.count {
            #expect(throws: XMLFailure.self) { try parse(String(decoding: bytes.prefix(count), as: UTF8.self)) }
        }
    }

    @Test(arguments: [
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM \"http://169.254.169.254/latest\"><a/>",
        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>",
    ])
    func documentTypeDeclarationsAreRefused(_ text: String) {
        #expect(throws: XMLFailure(message: "it has a document type declaration")) { try parse(text) }
    }

    @Test(arguments: [
        "", " ", "null", "{}", "\u{0}", "<a>", "<a></b>", "<a>&unknown;</a>", "<a/><b/>", "<a x=1/>", "<a>\u{1}</a>",
        "<!doctype html><html><body>Sign in<br></body></html>", "HTTP/1.1 200 OK",
    ])
    func whatIsNoXMLIsRefused(_ text: String) {
        #expect(throws: XMLFailure.self) { try parse(text) }
    }

    @Test func aDeclaredEncodingIsNotBelieved() throws {
        let latin: [UInt8] =
            Array("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>".utf8) + [0xE4] + Array("</a>".utf8)
        let parser = try XMLPushParser(Recorder())
        #expect(throws: XMLFailure.self) {
            try parser.feed(latin)
            try parser.finish()
        }
        #expect(try parse("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>ä</a>") == ["<a", "a=ä"])
    }

    @Test func depthTextTokensAndSizeAreBounded() throws {
        let deep = String(repeating: "<a>", count: 100_000) + String(repeating: "</a>", count: 100_000)
        #expect(throws: XMLFailure(message: "elements are nested deeper than 16")) { try parse(deep) }
        let long = "<a>" + String(repeating: "x", count: 70_000) + "</a>"
        #expect(throws: XMLFailure(message: "an element's text is longer than 65536 bytes", isTooLarge: true)) {
            try parse(long)
        }
        for token in ["<!--", "<a x=\"", "<", "<?p "] {
            let text = token + String(repeating: "y", count: 400_000)
            #expect(throws: XMLFailure(message: "a token is longer than 262144 bytes", isTooLarge: true)) {
                try parse(text)
            }
        }
        var limits = XMLPushParser.Limits()
        limits.bytes = 1 << 20
        let spaces = "<a>" + String(repeating: "<b/>", count: 1 << 18) + "</a>"
        #expect(throws: XMLFailure(message: "it is larger than 1 MiB", isTooLarge: true)) {
            try parse(spaces, limits: limits)
        }
    }

    @Test func damagedDocumentsNeverCrashTheParser() async throws {
        let bytes = Array(azurePage.utf8)
        await checkProperty(cases: 300) { generator in
            (0..<4).map { _ in
                (Int.random(in: 0..<bytes.count, using: &generator), UInt8.random(in: 0...255, using: &generator))
            }
        } fails: { (changes: [(Int, UInt8)]) in
            var damaged = bytes
            for (index, byte) in changes { damaged[index] = byte }
            let listing = AzureListing(.all)
            do {
                let parser = try XMLPushParser(listing)
                try parser.feed(damaged)
                try parser.finish()
                let page = try listing.page()
                return page.entries.count <= 3 ? nil : "more entries than the page had"
            } catch {
                return error is XMLFailure ? nil : "\(error)"
            }
        }
    }

    private func azure(_ text: String, _ versions: ListRequest.Versions = .none) throws -> ListingPage {
        let listing = AzureListing(versions)
        let parser = try XMLPushParser(listing)
        try parser.feed(Array(text.utf8))
        try parser.finish()
        return try listing.page()
    }

    private func s3(_ text: String, _ versions: ListRequest.Versions = .none) throws -> ListingPage {
        let listing = S3Listing(versions)
        let parser = try XMLPushParser(listing)
        try parser.feed(Array(text.utf8))
        try parser.finish()
        return try listing.page()
    }

    @Test func anAzurePageBecomesEntries() throws {
        let page = try azure(azurePage, .all)
        #expect(page.next == ListingMarker(key: "2!8!bQ--"))
        #expect(page.entries.count == 3)
        let first = ObjectInfo(
            key: "a/ä & b",
            size: 42,
            modified: try Timestamp(rfc3339: "2026-01-02T03:04:05Z"),
            etag: "0x8DE4A1B2C3D4E5F",
            checksum: StoredChecksum(.md5, bytes: 0..<16)
        )
        #expect(page.entries.first == .object(first))
        guard case .object(let second) = page.entries[1] else { return }
        #expect(second.key == "a/\u{FFFE}\u{1}.bin")
        #expect(second.versionID == "v1")
        #expect(!second.isCurrent)
        #expect(page.entries.last == .prefix("a/c/"))
    }

    @Test func currentVersionsOfAzureAreThoseMarkedSo() throws {
        let text = Page.azure([
            Page.blob("a", extra: "<VersionId>1</VersionId>"),
            Page.blob("a", extra: "<VersionId>2</VersionId><IsCurrentVersion>true</IsCurrentVersion>"),
            Page.blob("deleted", extra: "<VersionId>1</VersionId>"),
            Page.blob("unversioned"),
        ])
        #expect(try azure(text, .all).entries.count == 4)
        let current = try azure(text, .current).entries.map { entry -> String in
            guard case .object(let info) = entry else { return "" }
            return "\(info.key) \(info.versionID ?? "-")"
        }
        #expect(current == ["a 2", "unversioned -"])
    }

    @Test func anAzureDirectoryIsAFolder() throws {
        let text = Page.azure([
            Page.blob("dir", properties: "<ResourceType>directory</ResourceType>"), Page.blob("file"),
        ])
        let folders = try azure(text).entries.map { entry -> Bool in
            guard case .object(let info) = entry else { return false }
            return info.isFolder
        }
        #expect(folders == [true, false])
    }

    @Test func anS3PageBecomesEntries() throws {
        let page = try s3(Page.s3(["a+b%2Bc/%C3%A4%25"], token: "t", prefixes: ["x%2F"]))
        #expect(page.next == ListingMarker(key: "t"))
        let info = ObjectInfo(
            key: "a b+c/ä%",
            size: 42,
            modified: try Timestamp(rfc3339: "2026-01-02T03:04:05.678Z"),
            etag: "9b2cf535f27731c974343645a3985328"
        )
        #expect(page.entries == [.object(info), .prefix("x/")])
    }

    @Test func keysStayAsTheyAreWhereTheServerDoesNotEncode() throws {
        let page = try s3(Page.s3(["a+b%2B"], encoding: nil))
        guard case .object(let info)? = page.entries.first else { return }
        #expect(info.key == "a+b%2B")
    }

    @Test func s3VersionsAndDeleteMarkersAreToldApart() throws {
        let text = """
            <ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>c</NextKeyMarker>
            <NextVersionIdMarker>v9</NextVersionIdMarker><EncodingType>url</EncodingType>
            <DeleteMarker><Key>a</Key><VersionId>v3</VersionId><IsLatest>true</IsLatest>
              <LastModified>2026-01-01T00:00:00Z</LastModified></DeleteMarker>
            <Version><Key>a</Key><VersionId>v2</VersionId><IsLatest>false</IsLatest><Size>1</Size>
              <LastModified>2026-01-01T00:00:00Z</LastModified><ETag>"e"</ETag></Version>
            <Version><Key>b</Key><VersionId>null</VersionId><IsLatest>true</IsLatest><Size>2</Size>
              <LastModified>2026-01-01T00:00:00Z</LastModified></Version>
            </ListVersionsResult>
            """
        let all = try s3(text, .all)
        #expect(all.next == ListingMarker(key: "c", version: "v9"))
        let infos = all.entries.compactMap { entry -> ObjectInfo? in
            guard case .object(let info) = entry else { return nil }
            return info
        }
        // In the order of the document.
        #expect(infos.map(\.versionID) == ["v3", "v2", nil])
        #expect(infos.map(\.isDeleteMarker) == [true, false, false])
        #expect(infos.map(\.isCurrent) == [true, false, true])
        let current = try s3(text, .current).entries
        #expect(current.count == 1)
        #expect(throws: XMLFailure.self) { try s3(text, .none) }
    }

    @Test(arguments: [
        ("<Size>42</Size>", "<Size>-1</Size>"), ("<Size>42</Size>", "<Size>99999999999999999999</Size>"),
        ("<Size>42</Size>", ""), ("<LastModified>2026-01-02T03:04:05.678Z</LastModified>", ""),
        ("2026-01-02T03:04:05.678Z", "yesterday"), ("<Key>a</Key>", "<Key>%zz</Key>"),
        ("<IsTruncated>false", "<IsTruncated>true"), ("ListBucketResult", "EnumerationResults"),
    ])
    func anS3PageWithoutWhatItMustHaveIsRefused(_ old: String, _ new: String) {
        let text = Page.s3(["a"]).replacing(old, with: new)
        #expect(throws: XMLFailure.self) { try s3(text) }
    }

    @Test(arguments: [
        ("<Content-Length>42", "<Content-Length>x"), ("<Content-Length>42", "<Content-Length>-42"),
        ("Fri, 02 Jan 2026", "Fri, 99 Jan 2026"), ("EnumerationResults", "ListBucketResult"),
        ("<Name>a</Name>", "<Name Encoded=\"true\">%</Name>"),
    ])
    func anAzurePageWithoutWhatItMustHaveIsRefused(_ old: String, _ new: String) {
        let text = Page.azure([Page.blob("a")]).replacing(old, with: new)
        #expect(throws: XMLFailure.self) { try azure(text) }
    }

    @Test func aPageOfTooManyEntriesIsRefused() throws {
        let text = Page.s3((0...10_000).map { "k\($0)" })
        #expect(throws: XMLFailure(message: "a page has more than 10000 entries", isTooLarge: true)) { try s3(text) }
    }

    @Test func circlesAreFoundWhateverTheirLength() {
        for start in 0..<12 {
            for length in 1..<12 {
                var detector = CircleDetector<Int>()
                var steps = 0
                while steps < 200 {
                    let value = steps < start ? -steps - 1 : (steps - start) % length
                    if detector.sees(value) { break }
                    steps += 1
                }
                #expect(steps < 4 * (start + length) + 4, "start \(start), length \(length)")
            }
        }
        var detector = CircleDetector<Int>()
        #expect(!(0..<10_000).contains { detector.sees($0) })
    }
}
