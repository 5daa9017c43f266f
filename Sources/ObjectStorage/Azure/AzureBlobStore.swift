import Artifacts
public import HTTPTransport
import HTTPTypes

/// A container of Azure Blob Storage.
public struct AzureBlobStore: ObjectStore {
    /// The protocol version that every request names: the first with listings whose names may be percent-encoded is
    /// 2021-02-12; emulators know this one.
    static let version = "2021-12-02"
    let account: String
    let endpoint: HTTPURL
    let container: String
    let credential: AzureBlobCredential
    let channel: StorageChannel
    /// Entries a page. 5000 are allowed; this many stay below the bound on a page's bytes with the longest names. Tests
    /// ask for fewer.
    var pageSize = 2000

    /// The container's URL.
    public var location: String { endpoint.origin + path(to: nil) }

    /// A container.
    ///
    /// - Parameters:
    ///   - account: the storage account; also the one that a shared key signs for.
    ///   - endpoint: the account's blob endpoint where it is not `https://ACCOUNT.blob.core.windows.net`, as a connection
    ///     string's `BlobEndpoint` names it: of an emulator with the account as path, `http://host:10000/account`.
    ///   - endpoints: which hosts may see the credential.
    /// - Throws: `configuration` for malformed names or a connection string of another account, `endpointRefused`
    ///   where the credential may not go there.
    public init(
        account: String,
        container: String,
        endpoint: HTTPURL? = nil,
        credential: AzureBlobCredential,
        endpoints: EndpointPolicy = .providersOnly,
        channel: StorageChannel
    ) throws(ObjectStoreError) {
        func isLowerAlphanumeric(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        guard (3...24).contains(account.utf8.count), account.utf8.allSatisfy(isLowerAlphanumeric) else {
            throw ObjectStoreError(
                .configuration,
                "\"\(account.clipped)\" is no storage account: 3 to 24 lower-case letters and digits"
            )
        }
        let isContainer =
            (3...63).contains(container.utf8.count) && !container.contains("--") && !container.hasPrefix("-")
            && !container.hasSuffix("-") && container.utf8.allSatisfy { isLowerAlphanumeric($0) || $0 == 0x2D }
        guard isContainer || ["$root", "$web", "$logs"].contains(container) else {
            throw ObjectStoreError(
                .configuration,
                "\"\(container.clipped)\" is no container: 3 to 63 lower-case letters, digits and single hyphens"
            )
        }
        if let named = credential.account, named != account {
            throw ObjectStoreError(
                .configuration,
                "the connection string is of another account than \"\(account)\""
            )
        }
        self.account = account
        self.container = container
        self.credential = credential
        self.channel = channel
        self.endpoint =
            endpoint ?? credential.endpoint ?? HTTPURL(scheme: "https", host: "\(account).blob.core.windows.net")
        guard self.endpoint.query == nil else {
            throw ObjectStoreError(.configuration, "the endpoint \(self.endpoint.redacted) must not have a query")
        }
        if !credential.isAnonymous { try endpoints.check(self.endpoint, isProvidersOwn: EndpointPolicy.isAzureBlob) }
    }

    /// Lists by `List Blobs`, with `include=versions` where versions are asked for; accounts with a hierarchical
    /// namespace keep none and refuse that.
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
        var query = [("restype", "container"), ("comp", "list"), ("maxresults", "\(pageSize)")]
        if !request.prefix.isEmpty { query.append(("prefix", request.prefix)) }
        if let delimiter = request.delimiter, !delimiter.isEmpty { query.append(("delimiter", delimiter)) }
        if request.versions != .none { query.append(("include", "versions")) }
        if let marker { query.append(("marker", marker.key)) }
        let place = location
        let call = Call(.get, key: nil, query: query)
        do {
            return try await send(call, at: place, repeatable: true) { refusal in
                .error(refusal.azureError(at: place, isListing: true, condition: .none))
            } consume: { _, chunks in
                let listing = AzureListing(request.versions)
                try await XMLPushParser.read(chunks, into: listing, at: place)
                return try XMLPushParser.checked(at: place) { () throws(XMLFailure) in try listing.page() }
            }
        } catch { throw ObjectStoreError(any: error, at: place) }
    }

