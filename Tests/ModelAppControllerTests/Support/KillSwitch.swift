import DevCluster
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization

/// The way to the API server of an operator that is to die at one of its writes.
///
/// From that write on nothing passes: an operator that is stopped right after cannot have done anything else, which is
/// what SIGKILL would leave behind.
final class KillSwitch: HTTPTransport {
    /// When the operator dies.
    enum Moment: Sendable, CaseIterable {
        /// The write never arrives.
        case before
        /// The write is carried out, its answer is lost.
        case after
        /// The write is carried out, its answer is lost, and the operator lives on.
        case answerLost
    }

    private let base: any HTTPTransport
    private let write: Int
    private let moment: Moment
    private let state = Mutex((writes: 0, isStruck: false))

    init(_ base: any HTTPTransport, write: Int, moment: Moment) {
        self.base = base
        self.write = write
        self.moment = moment
    }

    /// Whether the operator came as far as that write.
    var isStruck: Bool { state.withLock { $0.isStruck } }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let (isBlocked, isLast) = state.withLock { state in
            if state.isStruck { return (moment != .answerLost, false) }
            guard request.method != .get else { return (false, false) }
            state.writes += 1
            state.isStruck = state.writes == write
            return (false, state.isStruck)
        }
        guard !isBlocked, !(isLast && moment == .before) else { throw HTTPTransportError(.closed, "killed") }
        guard isLast else {
            return try await base.withResponse(to: request, body: body, timeouts: timeouts, consume)
        }
        try await base.withResponse(to: request, body: body, timeouts: timeouts) { _, chunks in
            _ = try await chunks.collect(upTo: 1 << 28)
        }
        throw HTTPTransportError(.closed, "killed")
    }
}
