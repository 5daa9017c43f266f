import Artifacts
import ContainerRegistry
import HTTPTransport
import HTTPTypes
import JSON
import ObjectStorage
import Selection

/// What a scan costs the processor and the memory, without a network.
enum ScanBenchmark {
    /// A scan of a repository beside parsing the same pages and nothing else, in turns: list, filter, sort by version.
    static func tags(_ count: Int, rounds: Int) async throws -> JSONValue {
        let pages = TagPages(count)
        let client = RegistryClient(transport: pages, time: .system, random: { 0 })
        let repository = try ImageReference("registry.test/api")
        let rules = SelectionRules(
            policy: .semver(try VersionRange(">=1.0.0")),
            filter: try CandidateFilter(match: "^v(?<version>.+)$", extract: "$version"),
            exclude: try SelectionRules.defaultExclude.map { pattern throws(SelectionError) in try Pattern(pattern) }
        )
        var scan = Double.infinity
        var parsing = Double.infinity
        for _ in 0..<rounds {
            let start = CPUTime.now
            let listed = try await client.tags(of: repository)
            let outcome = rules.select(from: listed.map { Candidate(name: $0.name) }, now: 0)
            scan = min(scan, CPUTime.now - start)
            guard outcome.ranked.count == count, outcome.ranked.first?.candidate.name == pages.newest else {
                throw BenchmarkError(
                    "\(outcome.ranked.count) of \(count) tags count; the newest is not \(pages.newest)"
                )
            }
            parsing = min(
                parsing,
                try CPUTime.measure { for page in pages.bodies { _ = try JSONValue(parsing: page) } }
            )
        }
        return [
            "tags": .integer(Int64(count)), "bytes": .integer(Int64(pages.bodies.reduce(0) { $0 + $1.count })),
            "seconds": .decimal("\(scan)"), "parsingSeconds": .decimal("\(parsing)"),
            "ratio": .decimal("\(scan / parsing)"),
        ]
    }

    /// A listing of `count` objects, of which none is kept: the most memory that this process ever had.
    static func objects(_ count: Int) async throws -> JSONValue {
        let store = try S3Store(
            bucket: "models",
            region: "us-east-1",
            endpoint: HTTPURL("https://store.test"),
            credential: .anonymous,
            channel: StorageChannel(transport: ObjectPages(count), time: .system, jitter: { 0 })
        )
        let start = CPUTime.now
        let before = PeakMemory.now
        let rules = ObjectSetRules(complete: .marker("DONE"))
        var versions = VersionAccumulator(prefix: try KeyPrefix("m/"), rules: rules)
        var listed = 0
        try await store.list(prefix: "m/") { info throws(ObjectStoreError) in
            listed += 1
            let object = BlobObject(key: info.key, size: info.size, modified: 0, etag: info.etag ?? "")
            do throws(SelectionError) { try versions.add(object) } catch {
                throw ObjectStoreError(.tooLarge, "\(error)")
            }
            return .continue
        }
        guard listed == count else { throw BenchmarkError("listed \(listed) of \(count) objects") }
        return [
            "objects": .integer(Int64(count)), "peakMB": .decimal("\(Double(PeakMemory.now) / 1e6)"),
            "beforeMB": .decimal("\(Double(before) / 1e6)"), "versions": .integer(Int64(versions.versions.count)),
            "seconds": .decimal("\(CPUTime.now - start)"),
        ]
    }
}

/// A registry of one repository, whose pages were written before.
private struct TagPages: HTTPTransport {
    private static let pageSize = 1000
    let bodies: [[UInt8]]
    /// The tag of the greatest version.
    let newest: String

    init(_ count: Int) {
        // Versions in no order.
        let names = (0..<count).map { index in
            let number = (index * 7919) % max(count, 1)
            return "v\(1 + number / 10_000).\(number / 100 % 100).\(number % 100)"
        }
        bodies = stride(from: 0, to: count, by: Self.pageSize).map { start in
            let page = names[start..<min(start + Self.pageSize, count)].map { "\"\($0)\"" }.joined(separator: ",")
            return Array("{\"name\":\"api\",\"tags\":[\(page)]}".utf8)
        }
        let last = max(count - 1, 0)
        newest = "v\(1 + last / 10_000).\(last / 100 % 100).\(last % 100)"
    }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let number = request.path.flatMap { path in
            path.split(separator: "&").first { $0.hasPrefix("last=") }.flatMap { Int($0.dropFirst(5)) }
        }
        let index = number ?? 0
        var headers: HTTPFields = [.contentType: "application/json"]
        if index + 1 < bodies.count, let link = HTTPField.Name("Link") {
            headers[link] = "</v2/api/tags/list?n=\(Self.pageSize)&last=\(index + 1)>; rel=\"next\""
        }
        return try await consume(HTTPResponse(status: .ok, headerFields: headers), HTTPBodyChunks(bodies[index]))
    }
}

/// A store that writes the pages of its listing when they are asked for: a thousand objects each, a hundred a version.
private struct ObjectPages: HTTPTransport {
    private static let pageSize = 1000
    let count: Int

    init(_ count: Int) { self.count = count }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let token = request.path.flatMap { path in
            path.split(whereSeparator: { "?&".contains($0) }).first { $0.hasPrefix("continuation-token=") }
        }
        let start = token.flatMap { Int($0.dropFirst("continuation-token=".count)) } ?? 0
        let end = min(start + Self.pageSize, count)
        var text = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        text +=
            end < count
            ? "<IsTruncated>true</IsTruncated><NextContinuationToken>\(end)</NextContinuationToken>"
            : "<IsTruncated>false</IsTruncated>"
        for number in start..<end {
            text +=
                "<Contents><Key>m/\(number / 100)/part-\(number % 100).safetensors</Key>"
                + "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;\(number)&quot;</ETag>"
                + "<Size>\(number)</Size></Contents>"
        }
        text += "</ListBucketResult>"
        return try await consume(
            HTTPResponse(status: .ok, headerFields: [.contentType: "application/xml"]),
            HTTPBodyChunks(Array(text.utf8))
        )
    }
}