    /// `Get Blob Properties`.
    public func head(_ key: String, version: String?) async throws(ObjectStoreError) -> ObjectInfo? {
        let place = try place(of: key)
        let call = Call(.head, key: key, query: version.map { [("versionid", $0)] } ?? [])
        do {
            return try await send(call, at: place, repeatable: true) { refusal in
                if refusal.status == 404, refusal.code == nil || refusal.code == "BlobNotFound" { return .value(nil) }
                return .error(refusal.azureError(at: place, isListing: false, condition: .none))
            } consume: { response, _ in
                let body = try ObjectBody(response, range: nil, at: place)
                return try response.azureInfo(
                    key: key,
                    size: body.size,
                    version: version,
                    isRange: false,
                    at: place
                )
            }
        } catch { throw ObjectStoreError(any: error, at: place) }
    }

    /// `Get Blob` with `x-ms-range`, `If-Match` and `versionid`.
    public func read<Value: Sendable>(
        _ key: String,
        range: Range<Int64>?,
        condition: ReadCondition,
        _ consume: (_ info: ObjectInfo, _ bytes: HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let place = try place(of: key)
        var call = Call(.get, key: key, query: condition.versionID.map { [("versionid", $0)] } ?? [])
        call.headers = try .reading(range, condition, rangeField: .msRange, at: place)
        return try await send(call, at: place, repeatable: false) { refusal in
            .error(refusal.azureError(at: place, isListing: false, condition: condition))
        } consume: { response, chunks in
            let body = try ObjectBody(response, range: range, at: place)
            let info = try response.azureInfo(
                key: key,
                size: body.size,
                version: condition.versionID,
                isRange: range != nil,
                at: place
            )
            try condition.check(info, at: place)
            return try await consume(info, body.verified(chunks.within(timeFor: body.size, channel.time), at: place))
        }
    }

    private func place(of key: String) throws(ObjectStoreError) -> String {
        // The limit is 1024 characters; a character has at most four bytes.
        guard (1...4096).contains(key.utf8.count) else {
            throw ObjectStoreError(
                .configuration,
                "a blob's name in \(location) has 1 to 1024 characters, this one \(key.utf8.count) bytes"
            )
        }
        return "\(location)/\(key.clipped)"
    }
}

extension AzureBlobStore {
    private struct Call {
        var method: HTTPRequest.Method
        var key: String?
        var query: [(String, String)]
        var headers: HTTPFields = [:]

        init(_ method: HTTPRequest.Method, key: String?, query: [(String, String)]) {
            self.method = method
            self.key = key
            self.query = query
        }
    }

    private func path(to key: String?) -> String {
        let base = endpoint.path.hasSuffix("/") ? String(endpoint.path.dropLast()) : endpoint.path
        return "\(base)/\(container)" + (key.map { "/" + HTTPURL.encode($0, keepingSlashes: true) } ?? "")
    }

    private func send<Value: Sendable>(
        _ call: Call,
        at place: String,
        repeatable: Bool,
        judge: (Refusal) -> Verdict<Value>,
        consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var token: SecretText?
        var refused: SecretText?
        return try await channel.exchange(at: place, repeatable: repeatable) { () async throws(ObjectStoreError) in
            token = try await bearer(refused, at: place)
            return request(call, token)
        } judge: { refusal in
            // A token can end before its time: one new one.
            if refusal.status == 401, refused == nil, let token {
                refused = token
                return .again
            }
            return judge(refusal)
        } consume: { response, chunks in
            try await consume(response, chunks)
        }
    }

    private func bearer(_ refused: SecretText?, at place: String) async throws(ObjectStoreError) -> SecretText? {
        guard case .bearer(let token) = credential.kind else { return nil }
        do { return try await token(refused) } catch { throw ObjectStoreError(credentials: error, at: place) }
    }

    private func request(_ call: Call, _ token: SecretText?) -> HTTPRequest {
        var url = endpoint
        url.path = path(to: call.key)
        url.query = call.query.isEmpty ? nil : HTTPURL.query(call.query)
        var headers = call.headers
        headers[.msVersion] = AzureBlobStore.version
        headers[.msDate] = channel.time.date().httpDate
        headers[.acceptEncoding] = "identity"
        switch credential.kind {
        case .anonymous: break
        case .sas(let signature): url.query = [url.query, signature].compactMap { $0 }.joined(separator: "&")
        case .sharedKey(let key):
            let signer = AzureSharedKey(account: account, key: key)
            headers[.authorization] = signer.authorization(call.method, url, headers)
        case .bearer: headers[.authorization] = token.map { "Bearer \($0.value)" }
        }
        return url.request(call.method, headers)
    }
}
