import Artifacts
public import HTTPTransport
public import HTTPTypes
public import JSON
public import KubernetesAPI
import Synchronization

/// An embedded Kubernetes API server: the state is a value (`APIServerState`), this class lends it to connections.
///
/// It holds what an operator and kubectl need: the kinds of `BuiltInResources` and any CustomResourceDefinition; lists,
/// watches, patches, server-side apply with managed fields, finalizers, status subresources, dry runs, tables. Not
/// there: admission webhooks, RBAC evaluation, CEL rules, conversion webhooks, YAML bodies. Protobuf is
/// read where kubectl writes it (`ProtobufTypes`) and never answered.
public final class DevAPIServer: LocalService {
    /// How a server is set up.
    public struct Configuration: Sendable {
        /// Which Kubernetes it behaves like.
        public var profile: APIServerProfile
        /// Bearer tokens and who they stand for. Where there is none, everybody is let in.
        public var tokens: [String: APIServerUser]
        /// How many changes of each resource are remembered at least; watches from before get 410.
        public var historyLimit: Int
        /// What uids, addresses and generated names are made from.
        public var seed: UInt64

        /// A configuration of its parts.
        public init(
            profile: APIServerProfile = .current,
            tokens: [String: APIServerUser] = [:],
            historyLimit: Int = 10_000,
            seed: UInt64 = 1
        ) {
            self.profile = profile
            self.tokens = tokens
            self.historyLimit = historyLimit
            self.seed = seed
        }
    }

    let time: TimeSource
    let changes = ChangeSignal()
    private let configuration: Configuration
    private let state: Mutex<APIServerState>

    /// A server with the namespaces that every cluster has.
    public init(_ configuration: Configuration = Configuration(), time: TimeSource) {
        self.configuration = configuration
        self.time = time
        state = Mutex(
            APIServerState(
                profile: configuration.profile,
                historyLimit: configuration.historyLimit,
                seed: configuration.seed,
                now: time.date()
            )
        )
    }

    /// Answers a request; the body of a watch streams until its timeout.
    public func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        guard let target = RequestTarget(request) else {
            return local(APIResponse(.badRequest("malformed path or query")))
        }
        var parsed = APIRequest(method: request.method, path: [])
        for segment in target.rawPath.split(separator: "/") {
            guard let decoded = HTTPURL.decode(segment) else {
                return local(APIResponse(.badRequest("malformed path")))
            }
            parsed.path.append(decoded)
        }
        parsed.query = target.query
        parsed.accept = request.headerFields[.accept] ?? ""
        parsed.contentType = request.headerFields[.contentType] ?? ""
        parsed.userAgent = request.headerFields[.userAgent] ?? ""
        do {
            parsed.body = try await body.collect(upTo: APIServerState.maximumBody)
        } catch let error as HTTPTransportError where error.code == .bodyTooLarge {
            return local(APIResponse(.tooLarge(APIServerState.maximumBody)))
        } catch {
            return local(APIResponse(.badRequest("the body of the request ended early")))
        }
        let user = user(request, peer)
        let now = time.date()
        let sent = parsed
        let (answer, changed) = state.withLock { state in
            let (before, epoch) = (state.store.revision, state.watchEpoch)
            let answer = state.respond(to: sent, by: user, now: now)
            return (answer, state.store.revision != before || state.watchEpoch != epoch)
        }
        if changed { changes.raise() }
        switch answer {
        case .response(let response): return local(response)
        case .watch(let cursor):
            let response = HTTPResponse(status: .ok, headerFields: [.contentType: "application/json"])
            return LocalResponse(
                response,
                streaming: HTTPBodyChunks {
                    var stream = WatchStream(self, cursor)
                    return { try await stream.next() }
                }
            )
        }
    }

    private func user(_ request: HTTPRequest, _ peer: LocalPeer) -> APIServerUser? {
        if let field = request.headerFields[.authorization], field.lowercased().hasPrefix("bearer ") {
            let token = field.dropFirst(7).trimmingSpaces
            return configuration.tokens[token] ?? (configuration.tokens.isEmpty ? .anonymous : nil)
        }
        if let name = peer.commonName { return APIServerUser(name: name, groups: peer.organizations) }
        return configuration.tokens.isEmpty ? .anonymous : nil
    }

    private func local(_ response: APIResponse) -> LocalResponse {
        var headers: HTTPFields = [.contentType: response.contentType, .cacheControl: "no-cache, private"]
        if let seconds = response.retryAfter { headers[.retryAfter] = String(seconds) }
        for warning in response.warnings {
            let text = warning.filter { $0 != "\"" && $0 != "\\" && $0.isASCII }
            headers.append(HTTPField(name: .known("Warning"), value: "299 - \"\(text)\""))
        }
        return LocalResponse(HTTPResponse.Status(code: response.status), headers, response.body)
    }

    // MARK: Watches

    func pull(_ cursor: inout WatchCursor) -> WatchOutput {
        let now = time.date()
        return state.withLock { $0.pull(&cursor, now: now) }
    }

    func bookmark(_ cursor: inout WatchCursor) -> [UInt8]? { state.withLock { $0.bookmarkLine(&cursor) } }

    func waitForChange(after seen: UInt64, orUntil deadline: ContinuousClock.Instant) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.changes.wait(after: seen) }
            group.addTask { try await self.time.sleep(until: deadline) }
            try await group.next()
            group.cancelAll()
        }
    }

    // MARK: For tests and demonstrations

    /// What was asked for so far.
    public var requests: RequestCounts { state.withLock { $0.counts } }

    /// Forgets what was asked for.
    public func resetRequests() { state.withLock { $0.counts = RequestCounts() } }

    /// The version of the last write.
    public var resourceVersion: String { state.withLock { String($0.store.revision) } }

    /// The object called `key`; nil where there is none.
    public func object(_ resource: APIResource, _ key: ObjectKey) -> JSONValue? {
        state.withLock { state in
            state.definition(resource.group, resource.version, resource.plural).flatMap { definition in
                state.store.object(definition.storage, key).map { state.served($0, definition) }
            }
        }
    }

    /// All objects of a kind, in the order of their keys.
    public func objects(_ resource: APIResource) -> [JSONValue] {
        state.withLock { state in
            guard let definition = state.definition(resource.group, resource.version, resource.plural) else {
                return []
            }
            return state.store.objects(definition.storage).sorted { $0.key < $1.key }.map {
                state.served($0.value, definition)
            }
        }
    }

    /// Forgets how things were (etcd compaction): exact lists and continue tokens from before get 410. Watches go on,
    /// because they are served from the watch cache.
    public func compact() { state.withLock { $0.store.compact() } }

    /// Ends every watch and forgets the watch cache, as a restart of the server after a compaction does: a watch from a
    /// version before now gets 410.
    public func restart() {
        state.withLock { state in
            state.store.compact()
            state.store.forgetWatchCache()
            state.watchEpoch += 1
        }
        changes.raise()
    }

    /// Ends every watch without an error; a watch from the last version goes on.
    public func endWatches() {
        state.withLock { $0.watchEpoch += 1 }
        changes.raise()
    }

    /// Changes the state in one step, and wakes the watches where something was written.
    func mutate<Value: Sendable>(_ change: @Sendable (inout APIServerState, Timestamp) -> Value) -> Value {
        let now = time.date()
        let (value, changed) = state.withLock { state in
            let before = state.store.revision
            return (change(&state, now), state.store.revision != before)
        }
        if changed { changes.raise() }
        return value
    }

    func read<Value: Sendable>(_ look: @Sendable (APIServerState) -> Value) -> Value { state.withLock { look($0) } }
}
