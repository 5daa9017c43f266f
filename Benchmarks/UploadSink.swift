import Artifacts
import ContainerRegistry
import DevCluster
import HTTPTransport
import HTTPTypes
import Logging
import Synchronization

/// A registry that keeps what is small and counts what is large: what a packaging needs of one, without its disk.
final class UploadSink: LocalService, Sendable {
    private struct State {
        var blobs: [String: [UInt8]] = [:]
        var manifests: [String: (bytes: [UInt8], type: String)] = [:]
        var large: Set<String> = []
        var uploads: [String: Int64] = [:]
        var received: Int64 = 0
        var requests = 0
    }

    private let state = Mutex(State())

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        let target = request.path ?? ""
        let path = String(target.prefix { $0 != "?" })
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        if path == "/counts" {
            return state.withLock { state in
                defer { (state.requests, state.received) = (0, 0) }
                return LocalResponse(.ok, text: "\(state.requests) \(state.received)", type: "text/plain")
            }
        }
        state.withLock { $0.requests += 1 }
        switch (request.method, path.contains("/manifests/")) {
        case (.put, true):
            guard let bytes = try? await body.collect(upTo: 4 << 20), let digest = ContentDigest.of(bytes) else {
                return LocalResponse(.badRequest)
            }
            let type = request.headerFields[.contentType] ?? ""
            state.withLock { state in
                state.manifests[name] = (bytes, type)
                state.manifests[digest.description] = (bytes, type)
            }
            return LocalResponse(.created)
        case (_, true):
            guard let found = state.withLock({ $0.manifests[name] }) else { return LocalResponse(.notFound) }
            return LocalResponse(.ok, [.contentType: found.type], found.bytes)
        case (.post, _): return begin(target)
        case (.patch, _): return await append(name, body)
        case (.put, _): return await finish(name, target, body)
        default:
            guard let bytes = state.withLock({ $0.blobs[name] }) else { return LocalResponse(.notFound) }
            return LocalResponse(.ok, [:], bytes)
        }
    }

    private func begin(_ target: String) -> LocalResponse {
        let id = state.withLock { state in
            let id = "u\(state.uploads.count)"
            state.uploads[id] = 0
            return id
        }
        if target.contains("mount=") { return LocalResponse(.created) }
        return LocalResponse(.accepted, [.location: "/v2/baked/blobs/uploads/\(id)"])
    }

    private func append(_ id: String, _ body: HTTPBodyChunks) async -> LocalResponse {
        var count: Int64 = 0
        do {
            for try await chunk in body { count += Int64(chunk.count) }
        } catch { return LocalResponse(.badRequest) }
        let size = state.withLock { [count] state in
            state.received += count
            state.uploads[id, default: 0] += count
            return state.uploads[id, default: 0]
        }
        return LocalResponse(.accepted, [.location: "/v2/baked/blobs/uploads/\(id)", .range: "0-\(size - 1)"])
    }

    private func finish(_ id: String, _ target: String, _ body: HTTPBodyChunks) async -> LocalResponse {
        guard let bytes = try? await body.collect(upTo: 16 << 20),
            let digest = target.split(separator: "=").last.flatMap({ HTTPURL.decode($0) })
        else { return LocalResponse(.badRequest) }
        state.withLock { state in
            state.received += Int64(bytes.count)
            if state.uploads[id, default: 0] > 0 { state.large.insert(digest) } else { state.blobs[digest] = bytes }
        }
        return LocalResponse(.created)
    }

    /// Serves on loopback until the process is killed; prints the address on one line.
    static func serve() async throws {
        var logger = Logger(label: "benchmarks") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        let server = LoopbackServer(UploadSink(), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            print(try await server.url().authority)
            fflushOutput()
            try await group.waitForAll()
        }
    }
}
