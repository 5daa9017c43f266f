import Artifacts
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import Logging
import Metrics
import ModelAppAPI
import ReleasePlanning
import Synchronization
public import Triggers

/// Receives webhooks and makes scans due.
///
/// A request selects one Secret by its path and has to prove that it knows the token in it. It then makes due the scans
/// of those ModelApps that name the Secret and use what the payload is about. That is all that it can do: what there is
/// to release is found by the scan, with the ModelApp's own credentials, from where the spec says. A forged request
/// costs a scan, never a release.
public struct WebhookReceiver: Sendable {
    /// How many requests for one Secret are looked at: so many at once, and so many a second in the long run.
    static let burst = 120.0
    static let perSecond = 2.0

    private struct Memory {
        var buckets: [ObjectKey: TokenBucket] = [:]
        var window = ReplayWindow()
    }

    private final class State: Sendable {
        let memory = Mutex(Memory())
    }

    private let apps: Store<ModelApp>
    private let hooks: HookSecrets
    private let due: DueScans
    private let queue: WorkQueue<ObjectKey>
    private let client: Client
    private let time: TimeSource
    private let isLeading: @Sendable () -> Bool
    private let metrics: WebhookMetrics
    private let logger: Logger
    private let state = State()

    /// A receiver of its parts. `apps` has the index of `HookSecrets`.
    init(
        apps: Store<ModelApp>,
        secrets: SecretReader,
        due: DueScans,
        queue: WorkQueue<ObjectKey>,
        client: Client,
        time: TimeSource,
        isLeading: @escaping @Sendable () -> Bool,
        metrics: any MetricsFactory,
        logger: Logger
    ) {
        self.apps = apps
        hooks = HookSecrets(secrets: secrets, apps: apps, time: time, logger: logger)
        self.due = due
        self.queue = queue
        self.client = client
        self.time = time
        self.isLeading = isLeading
        self.metrics = WebhookMetrics(metrics)
        self.logger = logger
    }

    /// Acts on a request, and answers it.
    public func receive(_ request: WebhookRequest) async -> WebhookAnswer {
        do throws(WebhookRefusal) {
            let (kind, result, answer) = try await handle(request)
            metrics.count(kind, result)
            return answer
        } catch {
            metrics.count(error.kind, error.result)
            let headers = [429, 503].contains(error.status) ? ["Retry-After": "10"] : [:]
            let body: JSONValue = ["error": .string(error.message)]
            return WebhookAnswer(error.status, body.canonicalText, headers: headers)
        }
    }

    private typealias Outcome = (WebhookKind, WebhookResult, WebhookAnswer)

    private func handle(_ request: WebhookRequest) async throws(WebhookRefusal) -> Outcome {
        guard let path = HookPath(request.path) else { throw Self.unknownPath }
        guard apps.isSynced else {
            throw WebhookRefusal(.unavailable, 503, "the ModelApps have not been read yet")
        }
        guard let hook = await hooks.hook(at: path) else { throw Self.unknownPath }
        guard admits(hook.secret) else {
            throw WebhookRefusal(.rateLimited, 429, "too many requests for this path")
        }
        if let handshake = Handshake(request) { return (handshake.kind, .handshake, handshake.answer) }
        guard request.method == "POST" else { throw WebhookRefusal(.malformed, 405, "only POST and OPTIONS") }
        let proof: HookToken.Proof
        do throws(WebhookRefusal) {
            proof = try hook.token.proof(in: request, now: time.date())
        } catch {
            await hooks.doubt(hook.secret)
            throw error
        }
        let delivery = try WebhookDelivery(request, isSigned: proof != .authorization)
        let mark = mark(request, delivery, hook.secret, proof)
        let now = time.now
        if let mark, state.memory.withLock({ $0.window.contains(mark, now: now) }) {
            return (delivery.kind, .repeated, Self.answer(triggered: 0))
        }
        let count = try await trigger(delivery, hook.secret)
        // Only now: what could not be acted on may be sent again.
        if let mark { state.memory.withLock { $0.window.insert(mark, now: now) } }
        return (delivery.kind, count == 0 ? .ignored : .triggered, Self.answer(triggered: count))
    }

    private static let unknownPath = WebhookRefusal(
        .notFound,
        404,
        "no Secret of a ModelApp belongs to this path; modelapp hook prints it"
    )

    private static func answer(triggered count: Int) -> WebhookAnswer {
        let body: JSONValue = ["triggered": .integer(Int64(count))]
        return WebhookAnswer(200, body.canonicalText)
    }

    private func admits(_ secret: ObjectKey) -> Bool {
        let now = time.now
        return state.memory.withLock { memory in
            if memory.buckets.count > 10_000 { memory.buckets = [:] }
            return memory.buckets[
                secret,
                default: TokenBucket(perSecond: Self.perSecond, burst: Self.burst, now: now)
            ].take(now)
        }
    }

    /// What a delivery is remembered by; nil for one that says the same each time and means something new.
    private func mark(
        _ request: WebhookRequest,
        _ delivery: WebhookDelivery,
        _ secret: ObjectKey,
        _ proof: HookToken.Proof
    ) -> [UInt8]? {
        var parts = [Array("\(secret)".utf8), request.body]
        if proof == .timedSignature {
            parts.append(Array((request.headers["x-timestamp"] ?? "").utf8))
        } else if delivery.kind == .generic {
            return nil
        }
        return ReplayWindow.digest(of: parts)
    }

    /// Makes scans due and returns for how many ModelApps.
    private func trigger(_ delivery: WebhookDelivery, _ secret: ObjectKey) async throws(WebhookRefusal) -> Int {
        guard !delivery.notices.isEmpty else { return 0 }
        let concerned = apps.objects(HookSecrets.index, secret.description).compactMap { app in
            let halves = WatchedSources(app.spec).concerned(by: delivery.notices)
            return halves.isEmpty ? nil : (key: app.key, halves: halves)
        }
        guard !concerned.isEmpty else { return 0 }
        logger.info(
            "webhook",
            metadata: [
                "object": "Secret \(secret)", "kind": "\(delivery.kind.rawValue)", "modelapps": "\(concerned.count)",
            ]
        )
        if isLeading() {
            let now = time.now
            for (key, halves) in concerned {
                due.note(key, halves, at: now)
                queue.add(key)
            }
        } else {
            try await passOn(concerned.map(\.key), delivery.kind)
        }
        return concerned.count
    }

    /// Asks the replica that leads, by the annotation by which people ask.
    private func passOn(_ keys: [ObjectKey], _ kind: WebhookKind) async throws(WebhookRefusal) {
        let stamp = JSONValue.string("webhook " + time.date().rfc3339Micro)
        let patch: JSONValue = ["metadata": ["annotations": [Keys.reconcileRequestedAt: stamp]]]
        for key in keys {
            do throws(KubernetesError) {
                try await client.patch(ModelApp.resource, key, patch, fieldManager: ModelAppReconciler.triggerManager)
            } catch  where error.isNotFound {
                continue
            } catch {
                logger.warning(
                    "webhook not passed on",
                    metadata: ["object": "ModelApp \(key)", "error": "\(error.message)"]
                )
                throw WebhookRefusal(.unavailable, 503, "the replica that leads cannot be told", kind: kind)
            }
        }
    }
}
