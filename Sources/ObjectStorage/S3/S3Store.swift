import Artifacts
import CloudIdentity
public import HTTPTransport
import HTTPTypes
import Synchronization

/// A bucket of Amazon S3, or of a server that speaks its protocol.
public struct S3Store: ObjectStore {
    let address: S3Address
    let credential: S3Credential
    let channel: StorageChannel
    let region: RegionMemory
    /// Entries a page; S3 allows 1000. Tests ask for fewer.
    var pageSize = 1000
    /// `s3://bucket`.
    public var location: String { "s3://\(address.bucket)" }

    /// A bucket.
    ///
    /// - Parameters:
    ///   - region: where the bucket is; `us-east-1` where nil or empty. A wrong one costs one request: the store says
    ///     where the bucket is, and this value and its copies remember it.
    ///   - endpoint: a server other than AWS, by path style, with the path it is mounted at.
    ///   - endpoints: which hosts may see the credential.
    /// - Throws: `configuration` for malformed names, `endpointRefused` where the credential may not go there.
    public init(
        bucket: String,
        region: String? = nil,
        endpoint: HTTPURL? = nil,
        credential: S3Credential,
        endpoints: EndpointPolicy = .providersOnly,
        channel: StorageChannel
    ) throws(ObjectStoreError) {
        let region = region.flatMap { $0.isEmpty ? nil : $0 } ?? "us-east-1"
        guard AWSRegion.isWellFormed(region) else {
            throw ObjectStoreError(.configuration, "\"\(region.clipped)\" is no region such as eu-west-1")
        }
        address = try S3Address(bucket: bucket, endpoint: endpoint)
        if let endpoint, !credential.isAnonymous {
            try endpoints.check(endpoint, isProvidersOwn: EndpointPolicy.isS3)
        }
        self.region = RegionMemory(region)
        self.credential = credential
        self.channel = channel
    }

    /// Lists by `ListObjectsV2`, or by `ListObjectVersions` where versions are asked for.
    public func list(
        _ request: ListRequest,
        _ each: (ListingEntry) throws(ObjectStoreError) -> ListingDecision
    ) async throws(ObjectStoreError) {
        let walk = ListingWalk(request: request, location: location)
        try await walk.run(
            page: { marker async throws(ObjectStoreError) in try await page(of: request, from: marker) },
            each: each
        )
    }

    private func page(
        of request: ListRequest,
        from marker: ListingMarker?
    ) async throws(ObjectStoreError) -> ListingPage {
        var query = [("encoding-type", "url"), ("max-keys", "\(pageSize)"), ("prefix", request.prefix)]
        if let delimiter = request.delimiter, !delimiter.isEmpty { query.append(("delimiter", delimiter)) }
        if request.versions == .none {
            query.append(("list-type", "2"))
            if let marker { query.append(("continuation-token", marker.key)) }
        } else {
            query.append(("versions", ""))
            if let marker { query.append(("key-marker", marker.key)) }
            if let version = marker?.version { query.append(("version-id-marker", version)) }
        }
        let place = location
        let call = Call(.get, key: nil, query: HTTPURL.query(query.sorted { $0.0 < $1.0 }))
        do {
            return try await send(call, at: place, repeatable: true) { refusal in
                .error(refusal.s3Error(at: place, listing: request.versions, condition: .none))
            } consume: { _, chunks in
                let listing = S3Listing(request.versions)
                try await XMLPushParser.read(chunks, into: listing, at: place)
                return try XMLPushParser.checked(at: place) { () throws(XMLFailure) in try listing.page() }
            }
        } catch { throw ObjectStoreError(any: error, at: place) }
    }

    /// A `HEAD` with checksum mode, so that a stored checksum of the whole content is reported.
    public func head(_ key: String, version: String?) async throws(ObjectStoreError) -> ObjectInfo? {
        let place = try place(of: key)
        let query = version.map { HTTPURL.query([("versionId", $0)]) }
        do {
            return try await send(Call(.head, key: key, query: query), at: place, repeatable: true) { refusal in
                // 405: that version is a delete marker. 404 also for a key whose newest version is one.
                if refusal.status == 404, refusal.code != "NoSuchBucket" { return .value(nil) }
                if refusal.status == 405, refusal.isDeleteMarker { return .value(nil) }
                return .error(refusal.s3Error(at: place, listing: nil, condition: .none))
            } consume: { response, _ in
                let body = try ObjectBody(response, range: nil, at: place)
                return try response.s3Info(key: key, size: body.size, version: version, at: place)
            }
        } catch { throw ObjectStoreError(any: error, at: place) }
    }

