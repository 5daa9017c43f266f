public import HTTPTransport
import HTTPTypes
public import JSON
public import KubernetesAPI
public import Logging

/// Typed requests to one API server.
///
/// Retries only what the server asked to be retried (`Retry-After` on 429 or 5xx), at most ten times (client-go
/// `rest/with_retry.go`), and a 401 once with a credential that was read again. Follows no redirect.
public struct Client: Sendable {
    /// The server and the credential.
    public let configuration: ClusterConfiguration
    let transport: any HTTPTransport
    let time: TimeSource
    let logger: Logger
    /// The largest answer to a call that is read into memory.
    public static let maximumAnswer = 256 << 20
    private static let maximumAttempts = 10

    /// A client over a transport.
    public init(
        transport: any HTTPTransport,
        configuration: ClusterConfiguration,
        time: TimeSource,
        logger: Logger
    ) {
        self.transport = transport
        self.configuration = configuration
        self.time = time
        self.logger = logger
    }

    /// The object called `key`, or nil where there is none.
    public func get<Object: KubernetesObject>(
        _ type: Object.Type,
        _ key: ObjectKey
    ) async throws(KubernetesError) -> Object? {
        do throws(KubernetesError) {
            return try decode(Object.self, try await call(.get, Object.resource.path(key)))
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// The object called `key` as JSON, or nil where there is none.
    public func getJSON(_ resource: APIResource, _ key: ObjectKey) async throws(KubernetesError) -> JSONValue? {
        do throws(KubernetesError) {
            return try decode(JSONValue.self, try await call(.get, resource.path(key)))
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// One page of a list.
    public func list<Object: KubernetesObject>(
        _ type: Object.Type,
        in namespaces: Namespaces,
        _ options: ListOptions = ListOptions()
    ) async throws(KubernetesError) -> ListPage<Object> {
        let path = Object.resource.path(namespace: namespaces.name)
        let bytes = try await call(.get, path, query: options.query)
        do throws(JSONError) {
            return try ListPage(parsing: bytes)
        } catch {
            throw KubernetesError(.decoding, "list of \(Object.resource): \(error)", underlying: error)
        }
    }

    /// Opens a watch and lends its events to `body`. The watch ends when `body` returns.
    public func withWatch<Object: KubernetesObject, Value: Sendable>(
        _ type: Object.Type,
        in namespaces: Namespaces,
        _ options: WatchOptions,
        _ body: (WatchEvents<Object>) async throws -> Value
    ) async throws -> Value {
        let path = Object.resource.path(namespace: namespaces.name)
        // A silent server is noticed five seconds after it should have ended the watch by itself.
        let timeouts = HTTPTimeouts(head: .seconds(30), idleRead: .seconds(options.timeoutSeconds + 5))
        return try await exchange(.get, path, query: options.query, timeouts: timeouts) { response, chunks in
            guard response.status.code == 200 else {
                throw await Self.failure(response, chunks, "watch of \(Object.resource)")
            }
            return try await body(WatchEvents(chunks))
        }
    }

    /// Applies the fields of `step` and returns the object as the server stored it.
    @discardableResult
    public func apply(
        _ step: ApplyStep,
        fieldManager: FieldManager,
        dryRun: Bool = false
    ) async throws(KubernetesError) -> JSONValue {
        var query = [("fieldManager", fieldManager.name), ("force", step.forces ? "true" : "false")]
        if dryRun { query.append(("dryRun", "All")) }
        let path = step.resource.path(step.key, subresource: step.subresource)
        let bytes = try await call(
            .patch,
            path,
            query: query,
            body: step.bytes,
            contentType: "application/apply-patch+yaml"
        )
        return try decode(JSONValue.self, bytes)
    }

    /// Creates an object. Throws `isAlreadyExists` where one has the name.
    @discardableResult
    public func create<Object: KubernetesObject>(
        _ object: Object,
        fieldManager: FieldManager
    ) async throws(KubernetesError) -> Object {
        let path = Object.resource.path(namespace: object.metadata.namespace)
        let query = [("fieldManager", fieldManager.name)]
        let body = object.document.canonicalBytes
        return try decode(Object.self, try await call(.post, path, query: query, body: body))
    }

    /// Replaces an object; its resource version, where set, must be the present one.
    @discardableResult
    public func update<Object: KubernetesObject>(
        _ object: Object,
        fieldManager: FieldManager
    ) async throws(KubernetesError) -> Object {
        let query = [("fieldManager", fieldManager.name)]
        let body = object.document.canonicalBytes
        return try decode(Object.self, try await call(.put, Object.resource.path(object.key), query: query, body: body))
    }

    /// Deletes the object with this uid. True if it was there; false where it is gone, or another has its name.
    @discardableResult
    public func delete(
        _ resource: APIResource,
        _ key: ObjectKey,
        uid: String,
        propagation: String = "Background"
    ) async throws(KubernetesError) -> Bool {
        let options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": .string(uid)],
            "propagationPolicy": .string(propagation),
        ]
        do throws(KubernetesError) {
            _ = try await call(.delete, resource.path(key), body: options.canonicalBytes)
            return true
        } catch  where error.isNotFound || error.isConflict {
            return false
        }
    }

    /// Sends a JSON patch (RFC 6902) or a merge patch (RFC 7386) and returns the object.
    @discardableResult
    public func patch(
        _ resource: APIResource,
        _ key: ObjectKey,
        _ patch: JSONValue,
        fieldManager: FieldManager,
        subresource: String? = nil
    ) async throws(KubernetesError) -> JSONValue {
        let isList = patch.array != nil
        let bytes = try await call(
            .patch,
            resource.path(key, subresource: subresource),
            query: [("fieldManager", fieldManager.name)],
            body: patch.canonicalBytes,
            contentType: isList ? "application/json-patch+json" : "application/merge-patch+json"
        )
        return try decode(JSONValue.self, bytes)
    }

    /// Posts any document to a path, such as a `SelfSubjectAccessReview` or a `TokenRequest`, and returns the answer.
    public func post(_ path: String, _ document: JSONValue) async throws(KubernetesError) -> JSONValue {
        try decode(JSONValue.self, try await call(.post, path, body: document.canonicalBytes))
    }

    /// The answer to a GET of any path, such as `/version` or a pod's log.
    public func getRaw(
        _ path: String,
        query: [(String, String)] = []
    ) async throws(KubernetesError) -> [UInt8] {
        try await call(.get, path, query: query)
    }
}

extension Client {
    private func decode<Value: JSONReadable>(_ type: Value.Type, _ bytes: [UInt8]) throws(KubernetesError) -> Value {
        do throws(JSONError) {
            return try Value(parsing: bytes)
        } catch {
            throw KubernetesError(.decoding, "the API server's answer: \(error)", underlying: error)
        }
    }

    private func call(
        _ method: HTTPRequest.Method,
        _ path: String,
        query: [(String, String)] = [],
        body: [UInt8]? = nil,
        contentType: String = "application/json"
    ) async throws(KubernetesError) -> [UInt8] {
        var attempt = 1
        while true {
            do throws(KubernetesError) {
                return try await callOnce(method, path, query, body, contentType)
            } catch {
                guard let wait = error.retryAfter, attempt < Self.maximumAttempts else { throw error }
                attempt += 1
                logger.debug("the API server asks to wait", metadata: ["path": "\(path)", "wait": "\(wait)"])
                do { try await time.sleep(for: wait) } catch { throw KubernetesError(.cancelled, "cancelled") }
            }
        }
    }

    private func callOnce(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ query: [(String, String)],
        _ body: [UInt8]?,
        _ contentType: String
    ) async throws(KubernetesError) -> [UInt8] {
        do {
            return try await exchange(
                method,
                path,
                query: query,
                body: body,
                contentType: contentType,
                timeouts: .call
            ) { response, chunks in
                guard (200..<300).contains(response.status.code) else {
                    throw await Self.failure(response, chunks, "\(method) \(path)")
                }
                return try await chunks.collect(upTo: Self.maximumAnswer)
            }
        } catch {
            throw KubernetesError(wrapping: error, "\(method) \(path)")
        }
    }

    /// One exchange with the credential; a 401 reads the credential again and sends once more.
    private func exchange<Value: Sendable>(
        _ method: HTTPRequest.Method,
        _ path: String,
        query: [(String, String)],
        body: [UInt8]? = nil,
        contentType: String? = nil,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var renewed = false
        while true {
            var url = configuration.server
            url.path = (url.path == "/" ? "" : url.path) + path
            url.query = query.isEmpty ? nil : HTTPURL.query(query)
            var request = url.request(method, [.accept: "application/json"])
            if body != nil, let contentType { request.headerFields[.contentType] = contentType }
            request.headerFields[.authorization] = try await configuration.credential.authorization()
            let mayRenew = !renewed
            let value: Value? = try await transport.withResponse(
                to: request,
                body: body.map { .bytes($0) },
                timeouts: timeouts
            ) { response, chunks in
                if response.status.code == 401, mayRenew { return nil }
                return try await consume(response, chunks)
            }
            if let value { return value }
            await configuration.credential.invalidate()
            renewed = true
        }
    }

    private static func failure(
        _ response: HTTPResponse,
        _ chunks: HTTPBodyChunks,
        _ what: String
    ) async -> KubernetesError {
        let code = Int64(response.status.code)
        let body = (try? await chunks.collect(upTo: 1 << 20)) ?? []
        var status = (try? KubernetesStatus(parsing: body)) ?? KubernetesStatus()
        if status.status != "Failure" {
            status = KubernetesStatus(code: code, reason: "", message: "HTTP \(code)")
        }
        if status.code == 0 { status.code = code }
        var wait: Duration?
        if code == 429 || code >= 500 { wait = HTTPRetry.retryAfter(response) }
        return KubernetesError(.api, "\(what): \(status.message)", status: status, retryAfter: wait)
    }
}

extension KubernetesError {
    /// `error` as an error of this module, whatever it was.
    public init(wrapping error: any Error, _ what: String) {
        switch error {
        case let error as KubernetesError: self = error
        case is CancellationError: self.init(.cancelled, "\(what): cancelled")
        case let error as HTTPTransportError:
            let isTimeout = error.code == .timeout || error.code == .idle
            self.init(isTimeout ? .timeout : .transport, "\(what): \(error.message)", underlying: error)
        default: self.init(.transport, "\(what): \(error)", underlying: error)
        }
    }
}
