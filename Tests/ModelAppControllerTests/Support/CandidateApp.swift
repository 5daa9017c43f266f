import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import Synchronization

/// The tutorial's application in every pod: answers `/version` and `/score`.
final class CandidateApp: LocalService {
    private let label = Mutex("n02690373 airliner")
    private let asked = Mutex<[String]>([])
    private let speaker = Mutex<(@Sendable (String) -> String?)?>(nil)
    private let isBroken = Mutex(false)
    private let hook = Mutex<(@Sendable () async -> Void)?>(nil)

    /// What it was asked, as `GET /version`.
    var requests: [String] { asked.withLock { $0 } }

    /// Lets it call pictures something.
    func say(_ text: String) { label.withLock { $0 = text } }

    /// Lets each pod call pictures something of its own, by its address; where that is nil, as the others do.
    func speaks(_ speaker: @escaping @Sendable (String) -> String?) { self.speaker.withLock { $0 = speaker } }

    /// Lets it answer every request with an error, or not.
    func refuses(_ isBroken: Bool = true) { self.isBroken.withLock { $0 = isBroken } }

    /// Does something before each answer.
    func beforeEach(_ body: (@Sendable () async -> Void)?) { hook.withLock { $0 = body } }

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        asked.withLock { $0.append("\(request.method) \(request.path ?? "")") }
        await hook.withLock { $0 }?()
        if isBroken.withLock({ $0 }) { return LocalResponse(.internalServerError) }
        switch request.path {
        case "/version": return LocalResponse(.ok, text: "1", type: "text/plain")
        case "/score":
            guard request.method == .post, (try? await body.collect(upTo: 1024))?.isEmpty == false else {
                return LocalResponse(.badRequest)
            }
            let address = String((request.authority ?? "").prefix { $0 != ":" })
            let text = speaker.withLock { $0 }?(address) ?? label.withLock { $0 }
            let answer: JSONValue = ["result": [[[[.string(text), .decimal("0.93")]]]]]
            return LocalResponse(.ok, text: answer.canonicalText, type: "application/json")
        default: return LocalResponse(.notFound)
        }
    }
}