    /// A `GET` with `Range`, `If-Match` and `versionId`. A server that ignores them is found out by its answer.
    public func read<Value: Sendable>(
        _ key: String,
        range: Range<Int64>?,
        condition: ReadCondition,
        _ consume: (_ info: ObjectInfo, _ bytes: HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let place = try place(of: key)
        let query = condition.versionID.map { HTTPURL.query([("versionId", $0)]) }
        var call = Call(.get, key: key, query: query)
        call.headers = try .reading(range, condition, rangeField: .range, at: place)
        return try await send(call, at: place, repeatable: false) { refusal in
            .error(refusal.s3Error(at: place, listing: nil, condition: condition))
        } consume: { response, chunks in
            let body = try ObjectBody(response, range: range, at: place)
            let info = try response.s3Info(key: key, size: body.size, version: condition.versionID, at: place)
            try condition.check(info, at: place)
            return try await consume(info, body.verified(chunks.within(timeFor: body.size, channel.time), at: place))
        }
    }

    private func place(of key: String) throws(ObjectStoreError) -> String {
        guard (1...1024).contains(key.utf8.count) else {
            throw ObjectStoreError(
                .configuration,
                "a key in \(location) has 1 to 1024 bytes, this one \(key.utf8.count)"
            )
        }
        return "\(location)/\(key.clipped)"
    }
}

/// The region a bucket is known to be in, shared by the copies of a store.
final class RegionMemory: Sendable {
    private let region: Mutex<String>

    init(_ region: String) { self.region = Mutex(region) }

    var current: String {
        get { region.withLock { $0 } }
        set { region.withLock { $0 = newValue } }
    }
}

extension S3Store {
    private struct Call {
        var method: HTTPRequest.Method
        var key: String?
        var query: String?
        var headers: HTTPFields = [:]

        init(_ method: HTTPRequest.Method, key: String?, query: String?) {
            self.method = method
            self.key = key
            self.query = query
            headers[.amzChecksumMode] = key == nil ? nil : "ENABLED"
        }
    }

    /// Signs and sends; obeys once an answer that names another region (301, 307, or 400 for a signature of the wrong
    /// one; S3 User Guide, "Request redirection and the REST API").
    private func send<Value: Sendable>(
        _ call: Call,
        at place: String,
        repeatable: Bool,
        judge: (Refusal) -> Verdict<Value>,
        consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var isMoved = false
        var used = region.current
        var key: AWSAccessKey?
        var refused: AWSAccessKey?
        return try await channel.exchange(at: place, repeatable: repeatable) { () throws(ObjectStoreError) in
            used = region.current
            key = try await accessKey(refused, at: place)
            return request(call, region: used, key)
        } judge: { refusal in
            // A temporary key can end before its time: one new one.
            if case .provider = credential.kind, let shown = key, refused == nil, refusal.isAboutExpiry {
                refused = shown
                return .again
            }
            if let named = refusal.region, named != used, !isMoved, [301, 307, 400].contains(refusal.status) {
                isMoved = true
                region.current = named
                return .again
            }
            return judge(refusal)
        } consume: { response, chunks in
            try await consume(response, chunks)
        }
    }

    private func accessKey(
        _ refused: AWSAccessKey?,
        at place: String
    ) async throws(ObjectStoreError) -> AWSAccessKey? {
        switch credential.kind {
        case .anonymous: return nil
        case .key(let fixed): return fixed
        case .provider(let provider):
            do { return try await provider(refused) } catch { throw ObjectStoreError(credentials: error, at: place) }
        }
    }

    private func request(_ call: Call, region: String, _ key: AWSAccessKey?) -> HTTPRequest {
        let url = address.url(region: region, key: call.key, query: call.query)
        var headers = call.headers
        headers[.acceptEncoding] = "identity"
        guard let key else { return url.request(call.method, headers) }
        let signer = SigV4(key: key, region: region)
        return url.request(call.method, signer.signed(call.method, url, headers, at: channel.time.date()))
    }
}

extension Refusal {
    /// Whether S3 says that a key has ended or is not known, so that another one may help.
    fileprivate var isAboutExpiry: Bool {
        ["ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "TokenRefreshRequired"].contains(code ?? "")
    }
}
